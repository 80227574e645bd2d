/* SPDX-License-Identifier: MIT
 *
 * One CSV file by RFC 4180: one header row, fixed columns, CRLF line ends, '.' as decimal point in any
 * locale, an empty field for what was not measured.
 *
 * While it grows, the file is called NAME.partial and holds whole rows only, whenever the program is killed:
 * a row is appended by one write(), and where that could be cut (by the kernel between two pages, or by a
 * full disk) by a renamed copy or by truncation. csv_finish() gives it its final name, and so does an
 * interrupt that cannot wait; a file with the final name holds all rows that were given to it. */
#ifndef LB_CSV_H
#define LB_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "results/csv_table.h"
#include "base/ending.h"

struct csv {
    char path[4096], partial[4096];
    int fd;       /* of the .partial file; -1 when not open */
    char *text;   /* the whole content, then the row under construction */
    size_t whole; /* bytes of whole rows, all on disk */
    size_t used, capacity;
    int columns, column;
    int rows;           /* the header, and what has been put on disk since */
    bool out_of_memory; /* during this row; reported by csv_end_row */
    bool lost;          /* a row could not be written: the file is not whole, and keeps its .partial name */
    bool at_once;       /* ending_hold() is in force */
    struct ending ending;
    const char *names; /* as in the header row */
    struct csv *lines; /* the same rows as JSON, one object a line; NULL: not wanted */
};

/* Creates dir/name.partial with its header row, columns: names between commas. 0 or e (EXIT_INTERNAL). */
int csv_create(struct csv *c, const char *dir, const char *name, const char *columns, struct error *e);

/* The same for rows that are all there: no interrupt comes before the file is finished, discarded or closed.
 */
int csv_create_at_once(struct csv *c, const char *dir, const char *name, const char *columns,
                       struct error *e);

/* From now on, every row also goes to a file whose name ends in .jsonl instead of .csv, as one JSON object a
 * line: numbers as numbers, but "nan", "inf" and "-inf", which JSON cannot represent, as strings; an empty
 * field as null. It grows, and is finished or discarded, with the CSV file. Before the first row. 0 or e. */
int csv_also_lines(struct csv *c, struct error *e);

/* Opens dir/name.partial, or the file of the final name, which goes back to being the .partial one, with
 * the rows of `table` (which was read from it) that keep() wants, in one rename. A file that is not there, or
 * has no columns, is created. EXIT_USAGE when its columns are others. */
int csv_reopen(struct csv *c, const char *dir, const char *name, const char *columns,
               const struct csv_table *table, bool (*keep)(const void *context, int row), const void *context,
               struct error *e);

/* The next field of the row under construction. */
void csv_text(struct csv *c, const char *text); /* as UTF-8 (utf8_copy), and no formula (csv_is_formula) */
void csv_integer(struct csv *c, long long value);
void csv_unsigned(struct csv *c, unsigned long long value);
void csv_real(struct csv *c, double value); /* nine significant digits; nan, inf, -inf */
void csv_empty(struct csv *c);
/* Empty for a NaN that means: not known. */
void csv_real_or_empty(struct csv *c, double value);

/* Puts the row on disk, or on an error leaves the whole rows before it. */
int csv_end_row(struct csv *c, struct error *e);

/* Whether a row has been put on disk. */
bool csv_has_rows(const struct csv *c);

/* Syncs, gives the file its final name and closes. One that has lost a row keeps its .partial name, which is
 * an error (EXIT_INTERNAL). Does nothing when the file is not open. */
int csv_finish(struct csv *c, struct error *e);

/* Closes and leaves the .partial file as it is. Does nothing when the file is not open. */
void csv_close(struct csv *c);

/* Closes and removes the .partial file. Does nothing when the file is not open. */
void csv_discard(struct csv *c);

#endif
