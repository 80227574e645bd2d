/* SPDX-License-Identifier: MIT */
#include "results/csv_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/clean_text.h"
#include "base/input.h"

/* The whole file, ended with a 0. NULL and e. */
static char *read_file(const char *path, size_t *size, struct error *e)
{
    struct input_problem wrong;
    char *text = input_read(path, INPUT_CSV, size, &wrong);
    if (!text) error_set(e, input_exit_code(&wrong, EXIT_DATA), "%.300s: %s", path, wrong.why);
    return text;
}

/* Ends the field that starts at *from in place, as clean text without its quotes, and moves *from past its
 * separator. Returns the separator: ',', '\n' or 0. */
static char end_field(char **from)
{
    char *const field = *from, *read = field, *write = field;
    const bool quoted = *read == '"';
    if (quoted) read++;
    for (; *read; read++) {
        if (quoted && *read == '"') {
            if (read[1] != '"') {
                read++;
                break;
            }
            read++;
        } else if (!quoted && (*read == ',' || *read == '\n' || *read == '\r')) {
            break;
        }
        *write++ = *read;
    }
    if (*read == '\r' && read[1] == '\n') read++;
    const char separator = *read;
    *from = separator ? read + 1 : read;
    *write = 0;
    clean_text(field);
    return separator == ',' || separator == '\n' ? separator : 0;
}

static bool add_cell(struct csv_table *t, int *used, int *capacity, char *cell)
{
    if (*used == *capacity) {
        const int wanted = *capacity ? 2 * *capacity : 256;
        char **grown = realloc(t->cells, (size_t)wanted * sizeof *grown);
        if (!grown) return false;
        t->cells = grown;
        *capacity = wanted;
    }
    t->cells[(*used)++] = cell;
    return true;
}

static int split(struct csv_table *t, size_t size, const char *path, struct error *e)
{
    int used = 0, capacity = 0, width = 0;
    char *at = t->text;
    const char *const end = t->text + size;
    while (at < end) {
        char *cell = at;
        const char separator = end_field(&at);
        if (!add_cell(t, &used, &capacity, cell)) return error_set(e, EXIT_INTERNAL, "out of memory");
        width++;
        if (separator == ',') continue;
        if (t->columns == 0) t->columns = width;
        if (width != t->columns || (separator == 0 && at < end))
            return error_set(e, EXIT_DATA, "%.300s: line %d: not as many fields as the header", path,
                             used / t->columns + 1);
        width = 0;
    }
    if (width != 0 || t->columns == 0)
        return error_set(e, EXIT_DATA, "%.300s: is empty, or does not end with a whole row", path);
    t->rows = used / t->columns - 1;
    return 0;
}

int csv_table_read(struct csv_table *t, const char *path, struct error *e)
{
    size_t size = 0;
    memset(t, 0, sizeof *t);
    t->text = read_file(path, &size, e);
    return t->text ? split(t, size, path, e) : (int)e->code;
}

int csv_table_read_cut(struct csv_table *t, const char *path, struct error *e)
{
    size_t size = 0;
    memset(t, 0, sizeof *t);
    t->text = read_file(path, &size, e);
    if (!t->text) return (int)e->code;
    while (size > 0 && t->text[size - 1] != '\n') size--;
    t->text[size] = 0;
    return size > 0 ? split(t, size, path, e) : 0;
}

void csv_table_free(struct csv_table *t)
{
    free(t->text);
    free(t->cells);
    memset(t, 0, sizeof *t);
}

int csv_table_column(const struct csv_table *t, const char *name)
{
    for (int i = 0; i < t->columns; i++)
        if (strcmp(t->cells[i], name) == 0) return i;
    return -1;
}

const char *csv_table_cell_as_written(const struct csv_table *t, int row, int column)
{
    return t->cells[(size_t)(row + 1) * (size_t)t->columns + (size_t)column];
}

const char *csv_table_cell(const struct csv_table *t, int row, int column)
{
    const char *cell = csv_table_cell_as_written(t, row, column);
    return *cell == '\'' && csv_is_formula(cell) ? cell + 1 : cell;
}

bool csv_is_formula(const char *text)
{
    const char first = text[strspn(text, "'")];
    return first && strchr("=+-@\t\r", first);
}
