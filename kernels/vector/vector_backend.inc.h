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
