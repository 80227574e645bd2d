/* SPDX-License-Identifier: MIT
 *
 * Cold weights: a pool of memory larger than a cache, of which each call takes the next part, so that it
 * comes from beyond that cache. */
#ifndef LB_POOL_H
#define LB_POOL_H

#include <stddef.h>

struct pool {
    const char
        *beyond;   /* "l3", "l2": the cache that it exceeds; NULL when no cache is known: no cold cases */
    size_t floats; /* that it will have, or has */
    float *memory; /* NULL until pool_fill */
    size_t at;     /* where the next part begins */
};

/* Decides on a size, without taking memory: twice the largest cache; if `available` bytes do not allow that,
 * twice L2; in any case at least `largest` floats, the largest part that will be asked for. Sizes of caches
 * as in topology.h, 0 = unknown. */
void pool_plan(struct pool *p, size_t l2_bytes, size_t l3_bytes, size_t available, size_t largest);

/* Takes and fills the memory, with values in (0, 0.05), unless that was done before. 0, or -1 when it is not
 * there. */
int pool_fill(struct pool *p);

/* The next part of so many floats, aligned to 64 bytes; round and round. */
float *pool_next(struct pool *p, size_t floats);

void pool_free(struct pool *p);

#endif
