/* SPDX-License-Identifier: MIT
 *
 * The frame of a backend that is a training step without products of zero pixels, and nothing else: its ops
 * are inherited. An ISA's file defines what parameters.inc.h lists, SKIPS_ZEROS as 1, includes this, and
 * exports one struct backend made by SPARSE_BACKEND.
 */
#ifndef LB_SPARSE_BACKEND_INC_H
#define LB_SPARSE_BACKEND_INC_H

#include <stdio.h>
#include <stdlib.h>

#include "fused/step.inc.h"

static void sparse_close(void *state)
{
    struct vector_state *s = state;
    if (!s) return;
    if (s->fused) sparse_free(s->fused->sparse);
    fused_close(s->fused);
    free(s);
}

static int sparse_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    if (plan->classes < 1 || plan->classes > LOGITS) {
        snprintf(why, why_size, "%d classes; the fused step takes 1 to %d", plan->classes, LOGITS);
        return 1;
    }
    struct vector_state *s = calloc(1, sizeof *s);
    if (!s || !(s->fused = fused_open(plan)) || !(s->fused->sparse = sparse_new(s->fused))) {
        snprintf(why, why_size, "out of memory");
        sparse_close(s);
        return 1;
    }
    *state = s;
    return 0;
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
    .load = sparse_load,
    .step = sparse_train,
    .predict = fused_predict,
    .store = sparse_store,
    .phases = phase_names,
    .phase_seconds = fused_phase_seconds,
    .clock_reads = fused_clock_reads,
    .flop_done = sparse_flop_done,
};

#define SPARSE_BACKEND(name_, dense_, needs_)                                                                \
    {                                                                                                        \
        .abi_version = BACKEND_ABI_VERSION, .struct_size = sizeof(struct backend), .name = name_,            \
        .summary = "skips zero pixels; same bits as " dense_, .needs = needs_,                               \
        .flags = BACKEND_DETERMINISTIC | BACKEND_INHERITS_FASTEST, .open = sparse_open,                      \
        .close = sparse_close, .step = &sparse_ops, .same_bits_as = dense_,                                  \
    }

#endif
