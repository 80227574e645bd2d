/* SPDX-License-Identifier: MIT
 *
 * The judgement of an A/B run with its A/A check: pure arithmetic, so that simulated runs can be put through
 * it. */
#ifndef LB_STATS_JUDGE_H
#define LB_STATS_JUDGE_H

#include "stats/compare.h"
#include "stats/shape.h"

/* Natural logarithms of the seconds of one round's turns: A, A in its second process, B. */
struct round_times {
    double a, again, b;
};

enum ab_contender { AB_A, AB_AGAIN, AB_B, AB_COUNT };

struct judgement {
    enum verdict verdict;            /* on B: FASTER is less time than A */
    double margin;                   /* as given */
    struct paired_comparison itself; /* A's second process over its first */
    double bias;                     /* comparison_bias(itself) */
    struct paired_comparison other;  /* B over A, widened by bias */
    double visible;                  /* comparison_visible */
    struct drift itself_drift;       /* of itself and of other, round by round */
    struct drift ratio_drift;
    struct drift drift[AB_COUNT];
    struct bimodality bimodality[AB_COUNT];
};

/* B is compared with A's first process only: with equal code the two are exchangeable, so that the median of
 * their ratio is 1 however skewed the noise is; a mean over both processes of A has other tails, and its
 * ratio another median. Equal contenders are called different in less than 5 % of all runs, as long as the
 * effects that are fixed for the life of a process (placement, layout) have a standard deviation of at most a
 * third of the margin; one A/A pair cannot correct for more. margin > 0. */
void judge_rounds(struct judgement *j, const struct round_times *rounds, int count, double margin,
                  uint64_t seed);

#endif
