/* SPDX-License-Identifier: MIT */
#include "stats/judge.h"

#include <stdlib.h>

#include "base/xalloc.h"

static double log_seconds_of(const struct round_times *r, enum ab_contender which)
{
    return which == AB_A ? r->a : which == AB_AGAIN ? r->again : r->b;
}

static void look_at_shapes(struct judgement *j, const struct round_times *rounds, int count, double *values)
{
    for (enum ab_contender which = AB_A; which < AB_COUNT; which++) {
        for (int i = 0; i < count; i++) values[i] = log_seconds_of(&rounds[i], which);
        j->drift[which] = find_drift(values, count);
        j->bimodality[which] = find_bimodality(values, count);
    }
}

void judge_rounds(struct judgement *j, const struct round_times *rounds, int count, double margin,
                  uint64_t seed)
{
    *j = (struct judgement){.margin = margin};
    double *values = xdoubles(count);
    for (int i = 0; i < count; i++) values[i] = rounds[i].again - rounds[i].a;
    compare_rounds(&j->itself, values, count, seed);
    j->itself_drift = find_drift(values, count);
    for (int i = 0; i < count; i++) values[i] = rounds[i].b - rounds[i].a;
    compare_rounds(&j->other, values, count, seed + 1);
    j->ratio_drift = find_drift(values, count);
    j->bias = comparison_bias(&j->itself);
    j->other = comparison_widened(&j->other, j->bias);
    j->visible = comparison_visible(&j->other, j->bias, margin);
    j->verdict = comparison_verdict(&j->other, j->bias, margin);
    look_at_shapes(j, rounds, count, values);
    free(values);
}
