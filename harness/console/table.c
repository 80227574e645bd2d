/* SPDX-License-Identifier: MIT */
#include "console/table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "console/terminal.h"
#include "console/wrap.h"

enum { GAP = 2 };

void table_init(struct table *t, const char *align, const char *rank)
{
    memset(t, 0, sizeof *t);
    t->align = align;
    t->rank = rank;
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

/* ---- Layout ---- */

struct layout {
    int rows;
    int widths[TABLE_MAX_COLUMNS]; /* 0: not shown */
    bool dropped[TABLE_MAX_COLUMNS];
};

static const char *cell(const struct table *t, int row, int column)
{
    const int i = row * t->columns + column;
    return i < t->used && t->cells[i] ? t->cells[i] : "";
}

static bool is_empty(const struct table *t, int rows, int column)
{
    for (int row = 1; row < rows; row++)
        if (*cell(t, row, column)) return false;
    return rows > 1;
}

static int column_width(const struct table *t, int rows, int column)
{
    int width = 1;
    for (int row = 0; row < rows; row++) {
        const char *text = cell(t, row, column);
        const int n = wrap_columns(text, strlen(text));
        if (n > width) width = n;
    }
    return width;
}

static int line_width(const struct table *t, const struct layout *l)
{
    int total = 0;
    for (int column = 0; column < t->columns; column++)
        if (l->widths[column]) total += l->widths[column] + (total ? GAP : 0);
    return total;
}

/* -1: all that are left must stay. */
static int least_important(const struct table *t, const struct layout *l)
{
    int found = -1;
    for (int column = 0; column < t->columns; column++)
        if (l->widths[column] && t->rank[column] > '0' && (found < 0 || t->rank[column] >= t->rank[found]))
            found = column;
    return found;
}

/* -1: there is none that could be narrower. */
static int widest_text(const struct table *t, const struct layout *l)
{
    int found = -1;
    for (int column = 0; column < t->columns; column++)
        if (t->align[column] == 'l' && l->widths[column] > 1 &&
            (found < 0 || l->widths[column] > l->widths[found]))
            found = column;
    return found;
}

static struct layout lay_out(const struct table *t, int width)
{
    struct layout l = {.rows = (t->used + t->columns - 1) / t->columns};
    for (int column = 0; column < t->columns; column++)
        if (!is_empty(t, l.rows, column)) l.widths[column] = column_width(t, l.rows, column);
    for (int column; line_width(t, &l) > width && (column = least_important(t, &l)) >= 0;) {
        l.widths[column] = 0;
        l.dropped[column] = true;
    }
    for (int column; line_width(t, &l) > width && (column = widest_text(t, &l)) >= 0;) l.widths[column]--;
    return l;
}

/* ---- Printing ---- */

/* Spaces are printed only in front of a text, so that no line ends in them. */
static void print_line(const struct table *t, const struct layout *l, const char **texts, FILE *out)
{
    int spaces = 0;
    for (int column = 0; column < t->columns; column++) {
        const int width = l->widths[column];
        if (!width) continue;
        const size_t bytes = wrap_piece(texts[column], width);
        const int used = wrap_columns(texts[column], bytes);
        const int before = t->align[column] == 'r' ? width - used : 0;
        if (bytes) fprintf(out, "%*s%.*s", spaces + before, "", (int)bytes, texts[column]);
        spaces = bytes ? width - used - before + GAP : spaces + width + GAP;
        texts[column] += bytes;
        texts[column] += strspn(texts[column], " ");
    }
    fputc('\n', out);
}

static void print_row(const struct table *t, const struct layout *l, int row, FILE *out)
{
    const char *texts[TABLE_MAX_COLUMNS];
    for (int column = 0; column < t->columns; column++) texts[column] = cell(t, row, column);
    for (bool more = true; more;) {
        print_line(t, l, texts, out);
        more = false;
        for (int column = 0; column < t->columns; column++)
            more = more || (l->widths[column] && *texts[column]);
    }
}

static void print_dropped(const struct table *t, const struct layout *l, int width, FILE *out)
{
    char names[512] = "";
    struct layout whole = *l;
    size_t used = 0;
    for (int column = 0; column < t->columns; column++) {
        if (!l->dropped[column]) continue;
        whole.widths[column] = column_width(t, l->rows, column);
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                     cell(t, 0, column));
    }
    if (used)
        wrap_line(out, width, "(not in %d columns: %s; COLUMNS=%d shows all)", width, names,
                  line_width(t, &whole));
}

void table_print(const struct table *t, FILE *out)
{
    if (t->failed) {
        fputs("(the table does not fit into memory)\n", out);
        return;
    }
    const int width = terminal_page_width(out);
    const struct layout l = lay_out(t, width);
    for (int row = 0; row < l.rows; row++) {
        print_row(t, &l, row, out);
        if (row > 0) continue;
        for (int i = line_width(t, &l); i > 0; i--) fputc('-', out);
        fputc('\n', out);
    }
    print_dropped(t, &l, width, out);
}
