/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "integrity/lines.h"
#include "train/step_parts.h"

/* A product with a pixel of zero need not be made: a backend that knows how may skip it, and be faster than
 * the dense products that its rate is stated in. So the roof only holds the flop that cannot be skipped: this
 * share of the products' in the bit set. */
static double needed_share(const struct integrity_ground *g, unsigned products)
{
    double needed = 0.0, dense = 0.0;
    for (int id = 0; id < PRODUCT_COUNT; id++) {
        const struct step_product p = step_product((enum step_product_id)id, &g->shape, 1);
        if (!(products & 1u << id)) continue;
        dense += step_product_flop(&p);
        needed += (p.reads_images ? g->nonzero : 1.0) * step_product_flop(&p);
    }
    return needed / dense;
}

/* A share that is a quotient of whole numbers has roundings; no count of operations comes so near. */
static const double ROUNDINGS = 1e-9;

static void check_flop_done(struct integrity *i, const struct epoch_report *r, double needed, double all)
{
    if (r->flop_done < 0.0) {
        lines_not_applicable(i, CHECK_FLOP_DONE, "the backend does not declare that it skips any");
        return;
    }
    const bool right = r->flop_done >= needed * (1.0 - ROUNDINGS) && r->flop_done <= all * (1.0 + ROUNDINGS);
    struct integrity_line *line = lines_take(i, CHECK_FLOP_DONE, right, 0.0);
    if (!line) return;
    SAY(line->expected, "%.0f to %.0f", needed, all);
    SAY(line->seen, "%.0f", r->flop_done);
    SAY(line->message,
        "operations in epoch %d, as the backend reports them: at least the products with nonzero pixels",
        r->result.epoch);
}

void roof_note_rates(struct integrity *i, const struct integrity_ground *g, const struct epoch_report *r)
{
    const double seconds = r->result.train_seconds;
    const double rows = (double)r->result.samples;
    const double all = network_train_flop(&g->shape, rows);
    const double needed = needed_share(g, (1u << PRODUCT_COUNT) - 1) * all;
    const double rate = needed / seconds * 1e-9;
    check_flop_done(i, r, needed, all);
    i->peak = fmax(i->peak, r->peak_gflops);
    if (!(seconds > 0.0) || rate > i->rate) i->rate = seconds > 0.0 ? rate : INFINITY;
    for (int op = 0; op < r->op_count; op++) {
        const char *name = r->name_text[op];
        const struct step_part *part = step_part_find(name);
        /* The harness times the products of a composed step. The phases of a backend's own step are its own
         * word. */
        if (!part || part->kind != PART_PRODUCT || part->is_phase || !(r->ops[op].flop > 0.0)) continue;
        const double flop = needed_share(g, part->products) * r->ops[op].flop;
        const double op_rate = r->ops[op].seconds > 0.0 ? flop / r->ops[op].seconds * 1e-9 : INFINITY;
        if (op_rate > i->op_rate) {
            i->op_rate = op_rate;
            SAY(i->op_name, "%s", name);
        }
    }
}

static void judge(struct integrity *i, enum integrity_check check, const char *what, double rate, double roof,
                  const char *whose)
{
    struct integrity_line *line = lines_take(i, check, rate <= INTEGRITY_ROOF_MARGIN * roof, 0.0);
    if (!line) return;
    SAY(line->expected, "at most %.1f GFLOP/s", INTEGRITY_ROOF_MARGIN * roof);
    SAY(line->seen, "%.1f GFLOP/s", rate);
    SAY(line->message, "%s, without products with zero pixels, against %s", what, whose);
}

void integrity_judge_roof(struct integrity *i, double (*machine_peak)(void *context), void *context)
{
    static const char *const measured = "the best peak that was measured around its epochs";
    const char *whose = measured;
    double roof = i->peak;
    if (i->epochs == 0) return;
    /* That peak may have been measured at bad times, or for a narrower ISA than the backend uses. */
    if (fmax(i->rate, i->op_rate) > INTEGRITY_ROOF_MARGIN * roof) {
        roof = fmax(roof, machine_peak(context));
        whose = "the best peak of this machine, measured again by bench itself";
    }
    judge(i, CHECK_ROOF, "fastest epoch", i->rate, roof, whose);
    if (i->op_rate > 0.0) {
        char what[48];
        SAY(what, "fastest %s of an epoch", i->op_name);
        judge(i, CHECK_OP_ROOF, what, i->op_rate, roof, whose);
    } else {
        lines_not_applicable(i, CHECK_OP_ROOF, "the step is fused: the backend itself times its phases");
    }
}
