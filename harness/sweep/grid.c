/* SPDX-License-Identifier: MIT */
#include "sweep/grid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const axis_names[GRID_AXES] = {"threads", "batch", "hidden"};

const char *grid_axis_name(enum grid_axis axis)
{
    return axis_names[axis];
}

int grid_axis_named(const char *name)
{
    for (int i = 0; i < GRID_AXES; i++)
        if (strcmp(name, axis_names[i]) == 0) return i;
    return -1;
}

/* One number at *text, which moves past it. */
static bool parse_number(const char **text, int lo, int hi, int *value)
{
    const size_t digits = strspn(*text, "0123456789");
    char *end;
    if (digits == 0) return false;
    errno = 0;
    const long long number = strtoll(*text, &end, 10);
    if (errno != 0 || number < lo || number > hi) return false;
    *value = (int)number;
    *text = end;
    return true;
}

static bool holds(const struct int_list *list, int value)
{
    for (int i = 0; i < list->count; i++)
        if (list->values[i] == value) return true;
    return false;
}

enum int_list_status int_list_parse(struct int_list *list, const char *text, int lo, int hi)
{
    struct int_list read = {.count = 0};
    for (;;) {
        int value;
        if (!parse_number(&text, lo, hi, &value)) return INT_LIST_MALFORMED;
        if (holds(&read, value)) return INT_LIST_REPEATED;
        if (read.count == GRID_MAX_VALUES) return INT_LIST_LONG;
        read.values[read.count++] = value;
        if (!*text) break;
        if (*text++ != ',') return INT_LIST_MALFORMED;
    }
    *list = read;
    return INT_LIST_OK;
}

int grid_points(const struct grid *g)
{
    int points = 1; /* GRID_MAX_VALUES to the power of the axes does not overflow */
    for (int i = 0; i < GRID_AXES; i++)
        if (g->axis[i].count > 0) points *= g->axis[i].count;
    return points <= GRID_MAX_POINTS ? points : 0;
}

bool grid_is_sweep(const struct grid *g)
{
    for (int i = 0; i < GRID_AXES; i++)
        if (g->axis[i].count > 1) return true;
    return false;
}

struct grid_point grid_point_at(const struct grid *g, int i)
{
    int value[GRID_AXES];
    for (int axis = 0; axis < GRID_AXES; axis++) {
        const struct int_list *list = &g->axis[axis];
        value[axis] = list->values[i % list->count];
        i /= list->count;
    }
    return (struct grid_point){value[GRID_THREADS], value[GRID_BATCH], value[GRID_HIDDEN]};
}

char *grid_point_name(const struct grid_point *p, char text[GRID_NAME_SIZE])
{
    snprintf(text, GRID_NAME_SIZE, "t%d-b%d-h%d", p->threads, p->batch, p->hidden);
    return text;
}
