/* SPDX-License-Identifier: MIT
 *
 * The frame of a vector backend: open and close around the shared loop nests. An ISA's file defines what
 * parameters.inc.h lists, includes this, and exports one struct backend made by VECTOR_BACKEND.
 */
#ifndef LB_VECTOR_BACKEND_INC_H
#define LB_VECTOR_BACKEND_INC_H

#include <stdio.h>
#include <stdlib.h>

#include "elementwise.inc.h"
#include "fused/step.inc.h"
#include "gemm_blocked.inc.h"

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
    .load = fused_load,
    .step = fused_train,
    .predict = fused_predict,
    .store = fused_store,
    .phases = phase_names,
    .phase_seconds = fused_phase_seconds,
    .clock_reads = fused_clock_reads,
};

static void vector_close(void *state)
{
    struct vector_state *s = state;
    if (!s) return;
    gemm_close(&s->gemm);
    fused_close(s->fused);
    free(s);
}

static int vector_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    if (plan->classes < 1 || plan->classes > LOGITS) {
        snprintf(why, why_size, "%d classes; the fused step takes 1 to %d", plan->classes, LOGITS);
        return 1;
    }
    struct vector_state *s = calloc(1, sizeof *s);
    if (!s || gemm_open(&s->gemm, plan) || !(s->fused = fused_open(plan))) {
        snprintf(why, why_size, "out of memory");
        vector_close(s);
        return 1;
    }
    *state = s;
    return 0;
}

#define VECTOR_BACKEND(name_, summary_, needs_)                                                              \
    {                                                                                                        \
        .abi_version = BACKEND_ABI_VERSION, .struct_size = sizeof(struct backend), .name = name_,            \
        .summary = summary_, .needs = needs_, .flags = BACKEND_DETERMINISTIC, .blocking = GEMM_DEFAULT,      \
        .choices = &gemm_choices, .blocking_of = gemm_blocking, .work_of = fused_work_of,                    \
        .open = vector_open, .close = vector_close,                                                          \
        .ops = {gemm, gather, bias_act, relu_grad, bias_grad, softmax_xent, rmsprop, vexp, vlog},            \
        .step = &fused_ops,                                                                                  \
    }

#endif
