/* SPDX-License-Identifier: MIT */
#include "stats/interval.h"

#include <math.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "base/rng.h"
#include "stats/order.h"

enum { RESAMPLES = 2000 };

static const double tail = 0.025; /* on each side */

/* Random stream of the resamples; those of the run itself have other numbers. */
static const uint64_t bootstrap_stream = (uint64_t)3 << 33;

/* The largest k for which the k-th smallest and the k-th largest value enclose the median with 95 %: below
 * the median lie Binomial(count, 1/2) values. 0 when there is none. */
static int enclosing_rank(int count)
{
    double below = 0.0;
    int k = 0;
    for (; k < count / 2; k++) {
        const double log_share = lgamma(count + 1.0) - lgamma(k + 1.0) - lgamma(count - k + 1.0);
        below += exp(log_share - count * M_LN2);
        if (below > tail) break;
    }
    return k;
}

/* The median of one resample: how often each value is drawn decides it, since the values are sorted. */
static double resampled_median(const double *sorted, int count, int *drawn, struct rng *rng)
{
    for (int i = 0; i < count; i++) drawn[i] = 0;
    for (int i = 0; i < count; i++) drawn[rng_below(rng, (uint32_t)count)]++;
    const int lower = (count - 1) / 2, upper = count / 2; /* ranks of the middle, from 0 */
    int i = 0, seen = drawn[0];
    while (seen <= lower) seen += drawn[++i];
    const double first = sorted[i];
    while (seen <= upper) seen += drawn[++i];
    return 0.5 * (first + sorted[i]);
}

static struct interval bootstrap(const double *sorted, int count, int *drawn, uint64_t seed)
{
    double medians[RESAMPLES];
    struct rng rng = rng_seed(seed, bootstrap_stream);
    for (int i = 0; i < RESAMPLES; i++) medians[i] = resampled_median(sorted, count, drawn, &rng);
    sort_values(medians, RESAMPLES);
    return (struct interval){quantile_sorted(medians, RESAMPLES, tail),
                             quantile_sorted(medians, RESAMPLES, 1.0 - tail)};
}

struct interval median_interval(const double *sorted, int count, uint64_t seed)
{
    const int rank = enclosing_rank(count);
    if (!rank) return (struct interval){-INFINITY, INFINITY};
    int *drawn = xmalloc((size_t)count * sizeof *drawn);
    const struct interval b = bootstrap(sorted, count, drawn, seed);
    free(drawn);
    return (struct interval){fmin(b.low, sorted[rank - 1]), fmax(b.high, sorted[count - rank])};
}
