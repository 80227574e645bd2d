/* SPDX-License-Identifier: MIT */
#include "console/table_markdown.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/atomic_file.h"

static const char *cell(const struct table *t, int row, int column)
{
    const int i = row * t->columns + column;
    return i < t->used && t->cells[i] ? t->cells[i] : "";
}

static bool has_cells(const struct table *t, int rows, int column)
{
    for (int row = 1; row < rows; row++)
        if (*cell(t, row, column)) return true;
    return rows <= 1;
}

/* A bar would end the cell. */
static void print_cell(FILE *out, const char *text)
{
    fputs(" ", out);
    for (; *text; text++) fprintf(out, "%s%c", *text == '|' ? "\\" : "", *text);
    fputs(" |", out);
}

void table_markdown(const struct table *t, FILE *out)
{
    const int rows = (t->used + t->columns - 1) / t->columns;
    for (int row = 0; row < rows; row++) {
        fputc('|', out);
        for (int column = 0; column < t->columns; column++)
            if (has_cells(t, rows, column)) print_cell(out, cell(t, row, column));
        fputc('\n', out);
        if (row > 0) continue;
        fputc('|', out);
        for (int column = 0; column < t->columns; column++)
            if (has_cells(t, rows, column)) fputs(t->align[column] == 'r' ? "---:|" : "---|", out);
        fputc('\n', out);
    }
    fputc('\n', out);
}

void markdown_begin(struct markdown *m, const char *command, const char *run_id)
{
    *m = (struct markdown){.text = NULL};
    m->out = open_memstream(&m->text, &m->size);
    if (m->out) fprintf(m->out, "# bench %s, run %s\n\n", command, run_id);
}

void markdown_add(struct markdown *m, struct table *t)
{
    if (m->out && !t->failed) table_markdown(t, m->out);
    table_free(t);
}

int markdown_write(struct markdown *m, const char *path, struct error *e)
{
    if (!m->out || fclose(m->out) != 0)
        error_set(e, EXIT_INTERNAL, "%.300s: out of memory for the tables", path);
    else
        file_replace(path, m->text, m->size, e);
    free(m->text);
    *m = (struct markdown){.text = NULL};
    return (int)e->code;
}
