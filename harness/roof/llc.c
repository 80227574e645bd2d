/* SPDX-License-Identifier: MIT */
#include "roof/llc.h"

#include <math.h>
#include <string.h>

#include "roof/levels.h"

/* What interrupts a sample can only lower it; hardly anything short hits all of them. */
enum { SAMPLES = 4 };
static const double sample_seconds = 0.001;

/* On two cores with a dozen other busy threads, 19 of 20 probes were within 8 % of the best one. Three times
 * that is not scatter; and work that waits for memory takes a third longer with a quarter less bandwidth. */
static const double low_share = 0.75;

void llc_probe_open(struct llc_probe *p, const struct topology *t, int threads, uint32_t isa)
{
    struct level levels[LEVEL_COUNT];
    struct error unused = {0};
    const struct cache_sizes caches = {t->l1d_bytes, t->l2_bytes, t->l3_bytes, t->l3_sharing_cores};
    memset(p, 0, sizeof *p);
    p->tier = isa_tier_widest(isa);
    levels_choose(levels, &caches, threads, 0);
    p->bytes = levels[LEVEL_L3].bytes;
    if (p->bytes && bandwidth_memory_init(&p->memory, threads, p->bytes, &unused)) p->bytes = 0;
}

void llc_probe_close(struct llc_probe *p)
{
    bandwidth_memory_free(&p->memory);
    p->bytes = 0;
}

double llc_probe_gbps(const struct llc_probe *p)
{
    double best = NAN;
    for (int i = 0; p->bytes && i < SAMPLES; i++)
        best = fmax(best, bandwidth_gbytes(&p->memory, p->tier, BANDWIDTH_READ, p->bytes, BANDWIDTH_WARM,
                                           sample_seconds));
    return best;
}

bool llc_is_low(double gbps, double best)
{
    return gbps < low_share * best;
}
