/* SPDX-License-Identifier: MIT */
#include "console/summary_ops.h"

#include <math.h>

#include "console/amdahl_view.h"
#include "results/figures.h"

/* Above it, the clocks disturb what they measure. */
static const double most_clock_share = 0.01;

void summary_print_amdahl(const struct summary *s, FILE *out)
{
    struct amdahl_part parts[2 * (TRAINER_MAX_OP_TIMES + 1)];
    for (int i = 0; i < s->count; i++) {
        struct amdahl_side slow, fast;
        struct amdahl a;
        if (amdahl_figures(&a, s, &s->rows[i], &slow, &fast, parts)) amdahl_print(out, &a, &slow, &fast);
    }
}

void summary_print_clocks(const struct summary *s, FILE *out)
{
    const char *before = "clocks read for ops.csv, share of an epoch:";
    double most = 0;
    bool any = false;
    for (int i = 0; i < s->count; i++) {
        const struct summary_row *row = &s->rows[i];
        const double share = clock_share(s, row);
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
