/* SPDX-License-Identifier: MIT
 *
 * Two contenders that took turns: how much more time the second one takes, and the verdict. Effects are
 * natural logarithms of time ratios, second over first: 0 is the same time, above 0 is slower.
 * effect_percent() turns them into what people read. */
#ifndef LB_STATS_COMPARE_H
#define LB_STATS_COMPARE_H

#include "stats/interval.h"

struct paired_comparison {
    int rounds;
    double effect;            /* median of the rounds' log ratios */
    struct interval interval; /* 95 % */
};

enum verdict { VERDICT_SAME, VERDICT_FASTER, VERDICT_SLOWER, VERDICT_INCONCLUSIVE };

/* Of one log ratio per round. The bootstrap draws rounds: within a round both contenders share the noise of
 * the minute, and distant rounds share nothing. */
void compare_rounds(struct paired_comparison *c, const double *log_ratios, int rounds, uint64_t seed);

/* How far the first contender was from itself, as measured by a second process of it in the same rounds: 0
 * where the interval of that comparison holds 0, else its effect without the sign. */
double comparison_bias(const struct paired_comparison *itself);

/* The same with the interval widened on both sides by the bias: a difference that two processes can have with
 * the same code does not count for or against the second contender. */
struct paired_comparison comparison_widened(const struct paired_comparison *c, double bias);

/* What may be said. margin > 0 is the effect that does not matter; c is already widened by bias.
 * SLOWER: the interval lies above 0, and the effect less bias is above margin. FASTER: the mirror image.
 * SAME: the interval lies within -margin .. margin. Everything else is INCONCLUSIVE. */
enum verdict comparison_verdict(const struct paired_comparison *c, double bias, double margin);

/* "SLOWER" */
const char *verdict_name(enum verdict verdict);

/* The smallest effect that a run of this noise and this many rounds calls FASTER or SLOWER in 8 of 10 cases;
 * c is widened by bias. Infinite when the interval is. */
double comparison_visible(const struct paired_comparison *c, double bias, double margin);

/* 100 * (exp(effect) - 1), and back. */
double effect_percent(double effect);
double effect_of_percent(double percent);

#endif
