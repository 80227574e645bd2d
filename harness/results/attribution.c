/* SPDX-License-Identifier: MIT */
#include "results/attribution.h"

struct op_attribution attribution_of(const struct attribution *a, const struct epoch_report *report,
                                     double best_peak, int which)
{
    const char *names[TRAINER_MAX_OP_TIMES];
    for (int i = 0; i < report->op_count; i++) names[i] = report->name_text[i];
    const struct op_load load = {a->shape, a->batch, report->result.steps, (double)report->result.samples,
                                 report->flop_done > 0.0};
    const bool updates = op_updates_in_products(names, report->op_count);
    struct op_attribution found = {0};
    struct op_work least = {0};
    struct roofs roofs;
    found.has_bytes = op_work_of(&least, names[which], updates, &load);
    found.bytes = least.bytes;
    roofs_init(&roofs, a->rates, (enum isa_tier)report->tier, a->topology, a->threads);
    roofs.flop = best_peak * 1e9;
    const struct work work = {report->ops[which].flop, least.bytes, least.working_set, least.updates};
    found.limiter = limiter_of(&roofs, &work);
    return found;
}
