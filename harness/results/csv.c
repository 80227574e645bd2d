/* SPDX-License-Identifier: MIT */
#include "results/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/json_text.h"
#include "base/atomic_file.h"

/* The kernel copies at least this much of one write() before it looks for a fatal signal again. */
enum { PAGE = 4096 };

static void append(struct csv *c, const char *bytes, size_t count)
{
    if (c->capacity - c->used < count) {
        const size_t wanted = (c->used + count) * 2 + 1024;
        char *grown = realloc(c->text, wanted);
        if (!grown) {
            c->out_of_memory = true;
            return;
        }
        c->text = grown;
        c->capacity = wanted;
    }
    memcpy(c->text + c->used, bytes, count);
    c->used += count;
}

static void append_text(struct csv *c, const char *text)
{
    append(c, text, strlen(text));
}

static void begin_field(struct csv *c)
{
    if (c->column++) append(c, ",", 1);
}

/* Where the name of column i begins, which ends at a comma or with the row; the row's end: it has no such
 * column. */
static const char *column_name(const char *columns, int i)
{
    for (; i > 0 && *columns; i--) {
        columns += strcspn(columns, ",");
        columns += *columns == ',';
    }
    return columns;
}

/* The same field in the file of JSON lines: its value as JSON. */
static void put_member(struct csv *c, const char *value)
{
    struct csv *lines = c->lines;
    if (!lines) return;
    append_text(lines, lines->column ? ", \"" : "{\"");
    const char *const name = column_name(c->names, lines->column);
    append(lines, name, strcspn(name, ","));
    append_text(lines, "\": ");
    append_text(lines, value);
    lines->column++;
}

static void put_text_member(struct csv *c, const char *text)
{
    if (!c->lines) return;
    json_t *string = json_string(text);
    char *value = string ? json_text(string, JSON_ENCODE_ANY) : NULL;
    put_member(c, value ? value : "null");
    c->lines->out_of_memory |= !value;
    free(value);
    json_decref(string);
}

static void put_cell(struct csv *c, const char *text)
{
    begin_field(c);
    if (!text[strcspn(text, ",\"\r\n")]) {
        append_text(c, text);
        return;
    }
    append(c, "\"", 1);
    for (; *text; text++) append(c, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    append(c, "\"", 1);
}

void csv_text(struct csv *c, const char *text)
{
    char *utf8 = utf8_copy(text), *cell = NULL;
    if (asprintf(&cell, "%s%s", csv_is_formula(utf8) ? "'" : "", utf8) < 0) cell = NULL;
    c->out_of_memory |= !cell;
    put_cell(c, cell ? cell : "");
    if (*text)
        put_text_member(c, utf8);
    else
        put_member(c, "null");
    free(utf8);
    free(cell);
}

void csv_integer(struct csv *c, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    put_cell(c, text);
    put_member(c, text);
}

void csv_unsigned(struct csv *c, unsigned long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", value);
    put_cell(c, text);
    put_member(c, text);
}

void csv_real(struct csv *c, double value)
{
    char text[48];
    if (isnan(value))
        snprintf(text, sizeof text, "nan"); /* without the sign that printf gives it */
    else
        file_format_real(text, sizeof text, value);
    put_cell(c, text);
    if (isfinite(value))
        put_member(c, text);
    else
        put_text_member(c, text);
}

void csv_empty(struct csv *c)
{
    begin_field(c);
    put_member(c, "null");
}

void csv_real_or_empty(struct csv *c, double value)
{
    if (isnan(value))
        csv_empty(c);
    else
        csv_real(c, value);
}

/* Cuts the file back to the whole rows after a write that did not succeed. */
static int give_up_row(struct csv *c, int reason, struct error *e)
{
    if (ftruncate(c->fd, (off_t)c->whole) != 0) reason = errno;
    return error_set(e, EXIT_INTERNAL, "%s: cannot be written: %s", c->partial, strerror(reason));
}

/* Replaces the .partial file by a copy with the new row, in one rename. */
static int replace_file(struct csv *c, struct error *e)
{
    if (file_replace(c->partial, c->text, c->used, e)) return (int)e->code;
    const int fd = open(c->partial, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) return error_set(e, EXIT_INTERNAL, "%s: cannot be opened: %s", c->partial, strerror(errno));
    if (c->fd >= 0) close(c->fd);
    c->fd = c->ending.fd = fd;
    return 0;
}

static int append_file(struct csv *c, struct error *e)
{
    const size_t count = c->used - c->whole;
    const ssize_t written = write(c->fd, c->text + c->whole, count);
    if (written == (ssize_t)count) return 0;
    if (written < 0) return give_up_row(c, errno, e);
    /* A short write gives its reason only when the rest is written. */
    const size_t rest = count - (size_t)written;
    const ssize_t more = write(c->fd, c->text + c->whole + written, rest);
    if (more == (ssize_t)rest) return 0;
    return give_up_row(c, more < 0 ? errno : ENOSPC, e);
}

/* The file stays as it was. */
static void lose_row(struct csv *c)
{
    c->used = c->whole;
    c->column = 0;
    c->lost = true;
    ending_remove(&c->ending);
}

/* Puts the row under construction on disk, closed by `end`. */
static int end_row(struct csv *c, const char *end, int columns, struct error *e)
{
    const int width = c->column;
    append_text(c, end);
    c->column = 0;
    int code = 0;
    if (c->out_of_memory)
        code = error_set(e, EXIT_INTERNAL, "%s: out of memory", c->partial);
    else if (width != columns)
        code =
            error_set(e, EXIT_INTERNAL, "%s: a row has %d fields instead of %d", c->partial, width, columns);
    else {
        const bool crosses_page = c->whole / PAGE != (c->used - 1) / PAGE;
        code = crosses_page ? replace_file(c, e) : append_file(c, e);
    }
    if (code)
        lose_row(c);
    else
        c->whole = c->used;
    c->rows += !code;
    c->out_of_memory = false;
    return code;
}

int csv_end_row(struct csv *c, struct error *e)
{
    struct csv *lines = c->lines;
    ending_hold();
    int code = end_row(c, "\r\n", c->columns, e);
    if (lines && !code) {
        code = end_row(lines, "}\n", c->columns, e);
    } else if (lines) {
        lose_row(lines);
        lines->out_of_memory = false;
    }
    ending_let();
    return code;
}

static int set_paths(struct csv *c, const char *path, struct error *e)
{
    memset(c, 0, sizeof *c);
    c->fd = -1;
    const int n = snprintf(c->path, sizeof c->path, "%s", path);
    const int m = snprintf(c->partial, sizeof c->partial, "%s.partial", path);
    if (n >= (int)sizeof c->path || m >= (int)sizeof c->partial)
        return error_set(e, EXIT_INTERNAL, "%.200s...: the path is too long", path);
    return 0;
}

static void list_ending(struct csv *c)
{
    c->ending = (struct ending){.what = ENDING_RENAME, .fd = c->fd, .from = c->partial, .to = c->path};
    ending_add(&c->ending);
}

/* Opens path.partial, which is new. */
static int create_file(struct csv *c, const char *path, struct error *e)
{
    if (set_paths(c, path, e)) return (int)e->code;
    c->fd = open(c->partial, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (c->fd < 0)
        return error_set(e, EXIT_INTERNAL, "%s: cannot be created: %s", c->partial, strerror(errno));
    return 0;
}

int csv_create(struct csv *c, const char *dir, const char *name, const char *columns, struct error *e)
{
    char path[sizeof c->path + 1];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (create_file(c, path, e)) return (int)e->code;
    c->names = columns;
    append_text(c, columns);
    while (*column_name(columns, c->columns)) c->columns++;
    c->column = c->columns;
    if (csv_end_row(c, e))
        csv_discard(c);
    else
        list_ending(c);
    return (int)e->code;
}

int csv_create_at_once(struct csv *c, const char *dir, const char *name, const char *columns, struct error *e)
{
    ending_hold();
    c->at_once = csv_create(c, dir, name, columns, e) == 0;
    if (!c->at_once) ending_let();
    return (int)e->code;
}

int csv_also_lines(struct csv *c, struct error *e)
{
    static const char csv_end[] = ".csv", lines_end[] = ".jsonl";
    char path[sizeof c->path + sizeof lines_end];
    size_t length = strlen(c->path);
    if (length >= strlen(csv_end) && strcmp(c->path + length - strlen(csv_end), csv_end) == 0)
        length -= strlen(csv_end);
    snprintf(path, sizeof path, "%.*s%s", (int)length, c->path, lines_end);
    struct csv *lines = malloc(sizeof *lines);
    if (!lines) return error_set(e, EXIT_INTERNAL, "%s: out of memory", path);
    if (create_file(lines, path, e)) {
        free(lines);
    } else {
        c->lines = lines;
        list_ending(lines);
    }
    return (int)e->code;
}

static void release(struct csv *c)
{
    ending_remove(&c->ending);
    if (c->at_once) ending_let();
    c->at_once = false;
    if (c->fd >= 0) close(c->fd);
    free(c->text);
    free(c->lines);
    c->fd = -1;
    c->text = NULL;
    c->lines = NULL;
}

static bool has_columns(const struct csv_table *table, const char *columns)
{
    for (int i = 0; i < table->columns; i++) {
        const char *const name = column_name(columns, i), *const cell = table->cells[i];
        if (strlen(cell) != strcspn(name, ",") || strncmp(cell, name, strlen(cell)) != 0) return false;
    }
    return !*column_name(columns, table->columns);
}

/* Row -1 is the header. */
static void copy_row(struct csv *c, const struct csv_table *table, int row)
{
    for (int i = 0; i < table->columns; i++) put_cell(c, csv_table_cell_as_written(table, row, i));
    append(c, "\r\n", 2);
    c->column = 0;
}

int csv_reopen(struct csv *c, const char *dir, const char *name, const char *columns,
               const struct csv_table *table, bool (*keep)(const void *context, int row), const void *context,
               struct error *e)
{
    char path[sizeof c->path + 1];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (set_paths(c, path, e)) return (int)e->code;
    if (access(c->partial, F_OK) != 0 && rename(c->path, c->partial) != 0 && errno != ENOENT)
        return error_set(e, EXIT_INTERNAL, "%s: cannot be renamed: %s", c->path, strerror(errno));
    if (table->columns == 0) {
        unlink(c->partial);
        return csv_create(c, dir, name, columns, e);
    }
    if (!has_columns(table, columns))
        return error_set(
            e, EXIT_USAGE,
            "%s: columns differ from this version's; only the build that started a run can resume it",
            c->partial);
    for (int row = -1; row < table->rows; row++)
        if (row < 0 || keep(context, row)) copy_row(c, table, row);
    c->names = columns;
    c->columns = table->columns;
    c->rows = 1;
    c->whole = c->used;
    if (c->out_of_memory)
        error_set(e, EXIT_INTERNAL, "%s: out of memory", c->partial);
    else
        replace_file(c, e);
    if (e->code)
        release(c);
    else
        list_ending(c);
    return (int)e->code;
}

int csv_finish(struct csv *c, struct error *e)
{
    if (c->fd < 0) return 0;
    int code = c->lines ? csv_finish(c->lines, e) : 0;
    ending_hold();
    if (c->lost)
        code = error_set(e, EXIT_INTERNAL, "%s: rows are missing; it keeps this name", c->partial);
    else if (file_sync(c->fd) != 0)
        code = error_set(e, EXIT_INTERNAL, "%s: cannot be synced: %s", c->partial, strerror(errno));
    else if (rename(c->partial, c->path) != 0)
        code = error_set(e, EXIT_INTERNAL, "%s: cannot be renamed to its final name: %s", c->partial,
                         strerror(errno));
    release(c);
    ending_let();
    return code;
}

void csv_close(struct csv *c)
{
    if (c->fd >= 0) release(c);
}

bool csv_has_rows(const struct csv *c)
{
    return c->rows > 1;
}

void csv_discard(struct csv *c)
{
    if (c->fd < 0) return;
    if (c->lines) csv_discard(c->lines);
    ending_hold();
    unlink(c->partial);
    release(c);
    ending_let();
}
