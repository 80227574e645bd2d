/* SPDX-License-Identifier: MIT */
#include "console/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *t, const char *align)
{
    memset(t, 0, sizeof *t);
    t->align = align;
    t->columns = (int)strlen(align);
}

void table_free(struct table *t)
{
    for (int i = 0; i < t->used; i++) free(t->cells[i]);
    free(t->cells);
    memset(t, 0, sizeof *t);
}

void table_cell(struct table *t, const char *format, ...)
{
    if (t->used == t->capacity) {
        const int capacity = t->capacity ? 2 * t->capacity : 64;
        char **cells = realloc(t->cells, (size_t)capacity * sizeof *cells);
        if (!cells) {
            t->failed = 1;
            return;
        }
        t->cells = cells;
        t->capacity = capacity;
    }
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0) text = NULL, t->failed = 1;
    va_end(ap);
    t->cells[t->used++] = text;
}

static const char *cell(const struct table *t, int row, int column)
{
    const int i = row * t->columns + column;
    return i < t->used && t->cells[i] ? t->cells[i] : "";
}

static int column_width(const struct table *t, int rows, int column)
{
    int width = 0;
    for (int row = 0; row < rows; row++) {
        const int n = (int)strlen(cell(t, row, column));
        if (n > width) width = n;
    }
    return width;
}

static void print_row(const struct table *t, int row, const int *widths, FILE *out)
{
    int last = t->columns - 1;
    while (last > 0 && !*cell(t, row, last)) last--;
    for (int column = 0; column <= last; column++) {
        const char *text = cell(t, row, column);
        const char *gap = column ? "  " : "";
        if (t->align[column] == 'r')
            fprintf(out, "%s%*s", gap, widths[column], text);
        else if (column == last)
            fprintf(out, "%s%s", gap, text);
        else
            fprintf(out, "%s%-*s", gap, widths[column], text);
    }
    fputc('\n', out);
}

void table_print(const struct table *t, FILE *out)
{
    if (t->failed) {
        fputs("(the table does not fit into memory)\n", out);
        return;
    }
    int widths[TABLE_MAX_COLUMNS], total = -2;
    const int rows = (t->used + t->columns - 1) / t->columns;
    for (int column = 0; column < t->columns; column++) {
        widths[column] = column_width(t, rows, column);
        total += widths[column] + 2;
    }
    for (int row = 0; row < rows; row++) {
        print_row(t, row, widths, out);
        if (row > 0) continue;
        for (int i = 0; i < total; i++) fputc('-', out);
        fputc('\n', out);
    }
}
