/* SPDX-License-Identifier: MIT */
#include "results/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void summary_init(struct summary *s, const struct registry_entry *const *entries, int count, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->count = count;
    s->seed = seed;
    for (int i = 0; i < count; i++) s->rows[i].entry = entries[i];
}

void summary_free(struct summary *s)
{
    for (int i = 0; i < s->count; i++) {
        free(s->rows[i].points);
        op_series_free(&s->rows[i].ops);
    }
    s->count = 0;
}

struct summary_row *summary_row(struct summary *s, const struct registry_entry *entry)
{
    int i = 0;
    while (i < s->count - 1 && s->rows[i].entry != entry) i++;
    return &s->rows[i];
}

int summary_epoch(struct summary *s, struct summary_row *row, const struct epoch_report *report,
                  uint64_t seed, double flop)
{
    if (row->epochs == row->capacity) {
        const int capacity = row->capacity ? 2 * row->capacity : 32;
        struct epoch_point *grown = realloc(row->points, (size_t)capacity * sizeof *grown);
        if (!grown) return -1;
        row->points = grown;
        row->capacity = capacity;
    }
    const bool is_first = report->result.epoch == 1;
    row->points[row->epochs++] =
        (struct epoch_point){.seed = seed,
                             .epoch = report->result.epoch,
                             .round = report->round,
                             .seconds = report->result.train_seconds,
                             .flop = flop,
                             .flop_done = epoch_flop_done(report, flop),
                             .peak_gflops = report->peak_gflops,
                             .disturbed = *turn_noise_cause(&report->noise, 0.0) != 0,
                             .llc_gbps = report->noise.llc_gbps};
    row->later += !is_first;
    row->tier = report->tier;
    s->best_peak[row->tier] = fmax(s->best_peak[row->tier], report->peak_gflops);
    s->best_llc_gbps = fmax(s->best_llc_gbps, report->noise.llc_gbps);
    row->last = *report;
    if (is_first && row->epochs > 1) return 0;
    if (row->later == 1) op_series_clear(&row->ops); /* of the first epoch, which warms up */
    return op_series_add(&row->ops, report);
}
