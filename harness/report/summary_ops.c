/* SPDX-License-Identifier: MIT */
#include "report/summary_ops.h"

#include <math.h>

/* Above it, the clocks disturb what they measure. */
static const double most_clock_share = 0.01;

static struct amdahl_side side_of(const struct summary_row *row, struct amdahl_part *parts)
{
    const int count = op_series_medians(&row->ops, parts);
    return (struct amdahl_side){row->entry->name, series_median(&row->seconds), parts, count};
}

static const struct summary_row *fastest_of(const struct summary *s)
{
    const struct summary_row *best = NULL;
    double least = INFINITY;
    for (int i = 0; i < s->count; i++) {
        const double median = series_median(&s->rows[i].seconds);
        if (!(median < least)) continue;
        least = median;
        best = &s->rows[i];
    }
    return best;
}

void summary_print_amdahl(const struct summary *s, FILE *out)
{
    const struct summary_row *best = fastest_of(s);
    struct amdahl_part of_slow[TRAINER_MAX_OP_TIMES + 1], of_fast[TRAINER_MAX_OP_TIMES + 1];
    if (!best) return;
    const struct amdahl_side fast = side_of(best, of_fast);
    for (int i = 0; i < s->count; i++) {
        const struct summary_row *row = &s->rows[i];
        /* A second process of the same backend, as bench ab has it, differs by chance only. */
        if (row == best || row->epochs == 0 || row->entry->backend == best->entry->backend) continue;
        const struct amdahl_side slow = side_of(row, of_slow);
        struct amdahl a;
        if (amdahl_of(&a, &slow, &fast)) amdahl_print(out, &a, &slow, &fast);
    }
}

double summary_clock_share(const struct summary_row *row)
{
    if (row->clock_reads < 0 || row->epochs == 0) return NAN;
    return (double)row->clock_reads * row->clock_read_seconds / series_median(&row->seconds);
}

void summary_print_clocks(const struct summary *s, FILE *out)
{
    const char *before = "clocks read for ops.csv, share of an epoch:";
    double most = 0;
    bool any = false;
    for (int i = 0; i < s->count; i++) {
        const struct summary_row *row = &s->rows[i];
        const double share = summary_clock_share(row);
        if (row->epochs == 0) continue;
        if (isnan(share))
            fprintf(out, "%s %s unknown", before, row->entry->name);
        else
            fprintf(out, "%s %s %.3f %%", before, row->entry->name, 100 * share);
        before = ",";
        any = true;
        most = fmax(most, isnan(share) ? 0 : share);
    }
    if (any)
        fprintf(out, "%s\n", most > most_clock_share ? "; that is much: --attribution off goes without" : "");
}
