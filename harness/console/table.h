/* SPDX-License-Identifier: MIT
 *
 * A text table with aligned columns that fits the terminal. */
#ifndef LB_TABLE_H
#define LB_TABLE_H

#include <stdio.h>

enum { TABLE_MAX_COLUMNS = 20 };

struct table {
    int columns;
    const char *align; /* one letter per column: l or r */
    const char *rank;  /* one digit per column */
    char **cells;      /* row by row, the header first; NULL for an empty cell */
    int used, capacity;
    int failed; /* out of memory: table_print says so */
};

/* align has one letter per column, "lrr", and rank one digit, "012": where the line is too short, the column
 * of the highest rank is left out first, and of equals the last one; one of rank 0 stays. Both strings stay
 * the caller's. Free with table_free. */
void table_init(struct table *t, const char *align, const char *rank);
void table_free(struct table *t);

/* The next cell, left to right, row by row. */
void table_cell(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints header, a rule and the rows in lines of at most terminal_width(out) columns, in a file 80. Columns
 * without any cell are left out; then those of high rank, which a line below the table names; then texts of
 * left-aligned columns continue on the next line. No line ends in spaces. */
void table_print(const struct table *t, FILE *out);

#endif
