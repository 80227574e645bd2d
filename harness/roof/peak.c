/* SPDX-License-Identifier: MIT */
#include "roof/peak.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>

#include "base/clock.h"
#include "roof/loops.h"

enum isa_tier isa_tier_of(const struct backend *backend, uint32_t usable_isa)
{
    const bool library = backend->library || backend->flags & BACKEND_INHERITS_FASTEST;
    const int widest = isa_tier_widest(usable_isa);
    int tier = library && !backend->needs ? widest : 0;
    while (tier < widest && backend->needs & ~isa_tier_needs((enum isa_tier)tier)) tier++;
    return (enum isa_tier)tier;
}

/* Steps between two readings of the clock: some microseconds. */
enum { STEPS_PER_READING = 4096, DIVIDER_STEPS_PER_READING = 256 };

/* Steps a second of all threads together, for about so many seconds. */
static double step_rate(double (*run)(long), long steps_per_look, int threads, double seconds)
{
    double rate = 0, used = 0;
#pragma omp parallel num_threads(threads) reduction(+ : rate, used)
    {
        long steps = 0;
        used += run(steps_per_look); /* wakes the vector units */
#pragma omp barrier
        const double start = clock_seconds();
        double now = start;
        do {
            used += run(steps_per_look);
            steps += steps_per_look;
            now = clock_seconds();
        } while (now - start < seconds);
        rate += (double)steps / (now - start);
    }
    return used > 0 ? rate : 0; /* always positive, as every loop's result is */
}

double peak_share(double rate, double best_peak)
{
    return best_peak > 0.0 && rate <= best_peak ? rate / best_peak : NAN;
}

double peak_gflops(enum isa_tier tier, int threads, double seconds)
{
    const struct roof_loops *l = roof_loops(tier);
    return 1e-9 * l->flop_per_step * step_rate(l->multiply_add, STEPS_PER_READING, threads, seconds);
}

double peak_divisions(enum isa_tier tier, int threads, double seconds)
{
    const struct roof_loops *l = roof_loops(tier);
    return 1e-9 * l->results_per_step * step_rate(l->divide, DIVIDER_STEPS_PER_READING, threads, seconds);
}

double peak_square_roots(enum isa_tier tier, int threads, double seconds)
{
    const struct roof_loops *l = roof_loops(tier);
    return 1e-9 * l->results_per_step *
           step_rate(l->square_root, DIVIDER_STEPS_PER_READING, threads, seconds);
}
