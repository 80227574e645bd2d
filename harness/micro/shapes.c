/* SPDX-License-Identifier: MIT */
#include "micro/shapes.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/input.h"

static const char spaces[] = " \t\r\n";

static bool extent_from(const char *word, int *value)
{
    const size_t digits = strspn(word, "0123456789");
    if (digits == 0 || digits > 7 || word[digits]) return false;
    *value = atoi(word);
    return *value >= 1 && *value <= SHAPES_MAX_EXTENT;
}

static bool transpose_from(const char *word, enum transpose *value)
{
    if (!word[0] || word[1] || !strchr("NnTt", word[0])) return false;
    *value = strchr("Tt", word[0]) ? TRANS : NO_TRANS;
    return true;
}

/* The fields of one line, without its comment. 0 or e; an empty line has m 0. */
static int parse_line(char *line, const char *path, struct gemm_shape *shape, struct error *e)
{
    char *fields[6], *rest = NULL;
    int count = 0;
    line[strcspn(line, "#")] = 0;
    for (char *w = strtok_r(line, spaces, &rest); w && count < 6; w = strtok_r(NULL, spaces, &rest))
        fields[count++] = w;
    if (count == 0) return 0;
    if (count != 3 && count != 5)
        return error_set(e, EXIT_USAGE,
                         "%s:%d: has %d fields; write m n k, or m n k and N or T for A and for B", path,
                         shape->line, count);
    int *const extents[] = {&shape->m, &shape->n, &shape->k};
    for (int i = 0; i < 3; i++)
        if (!extent_from(fields[i], extents[i]))
            return error_set(e, EXIT_USAGE,
                             "%s:%d: '%.40s' is not an extent; allowed are integers from 1 to %d", path,
                             shape->line, fields[i], SHAPES_MAX_EXTENT);
    for (int i = 3; i < count; i++)
        if (!transpose_from(fields[i], i == 3 ? &shape->ta : &shape->tb))
            return error_set(e, EXIT_USAGE, "%s:%d: '%.40s' is not allowed; allowed are N and T", path,
                             shape->line, fields[i]);
    const double m = shape->m, n = shape->n, k = shape->k;
    if (m * k > INT_MAX || k * n > INT_MAX || m * n > INT_MAX)
        return error_set(e, EXIT_USAGE,
                         "%s:%d: a matrix of this shape has more than %d elements; make it smaller", path,
                         shape->line, INT_MAX);
    return 0;
}

static int add(struct gemm_shapes *s, const struct gemm_shape *shape, struct error *e)
{
    for (int i = 0; i < s->count; i++) {
        const struct gemm_shape *o = &s->list[i];
        if (o->m == shape->m && o->n == shape->n && o->k == shape->k && o->ta == shape->ta &&
            o->tb == shape->tb)
            return error_set(e, EXIT_USAGE, "%s:%d: is the shape of line %d again", s->path, shape->line,
                             o->line);
    }
    if (s->count == SHAPES_MAX)
        return error_set(e, EXIT_USAGE, "%s:%d: more than %d shapes; split the file", s->path, shape->line,
                         SHAPES_MAX);
    s->list[s->count++] = *shape;
    return 0;
}

static int read_lines(struct gemm_shapes *s, char *text, size_t size, struct error *e)
{
    char *line = text;
    for (int number = 1; !e->code && line < text + size; number++) {
        struct gemm_shape shape = {.line = number};
        char *const end = line + strcspn(line, "\n");
        if (!*end && end < text + size)
            return error_set(e, EXIT_USAGE, "%s:%d: is not text: it has a zero byte", s->path, number);
        *end = 0;
        if (parse_line(line, s->path, &shape, e) == 0 && shape.m) add(s, &shape, e);
        line = end + 1;
    }
    return (int)e->code;
}

int shapes_read(struct gemm_shapes *s, const char *path, struct error *e)
{
    struct input_problem wrong;
    size_t size = 0;
    memset(s, 0, sizeof *s);
    s->path = path;
    s->list = calloc(SHAPES_MAX, sizeof *s->list);
    if (!s->list) return error_set(e, EXIT_INTERNAL, "out of memory");
    char *text = input_read(path, INPUT_SHAPES, &size, &wrong);
    if (!text) return error_set(e, input_exit_code(&wrong, EXIT_USAGE), "--shapes %s: %s", path, wrong.why);
    read_lines(s, text, size, e);
    free(text);
    if (!e->code && s->count == 0)
        error_set(e, EXIT_USAGE, "--shapes %s: has no shape; write one per line: m n k [N|T N|T]", path);
    return (int)e->code;
}

void shapes_free(struct gemm_shapes *s)
{
    free(s->list);
    memset(s, 0, sizeof *s);
}
