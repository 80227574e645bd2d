/* SPDX-License-Identifier: MIT
 *
 * A user's shapes for gemm. One a line: m n k, then, if anything is stored transposed, N or T for A and for
 * B.
 * "#" begins a comment. */
#ifndef LB_SHAPES_H
#define LB_SHAPES_H

#include "backend.h"
#include "base/error.h"

enum { SHAPES_MAX = 1000, SHAPES_MAX_EXTENT = 1000000 };

struct gemm_shape {
    enum transpose ta, tb;
    int m, n, k;
    int line; /* of the file */
};

struct gemm_shapes {
    const char *path; /* not owned */
    struct gemm_shape *list;
    int count;
};

/* Reads a file. On EXIT_USAGE, e names file and line. A file without a shape is an error too; so is a shape
 * that is there already. Free with shapes_free in either case. */
int shapes_read(struct gemm_shapes *s, const char *path, struct error *e);
void shapes_free(struct gemm_shapes *s);

#endif
