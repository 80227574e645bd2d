/* SPDX-License-Identifier: MIT */
#include "results/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "roof/llc.h"
#include "roof/peak.h"
#include "stats/compare.h"
#include "stats/order.h"
#include "train/step_parts.h"

/* ---- Times of epochs ---- */

/* What counts: the later epochs, or the first one where there is no other. */
static bool is_later(const struct summary_row *row, const struct epoch_point *p)
{
    return p->epoch > 1 || (row->later == 0 && p == row->points);
}

/* The cache is compared with the best probe of the whole run, which later epochs may have raised. */
static bool is_disturbed(const struct summary *s, const struct epoch_point *p)
{
    return p->disturbed || llc_is_low(p->llc_gbps, s->best_llc_gbps);
}

struct time_figures time_figures(const struct summary *s, const struct summary_row *row)
{
    struct time_figures f = {.epochs = row->epochs, .first = NAN, .peak_range = {NAN, NAN}};
    double *seconds = xdoubles(row->epochs), flop = 0.0, done = 0.0;
    for (int i = 0; i < row->epochs; i++) {
        const struct epoch_point *p = &row->points[i];
        if (!is_later(row, p)) continue;
        seconds[f.later++] = p->seconds;
        f.disturbed += is_disturbed(s, p);
        flop = p->flop;
        done = p->flop_done;
        if (!(p->peak_gflops > 0)) continue; /* not measured */
        f.peak_range.low = fmin(f.peak_range.low, p->peak_gflops);
        f.peak_range.high = fmax(f.peak_range.high, p->peak_gflops);
    }
    if (row->epochs > 0) f.first = row->points[0].seconds;
    f.drift = find_drift(seconds, f.later);
    f.drift_change = f.drift.second / f.drift.first - 1;
    f.bimodal = find_bimodality(seconds, f.later).found;
    sort_values(seconds, f.later);
    f.median = median_sorted(seconds, f.later);
    f.fastest = f.later ? seconds[0] : NAN;
    f.slowest = f.later ? seconds[f.later - 1] : NAN;
    f.interval = median_interval(seconds, f.later, s->seed);
    f.middle_half =
        (struct interval){quantile_sorted(seconds, f.later, 0.25), quantile_sorted(seconds, f.later, 0.75)};
    f.middle_half_share = (f.middle_half.high - f.middle_half.low) / f.median;
    free(seconds);
    f.gflops = flop / f.median * 1e-9;
    f.gflops_done = done / f.median * 1e-9;
    f.peak_gflops = s->best_peak[row->tier];
    f.share_of_peak = peak_share(f.gflops_done, f.peak_gflops);
    return f;
}

/* What a contender did in a round of a seed: its later epochs there. */
struct round_part {
    double seconds; /* of one, the mean where a turn has several; NAN: none */
    bool disturbed; /* any of them */
};

static struct round_part part_of_round(const struct summary *s, const struct summary_row *row,
                                       const struct epoch_point *round)
{
    struct round_part part = {.seconds = 0.0};
    int count = 0;
    for (int i = 0; i < row->epochs; i++) {
        const struct epoch_point *p = &row->points[i];
        if (p->round != round->round || p->seed != round->seed || p->epoch == 1) continue;
        part.seconds += p->seconds;
        part.disturbed |= is_disturbed(s, p);
        count++;
    }
    part.seconds = count ? part.seconds / count : NAN;
    return part;
}

/* See the rule in figures.h. */
static void establish(struct speedup *up)
{
    const bool enough = up->rounds >= INTERVAL_MIN, calm = 2 * up->disturbed < up->rounds;
    char disturbed[40] = "";
    up->established = enough && calm && isfinite(up->interval.low) && isfinite(up->interval.high);
    if (up->established) return;
    if (up->disturbed)
        snprintf(disturbed, sizeof disturbed,
                 up->disturbed == up->rounds ? ", all disturbed" : ", %d disturbed", up->disturbed);
    if (up->rounds == 0)
        snprintf(up->reason, sizeof up->reason, "no round has a later epoch of both; train %d epochs of each",
                 INTERVAL_MIN + 1);
    else if (up->disturbed && !calm)
        snprintf(up->reason, sizeof up->reason, "%d later epoch%s%s; run bench doctor", up->rounds,
                 up->rounds == 1 ? "" : "s", disturbed);
    else
        snprintf(up->reason, sizeof up->reason,
                 "%d later epoch%s%s; an interval takes %d, so train %d epochs", up->rounds,
                 up->rounds == 1 ? "" : "s", disturbed, INTERVAL_MIN, INTERVAL_MIN + 1);
}

struct speedup speedup_over(const struct summary *s, const struct summary_row *row,
                            const struct summary_row *base)
{
    struct speedup up = {.interval = {-INFINITY, INFINITY}};
    double *logs = xdoubles(row->epochs);
    for (int i = 0; i < row->epochs; i++) {
        const struct epoch_point *p = &row->points[i];
        const bool first_of_turn = i == 0 || p[-1].round != p->round || p[-1].seed != p->seed;
        if (p->round == 0 || p->epoch == 1 || !first_of_turn) continue;
        const struct round_part mine = part_of_round(s, row, p), theirs = part_of_round(s, base, p);
        const double log_ratio = log(theirs.seconds / mine.seconds);
        if (!isfinite(log_ratio)) continue;
        logs[up.rounds++] = log_ratio;
        up.disturbed += mine.disturbed || theirs.disturbed;
    }
    if (up.rounds > 0) {
        struct paired_comparison c;
        compare_rounds(&c, logs, up.rounds, s->seed);
        up.ratio = exp(c.effect);
        up.interval = (struct interval){exp(c.interval.low), exp(c.interval.high)};
    } else {
        up.ratio = time_figures(s, base).median / time_figures(s, row).median;
    }
    free(logs);
    establish(&up);
    return up;
}

const struct summary_row *fastest_row(const struct summary *s)
{
    const struct summary_row *best = NULL;
    double least = INFINITY;
    for (int i = 0; i < s->count; i++) {
        const double median = time_figures(s, &s->rows[i]).median;
        if (!(median < least)) continue;
        least = median;
        best = &s->rows[i];
    }
    return best;
}

bool first_is_fastest(const struct summary *s, const struct summary_row *row)
{
    return row->later >= 2 && row->points[0].epoch == 1 &&
           row->points[0].seconds < time_figures(s, row).fastest;
}

/* ---- Parts of epochs ---- */

static struct amdahl_side side_of(const struct summary *s, const struct summary_row *row,
                                  struct amdahl_part *parts)
{
    const int count = op_series_medians(&row->ops, parts);
    return (struct amdahl_side){row->entry->name, time_figures(s, row).median, parts, count};
}

/* A second process of the same contender, as bench ab has it, differs by chance only. */
static bool is_same(const struct registry_entry *a, const struct registry_entry *b)
{
    return a->backend == b->backend && strcmp(a->spec, b->spec) == 0;
}

bool amdahl_figures(struct amdahl *a, const struct summary *s, const struct summary_row *row,
                    struct amdahl_side *slow, struct amdahl_side *fast, struct amdahl_part *parts)
{
    const struct summary_row *best = fastest_row(s);
    if (!best || row == best || row->epochs == 0 || is_same(row->entry, best->entry)) return false;
    const struct speedup up = speedup_over(s, best, row);
    if (!up.established) return false;
    *slow = side_of(s, row, parts);
    *fast = side_of(s, best, parts + TRAINER_MAX_OP_TIMES + 1);
    if (!amdahl_of(a, slow, fast)) return false;
    a->epoch = up.ratio; /* the same figure as everywhere */
    return true;
}

static void add_speed(struct op_figures *op, double peak_gflops)
{
    op->gflops = op->flop / op->seconds * 1e-9;
    op->share_of_peak = peak_share(op->gflops, peak_gflops);
    if (op->attribution.has_bytes) op->ai = op->flop / op->attribution.bytes;
}

int op_figures(struct op_figures *ops, const struct summary *s, const struct summary_row *row)
{
    const double epoch = time_figures(s, row).median;
    const struct epoch_report *last = &row->last;
    for (int i = 0; i < row->ops.count; i++) {
        const bool is_rest = i == row->ops.count - 1;
        struct op_figures *op = &ops[i];
        *op = (struct op_figures){.name = row->ops.names[i],
                                  .kind = step_part_kind_name(step_part_find(row->ops.names[i])),
                                  .is_rest = is_rest,
                                  .seconds = series_median(&row->ops.seconds[i]),
                                  .gflops = NAN,
                                  .share_of_peak = NAN,
                                  .ai = NAN,
                                  .attribution.limiter.by = "",
                                  .share_of_roof = NAN};
        op->share_of_epoch = op->seconds / epoch;
        op->if_free = 1 / (1 - op->share_of_epoch);
        if (is_rest) continue;
        op->inherited = last->ops[i].inherited;
        op->calls = last->ops[i].calls;
        op->flop = last->ops[i].flop;
        if (s->attribution)
            op->attribution = attribution_of(s->attribution, last, s->best_peak[row->tier], i);
        if (op->attribution.limiter.by[0]) op->share_of_roof = op->attribution.limiter.seconds / op->seconds;
        if (op->flop > 0) add_speed(op, s->best_peak[row->tier]);
    }
    return row->ops.count;
}

double clock_share(const struct summary *s, const struct summary_row *row)
{
    if (row->last.clock_reads < 0 || row->epochs == 0) return NAN;
    return (double)row->last.clock_reads * row->last.clock_read_seconds / time_figures(s, row).median;
}
