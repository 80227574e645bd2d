/* SPDX-License-Identifier: MIT
 *
 * Whether what is printed fits a terminal. */
#ifndef LB_WIDEST_LINE_H
#define LB_WIDEST_LINE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/wrap.h"

/* Columns of the widest line. */
static inline int widest_line(const char *text)
{
    int widest = 0;
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        const int columns = wrap_columns(line, length);
        if (columns > widest) widest = columns;
        line += length + (line[length] == '\n');
    }
    return widest;
}

/* Prints into terminals of 60 to 120 columns; fails the test at the first line that is wider. */
static inline void assert_fits(void (*print)(void *context, FILE *out), void *context)
{
    for (int width = 60; width <= 120; width++) {
        char columns[12], *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        snprintf(columns, sizeof columns, "%d", width);
        setenv("COLUMNS", columns, 1);
        print(context, out);
        unsetenv("COLUMNS");
        fclose(out);
        if (widest_line(text) > width) fail_msg("%d columns in %d:\n%s", widest_line(text), width, text);
        free(text);
    }
}

#endif
