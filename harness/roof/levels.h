/* SPDX-License-Identifier: MIT
 *
 * Which working sets show the bandwidth of which level of memory. */
#ifndef LB_LEVELS_H
#define LB_LEVELS_H

#include <stdbool.h>
#include <stddef.h>

enum { LEVEL_L1, LEVEL_L2, LEVEL_L3, LEVEL_DRAM, LEVEL_COUNT };

/* "L1", "L2", "L3", "DRAM" */
const char *level_name(int level);

struct level {
    const char *name; /* "L1", "L2", "L3", "DRAM" */
    size_t bytes;     /* working set of each thread; 0: this level cannot be shown */
    char why[160];    /* then the reason */
};

/* Cache sizes as topology.h has them: 0 = unknown or not there. */
struct cache_sizes {
    size_t l1d, l2, l3;
    int l3_sharing_cores; /* 0 = unknown */
};

/* For a team of `threads`, with `available` bytes of memory to use in all: half of L1; the geometric mean of
 * L1 and L2, and of L2 and a thread's share of L3; and four times the last cache, but no more than is
 * available. A level is left out if there is no such cache, if it is hardly larger than the one below, or,
 * for DRAM, if less is available than twice the last cache. */
void levels_choose(struct level levels[LEVEL_COUNT], const struct cache_sizes *caches, int threads,
                   size_t available);

#endif
