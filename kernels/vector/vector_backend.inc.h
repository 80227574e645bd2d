/* SPDX-License-Identifier: MIT
 *
 * A vector backend with all ops and the training step. An ISA's file defines what parameters.inc.h lists,
 * includes this, and exports one struct backend made by VECTOR_BACKEND.
 */
#ifndef LB_VECTOR_BACKEND_INC_H
#define LB_VECTOR_BACKEND_INC_H

#include "elementwise.inc.h"
#include "frame.inc.h"
#include "gemm_blocked.inc.h"

static bool open_parts(struct vector_state *s, const struct plan *plan)
{
    return gemm_open(&s->gemm, plan) == 0 && (s->fused = fused_open(plan));
}

static void close_parts(struct vector_state *s)
{
    gemm_close(&s->gemm);
    fused_close(s->fused);
}

/* See struct backend. */
static void fused_work_of(const struct plan *plan, int thread, struct thread_work *work)
{
    const int vecs = (plan->hidden + VL - 1) / VL, rows = padded_rows(plan->batch);
    const int inputs = blocks_of(plan->inputs) * UNIT_ROWS;
    const struct portion forward = portion_of(vecs, blocks_of(rows), plan->threads, thread);
    const struct portion backward = portion_of(vecs, blocks_of(inputs), plan->threads, thread);
    work->forward = (double)rows_in(&forward, rows) * VL * plan->inputs;
    work->backward = (double)rows_in(&backward, inputs) * VL * rows;
}

static const struct step_ops fused_ops = {
    STEP_MEMBERS,
    .load = fused_load,
    .step = fused_train,
    .store = fused_store,
};

#define VECTOR_BACKEND(name_, summary_, needs_)                                                              \
    {                                                                                                        \
        FRAME_MEMBERS(name_, needs_),                                                                        \
            .summary = summary_, .flags = BACKEND_DETERMINISTIC, .blocking = GEMM_DEFAULT,                   \
            .choices = &gemm_choices, .blocking_of = gemm_blocking, .work_of = fused_work_of,                \
            .ops = {gemm, gather, bias_act, relu_grad, bias_grad, softmax_xent, rmsprop, vexp, vlog},        \
            .step = &fused_ops,                                                                              \
    }

#endif
