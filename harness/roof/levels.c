/* SPDX-License-Identifier: MIT */
#include "roof/levels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "roof/loops.h"

static const char *const names[LEVEL_COUNT] = {"L1", "L2", "L3", "DRAM"};

const char *level_name(int level)
{
    return names[level];
}

/* Without any cache known, what no cache of today holds. */
static const size_t beyond_any_cache = (size_t)1 << 30;

static size_t whole(double bytes)
{
    const size_t block = ROOF_BLOCK_FLOATS * sizeof(float);
    return (size_t)bytes / block * block;
}

static void leave_out(struct level *l, const char *format, size_t a, size_t b)
{
    l->bytes = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(l->why, sizeof l->why, format, a, b);
#pragma GCC diagnostic pop
}

/* Between two caches: out of the smaller one, well inside of the larger one. */
static void between(struct level *l, size_t below, size_t cache)
{
    if (!cache)
        leave_out(l, "hwloc does not know such a cache", 0, 0);
    else if (below && cache < 3 * below)
        leave_out(l, "a thread's share of %zu KiB is hardly more than the cache below, %zu KiB", cache >> 10,
                  below >> 10);
    else
        l->bytes = whole(below ? sqrt((double)below * (double)cache) : (double)cache / 2);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* All caches of the last level that the team reaches, in bytes. */
static size_t last_caches(const struct cache_sizes *c, int threads)
{
    const size_t private = larger(c->l1d, c->l2) * (size_t)threads;
    const int sharing = c->l3_sharing_cores > 0 ? c->l3_sharing_cores : threads;
    return larger(private, c->l3 * (size_t)((threads + sharing - 1) / sharing));
}

static void beyond(struct level *l, size_t caches, int threads, size_t available)
{
    const size_t wanted = caches ? 4 * caches : beyond_any_cache;
    const size_t total = wanted < available ? wanted : available;
    if (total < 2 * caches || total < (size_t)threads * (1u << 20))
        leave_out(l, "needs %zu MiB of memory, and this process may use %zu MiB", 2 * caches >> 20,
                  available >> 20);
    else
        l->bytes = whole((double)total / threads);
}

void levels_choose(struct level levels[LEVEL_COUNT], const struct cache_sizes *c, int threads,
                   size_t available)
{
    memset(levels, 0, LEVEL_COUNT * sizeof *levels);
    for (int i = 0; i < LEVEL_COUNT; i++) levels[i].name = names[i];
    const int sharing =
        c->l3_sharing_cores > 0 && c->l3_sharing_cores < threads ? c->l3_sharing_cores : threads;
    between(&levels[LEVEL_L1], 0, c->l1d);
    between(&levels[LEVEL_L2], c->l1d, c->l2);
    between(&levels[LEVEL_L3], larger(c->l1d, c->l2), c->l3 / (size_t)sharing);
    beyond(&levels[LEVEL_DRAM], last_caches(c, threads), threads, available);
}
