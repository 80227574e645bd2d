/* SPDX-License-Identifier: MIT
 *
 * A plug-in whose gemm is a vector backend's own, compiled once more: against that backend it must be called
 * the same. As same_gemm:PERCENT each call takes that much longer, and must be called slower. SAME_FILE and
 * SAME_BACKEND say which. See docs/testing.md for both. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend.h"

static gemm_fn slowed_gemm;
static int same_open(const struct plan *plan, void **state, char *why, size_t why_size);
static void same_close(void *state);
static const char *same_implementation(void *state);

/* Of the backend's file, the parameters of its gemm; the frame is this one's. */
#define LB_VECTOR_BACKEND_INC_H
#define VECTOR_BACKEND(name_, summary_, needs_)                                                              \
    {                                                                                                        \
        .abi_version = BACKEND_ABI_VERSION, .struct_size = sizeof(struct backend), .name = "same_gemm",      \
        .summary = "the gemm of " name_, .needs = needs_,                                                    \
        .flags = BACKEND_DETERMINISTIC | BACKEND_TAKES_ARGUMENT | BACKEND_INHERITS_FASTEST,                  \
        .blocking = GEMM_DEFAULT, .open = same_open, .close = same_close,                                    \
        .implementation = same_implementation, .ops = {.gemm = slowed_gemm},                                 \
    }
#include SAME_FILE
#include "vector/parameters.inc.h"
#include "vector/gemm_blocked.inc.h"

struct same {
    struct vector_state vector; /* first: gemm's own */
    double slowdown;            /* as a share */
};

static int same_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    struct same *s = calloc(1, sizeof *s);
    (void)threads_of, (void)fused_of; /* of the state's header, for what is left out */
    if (!s || gemm_open(&s->vector.gemm, plan)) {
        snprintf(why, why_size, "out of memory");
        free(s);
        return 1;
    }
    if (plan->argument) s->slowdown = atof(plan->argument) / 100;
    *state = s;
    return 0;
}

static void same_close(void *state)
{
    struct same *s = state;
    gemm_close(&s->vector.gemm);
    free(s);
}

/* A contender without a step tells only what names an op. */
static const char *same_implementation(void *state)
{
    (void)state;
    return "step=none;gemm=same";
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void slowed_gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                        const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const double slowdown = ((const struct same *)state)->slowdown;
    const double start = slowdown > 0 ? now() : 0;
    gemm(state, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (slowdown > 0)
        for (const double end = now(), until = end + slowdown * (end - start); now() < until;) continue;
}

const struct backend *lanebench_backend(void)
{
    return &SAME_BACKEND;
}
