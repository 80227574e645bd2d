/* SPDX-License-Identifier: MIT
 *
 * The confidence interval of a median. */
#ifndef LB_STATS_INTERVAL_H
#define LB_STATS_INTERVAL_H

#include <stdint.h>

struct interval {
    double low, high;
};

/* Fewer values than this bound no median with 95 % confidence, whatever they are. */
enum { INTERVAL_MIN = 6 };

/* 95 % confidence interval of the median of ascending values: the percentile bootstrap (Efron, 1979; 2000
 * resamples drawn from the seed), widened where it is narrower than the interval between order statistics,
 * whose coverage of at least 95 % holds for every continuous distribution and any count. For the median of a
 * dozen values the bootstrap alone covers slightly less than 95 %. -inf to inf below INTERVAL_MIN values. */
struct interval median_interval(const double *sorted, int count, uint64_t seed);

#endif
