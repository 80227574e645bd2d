/* SPDX-License-Identifier: MIT
 *
 * The time by two clocks at once: the C library's, which times everything, and the CPU's time stamp counter,
 * which is an instruction and so, unlike the former, cannot be replaced. */
#ifndef LB_TIMESTAMP_H
#define LB_TIMESTAMP_H

#include <stdint.h>
#include <x86intrin.h>

#include "base/clock.h"

struct timestamp {
    double seconds; /* clock_seconds() */
    uint64_t ticks; /* of the time stamp counter */
};

/* Most ticks between two readings of the counter around one of the clock; more means an interruption. */
enum { TIMESTAMP_CLOSE = 400, TIMESTAMP_TRIES = 5 };

/* The counter's figure is the middle of what it was right before and right after the clock was read; of a few
 * tries, the one in which these are closest. */
static inline struct timestamp timestamp_now(void)
{
    struct timestamp best = {0.0, 0};
    uint64_t gap = UINT64_MAX;
    for (int i = 0; i < TIMESTAMP_TRIES && gap > TIMESTAMP_CLOSE; i++) {
        const uint64_t before = __rdtsc();
        const double seconds = clock_seconds();
        const uint64_t apart = __rdtsc() - before;
        if (i > 0 && apart >= gap) continue;
        gap = apart;
        best = (struct timestamp){seconds, before + apart / 2};
    }
    return best;
}

#endif
