/* SPDX-License-Identifier: MIT
 *
 * Tables as Markdown, and the file of --export-markdown, which is written at once. */
#ifndef LB_TABLE_MARKDOWN_H
#define LB_TABLE_MARKDOWN_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "console/table.h"

/* All columns but those without any cell, with an empty line after them. */
void table_markdown(const struct table *t, FILE *out);

struct markdown {
    FILE *out; /* NULL: memory is short */
    char *text;
    size_t size;
};

/* Begins a file with a heading. */
void markdown_begin(struct markdown *m, const char *command, const char *run_id);

/* Adds a table, if there is memory for it, and frees it. */
void markdown_add(struct markdown *m, struct table *t);

/* Gives the file of that path this content, see file_replace. 0 or e (EXIT_INTERNAL). */
int markdown_write(struct markdown *m, const char *path, struct error *e);

#endif
