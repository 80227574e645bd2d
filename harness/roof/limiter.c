/* SPDX-License-Identifier: MIT */
#include "roof/limiter.h"

#include <math.h>
#include <string.h>

void roofs_init(struct roofs *r, const struct roofline_rates *rates, enum isa_tier isa,
                const struct topology *topology, int threads)
{
    /* A team on distinct cores fills its last-level caches one after the other. */
    const int sharing = topology->l3_sharing_cores;
    const int l3_caches = sharing > 0 ? (threads + sharing - 1) / sharing : 1;
    const int cores =
        topology->allowed_cores > 0 && threads > topology->allowed_cores ? topology->allowed_cores : threads;
    memset(r, 0, sizeof *r);
    r->capacity[LEVEL_L1] = (double)topology->l1d_bytes * cores;
    r->capacity[LEVEL_L2] = (double)topology->l2_bytes * cores;
    r->capacity[LEVEL_L3] = (double)topology->l3_bytes * l3_caches;
    r->capacity[LEVEL_DRAM] = INFINITY;
    if (!rates) return;
    r->divide = rates->divide[isa];
    r->square_root = rates->square_root[isa];
    memcpy(r->bytes, rates->bytes, sizeof r->bytes);
}

static void consider(struct limiter *l, const char *by, double seconds)
{
    if (seconds > l->seconds) *l = (struct limiter){by, seconds};
}

struct limiter limiter_of(const struct roofs *r, const struct work *w)
{
    struct limiter l = {"", 0.0};
    int level = LEVEL_L1;
    while (level < LEVEL_DRAM && w->working_set > r->capacity[level]) level++;
    if (r->flop > 0) consider(&l, "FMA", w->flop / r->flop);
    if (r->divide > 0 && r->square_root > 0)
        consider(&l, "divider", w->updates / r->divide + w->updates / r->square_root);
    if (r->bytes[level] > 0) consider(&l, level_name(level), w->bytes / r->bytes[level]);
    return l;
}
