/* SPDX-License-Identifier: MIT
 *
 * The grid of a sweep: lists of threads, batch and hidden sizes, and the points that they span. */
#ifndef LB_GRID_H
#define LB_GRID_H

#include <stdbool.h>
#include <stddef.h>

enum grid_axis { GRID_THREADS, GRID_BATCH, GRID_HIDDEN, GRID_AXES };
enum { GRID_MAX_VALUES = 32, GRID_MAX_POINTS = 1000, GRID_NAME_SIZE = 48 };

/* Different values in the user's order. */
struct int_list {
    int count;
    int values[GRID_MAX_VALUES];
};

struct grid {
    struct int_list axis[GRID_AXES];
};

struct grid_point {
    int threads, batch, hidden;
};

/* "threads", "batch", "hidden". */
const char *grid_axis_name(enum grid_axis axis);

/* The axis of this name; -1 when there is none. */
int grid_axis_named(const char *name);

enum int_list_status { INT_LIST_OK, INT_LIST_MALFORMED, INT_LIST_REPEATED, INT_LIST_LONG };

/* Reads "1,2,4": plain decimal numbers from lo to hi, each once, with one comma between two. Leaves the list
 * alone when it is not INT_LIST_OK. */
enum int_list_status int_list_parse(struct int_list *list, const char *text, int lo, int hi);

/* All combinations; an axis without values counts as one value. 0 when there are more than GRID_MAX_POINTS.
 */
int grid_points(const struct grid *g);

/* Whether any axis has more than one value. */
bool grid_is_sweep(const struct grid *g);

/* Point i, from 0: threads vary fastest, because times that are compared should be measured close together;
 * then batch, then hidden. Every axis must have a value. */
struct grid_point grid_point_at(const struct grid *g, int i);

/* "t2-b128-h512", the name of the point's directory. Returns text. */
char *grid_point_name(const struct grid_point *p, char text[GRID_NAME_SIZE]);

#endif
