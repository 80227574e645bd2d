/* SPDX-License-Identifier: MIT
 *
 * A text table with aligned columns. */
#ifndef LB_TABLE_H
#define LB_TABLE_H

#include <stdio.h>

enum { TABLE_MAX_COLUMNS = 16 };

struct table {
    int columns;
    const char *align; /* one letter per column: l or r */
    char **cells;      /* row by row, the header first; NULL for an empty cell */
    int used, capacity;
    int failed; /* out of memory: table_print says so */
};

/* align has one letter per column, "lrr"; it and the table's cells decide the layout. Free with table_free.
 */
void table_init(struct table *t, const char *align);
void table_free(struct table *t);

/* The next cell, left to right, row by row. */
void table_cell(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints header, a rule and the rows, each with a line end, blanks at the line's end cut. */
void table_print(const struct table *t, FILE *out);

#endif
