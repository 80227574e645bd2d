/* SPDX-License-Identifier: MIT
 *
 * What a median hides: a series that drifts while it is measured, and one with two typical values. */
#ifndef LB_STATS_SHAPE_H
#define LB_STATS_SHAPE_H

#include <stdbool.h>

struct drift {
    bool found;
    double rank_correlation; /* Spearman's, of value and place in the series; -1 .. 1 */
    double first, second;    /* medians of the first and of the second half (a middle value is in neither) */
};

/* found: a correlation that shuffled values reach in 1 case of 100 at most, by the normal approximation.
 * Series of fewer than 8 values are never found to drift. */
struct drift find_drift(const double *values, int count);

struct bimodality {
    bool found;
    double low, high;  /* means of the two groups */
    double share_high; /* of the values, in the upper group */
};

/* Splits the values where the two groups have the smallest sum of squares within; found: each group has a
 * sixth of the values and three of them at least, and their means are apart by more than 6 times their
 * spread (Ashman's D; two halves of a normal distribution have 2.6, of a uniform one 3.5) */
struct bimodality find_bimodality(const double *values, int count);

#endif
