/* SPDX-License-Identifier: MIT */
#include "stats/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "stats/order.h"

/* ---- Drift ---- */

static const double z_drift = 2.576; /* two-sided 1 % of the standard normal */
enum { DRIFT_MIN = 8 };

struct placed {
    double value;
    int place;
};

static int compare_placed(const void *a, const void *b)
{
    const double x = ((const struct placed *)a)->value, y = ((const struct placed *)b)->value;
    return (x > y) - (x < y);
}

/* Correlation of the values' ranks, equal ones sharing their mean rank, with their places. */
static double rank_correlation(struct placed *values, int count)
{
    const double middle = 0.5 * (count - 1);
    double product = 0.0, ranks = 0.0, places = 0.0;
    qsort(values, (size_t)count, sizeof *values, compare_placed);
    for (int i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && values[next].value == values[i].value;) next++;
        const double rank = 0.5 * (i + next - 1) - middle;
        for (int j = i; j < next; j++) {
            const double place = values[j].place - middle;
            product += rank * place;
            ranks += rank * rank;
            places += place * place;
        }
    }
    return ranks > 0.0 ? product / sqrt(ranks * places) : 0.0;
}

struct drift find_drift(const double *values, int count)
{
    struct drift d = {.first = NAN, .second = NAN};
    struct placed *placed = count > 1 ? xmalloc((size_t)count * sizeof *placed) : NULL;
    if (!placed) return d;
    for (int i = 0; i < count; i++) placed[i] = (struct placed){values[i], i};
    d.rank_correlation = rank_correlation(placed, count);
    free(placed);
    d.first = median_of(values, count / 2);
    d.second = median_of(values + (count + 1) / 2, count / 2);
    d.found = count >= DRIFT_MIN && fabs(d.rank_correlation) * sqrt(count - 1.0) > z_drift;
    return d;
}

/* ---- Bimodality ---- */

static const double bimodality_apart = 6.0, bimodality_share = 1.0 / 6.0;
enum { BIMODALITY_MIN = 3 };

/* Mean and sum of squares around it, of the values up to here. */
struct group {
    int count;
    double mean, squares;
};

static void group_add(struct group *g, double value)
{
    const double step = value - g->mean;
    g->count++;
    g->mean += step / g->count;
    g->squares += step * (value - g->mean);
}

/* Takes out a value that was added before. */
static void group_remove(struct group *g, double value)
{
    const double step = value - g->mean;
    g->count--;
    if (g->count == 0) {
        *g = (struct group){0};
        return;
    }
    g->mean -= step / g->count;
    g->squares = fmax(0.0, g->squares - step * (value - g->mean));
}

/* The best split of ascending values into two groups. */
static void split(const double *sorted, int count, struct group *low, struct group *high)
{
    struct group below = {0}, above = {0};
    double best = INFINITY;
    *low = *high = below;
    for (int i = 0; i < count; i++) group_add(&above, sorted[i]);
    for (int i = 0; i + 1 < count; i++) {
        group_add(&below, sorted[i]);
        group_remove(&above, sorted[i]);
        if (below.squares + above.squares >= best) continue;
        best = below.squares + above.squares;
        *low = below;
        *high = above;
    }
}

struct bimodality find_bimodality(const double *values, int count)
{
    struct bimodality h = {.low = NAN, .high = NAN, .share_high = NAN};
    struct group low, high;
    double *sorted = count > 1 ? xdoubles(count) : NULL;
    if (!sorted) return h;
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    sort_values(sorted, count);
    split(sorted, count, &low, &high);
    free(sorted);
    h.low = low.mean;
    h.high = high.mean;
    h.share_high = (double)high.count / count;
    const int smaller = low.count < high.count ? low.count : high.count;
    if (smaller < BIMODALITY_MIN || smaller < bimodality_share * count) return h;
    const double spread = sqrt(0.5 * (low.squares / low.count + high.squares / high.count));
    h.found = high.mean - low.mean > bimodality_apart * spread;
    return h;
}
