/* SPDX-License-Identifier: MIT
 *
 * Reads a CSV file by RFC 4180 whole, such as another run's. */
#ifndef LB_CSV_TABLE_H
#define LB_CSV_TABLE_H

#include <stdbool.h>

#include "base/error.h"

struct csv_table {
    char *text;        /* the file's content; the fields point into it */
    char **cells;      /* row by row, the header first */
    int columns, rows; /* rows without the header */
};

/* EXIT_DATA when the file cannot be read, is empty, larger than base/input.h allows, or has a row of another
 * width than its header; EXIT_INTERNAL when out of memory. Free with csv_table_free, also after an error. */
int csv_table_read(struct csv_table *t, const char *path, struct error *e);

/* The same for a file that may have been cut anywhere: what follows the last line end is left out, and a file
 * without a line has no columns. */
int csv_table_read_cut(struct csv_table *t, const char *path, struct error *e);
void csv_table_free(struct csv_table *t);

/* Index of the column, or -1. */
int csv_table_column(const struct csv_table *t, const char *name);

/* Of row 0 .. rows - 1. The second one is as it stands in the file. */
const char *csv_table_cell(const struct csv_table *t, int row, int column);
const char *csv_table_cell_as_written(const struct csv_table *t, int row, int column);

/* A spreadsheet computes a cell that begins with one of = + - @, a tab or a CR. A cell of text that begins
 * so, or so after apostrophes, is therefore written with one more apostrophe before it, which readers take
 * off: whether that is the case with this text. */
bool csv_is_formula(const char *text);

#endif
