/* SPDX-License-Identifier: MIT */
#include "stats/compare.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "stats/order.h"

/* Standard normal quantiles: of a 95 % interval, and of 8 cases of 10. */
static const double z_interval = 1.96, z_power = 0.84;

void compare_rounds(struct paired_comparison *c, const double *log_ratios, int rounds, uint64_t seed)
{
    double *sorted = xdoubles(rounds);
    if (rounds > 0) memcpy(sorted, log_ratios, (size_t)rounds * sizeof *sorted);
    sort_values(sorted, rounds);
    *c = (struct paired_comparison){rounds, median_sorted(sorted, rounds),
                                    median_interval(sorted, rounds, seed)};
    free(sorted);
}

double comparison_bias(const struct paired_comparison *itself)
{
    const bool holds_zero = itself->interval.low <= 0.0 && itself->interval.high >= 0.0;
    return holds_zero ? 0.0 : fabs(itself->effect);
}

struct paired_comparison comparison_widened(const struct paired_comparison *c, double bias)
{
    struct paired_comparison wide = *c;
    wide.interval.low -= bias;
    wide.interval.high += bias;
    return wide;
}

enum verdict comparison_verdict(const struct paired_comparison *c, double bias, double margin)
{
    const double low = c->interval.low, high = c->interval.high;
    if (low > 0.0 && c->effect - bias > margin) return VERDICT_SLOWER;
    if (high < 0.0 && c->effect + bias < -margin) return VERDICT_FASTER;
    if (low > -margin && high < margin) return VERDICT_SAME;
    return VERDICT_INCONCLUSIVE;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"SAME", "FASTER", "SLOWER", "INCONCLUSIVE"};
    return names[verdict];
}

double comparison_visible(const struct paired_comparison *c, double bias, double margin)
{
    const double half = 0.5 * (c->interval.high - c->interval.low) - bias;
    const double error = half / z_interval;
    return bias + fmax((z_interval + z_power) * error, margin + z_power * error);
}

double effect_percent(double effect)
{
    return 100.0 * expm1(effect);
}

double effect_of_percent(double percent)
{
    return log1p(percent / 100.0);
}
