/* SPDX-License-Identifier: MIT
 *
 * The frame of a vector backend: state, open and close, around the shared loop nests. An ISA's file defines
 * its vectors (vec_*.h) and its tiles, includes this, and exports one struct backend made by VECTOR_BACKEND.
 */
#ifndef LB_VECTOR_BACKEND_H
#define LB_VECTOR_BACKEND_H

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "backend.h"

static int threads_of(const void *state);

#include "vec_math.h"
#include "tile.h"
#include "pack.h"
#include "gemm_tiles.h"
#include "gemm_blocked.h"
#include "elementwise.h"
#include "fused_step.h"

struct vector_state {
    struct gemm_state gemm;
    struct fused *fused;
};

static const struct gemm_state *gemm_state_of(const void *state)
{
    return &((const struct vector_state *)state)->gemm;
}

static int threads_of(const void *state)
{
    return gemm_state_of(state)->threads;
}

static struct fused *fused_of(void *state)
{
    return ((const struct vector_state *)state)->fused;
}

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
        .choices = &gemm_choices, .open = vector_open, .close = vector_close,                                \
        .ops = {gemm, gather, bias_act, relu_grad, bias_grad, softmax_xent, rmsprop, vexp, vlog},            \
        .step = &fused_ops,                                                                                  \
    }

#endif
