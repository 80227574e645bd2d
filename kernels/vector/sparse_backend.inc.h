/* SPDX-License-Identifier: MIT
 *
 * A backend that is a training step without products of zero pixels, and nothing else: its ops are inherited.
 * An ISA's file defines what parameters.inc.h lists, SKIPS_ZEROS as 1, includes this, and exports one struct
 * backend made by SPARSE_BACKEND.
 */
#ifndef LB_SPARSE_BACKEND_INC_H
#define LB_SPARSE_BACKEND_INC_H

#include "frame.inc.h"

static bool open_parts(struct vector_state *s, const struct plan *plan)
{
    return (s->fused = fused_open(plan)) && (s->fused->sparse = sparse_new(s->fused));
}

static void close_parts(struct vector_state *s)
{
    if (s->fused) sparse_free(s->fused->sparse);
    fused_close(s->fused);
}

static void sparse_load(void *state, const struct model *m)
{
    forget_steps(fused_of(state));
    fused_load(state, m);
}

static void sparse_train(void *state, const struct batch *b, struct step_result *r)
{
    fused_train(state, b, r);
    count_step(fused_of(state));
    count_flop(fused_of(state), b->rows);
}

static void sparse_store(void *state, struct model *m)
{
    catch_up_all(fused_of(state));
    fused_store(state, m);
}

static double sparse_flop_done(void *state)
{
    return fused_of(state)->sparse->flop;
}

static const struct step_ops sparse_ops = {
    STEP_MEMBERS,          .load = sparse_load,           .step = sparse_train,
    .store = sparse_store, .flop_done = sparse_flop_done,
};

#define SPARSE_BACKEND(name_, dense_, needs_)                                                                \
    {                                                                                                        \
        FRAME_MEMBERS(name_, needs_), .summary = "skips zero pixels; same bits as " dense_,                  \
                                      .flags = BACKEND_DETERMINISTIC | BACKEND_INHERITS_FASTEST,             \
                                      .step = &sparse_ops, .same_bits_as = dense_,                           \
    }

#endif
