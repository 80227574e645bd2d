/* SPDX-License-Identifier: MIT
 *
 * What oneDNN has no primitive for, as plain C loops. A program that calls the library is compiled for its
 * CPU, so they are compiled for AVX2 as well as for any x86-64. RMSprop could be two chains of primitives:
 * of a step on Zen 4 with 2 threads, they took 148 us and the AVX2 loop 115. By itself the loop takes 61 us
 * for as many parameters, 119 as baseline code and 64 with AVX-512, which is why there is none. */
#ifndef LANEBENCH_ONEDNN_LOOPS_H
#define LANEBENCH_ONEDNN_LOOPS_H

#include <math.h>
#include <omp.h>

#include "backend.h"
#include "loss_scale.h"

struct loops {
    /* out[j] = image[j] / 255.0f; a multiplication by 1/255 would round differently. */
    void (*gather)(int cols, const uint8_t *image, float *out);
    /* As in backend.h, in the units of loss_scale.h; v does not fall below V_VANISHES. */
    void (*rmsprop)(const struct plan *p, size_t n, const float *g, float *v, float *w);
};

/* The loops as TARGET compiles them; the names end in the ISA, as tests/isa expects. */
#define LOOPS(ISA, TARGET)                                                                                   \
    TARGET static void gather_##ISA(int cols, const uint8_t *restrict image, float *restrict out)            \
    {                                                                                                        \
        for (int j = 0; j < cols; j++) out[j] = (float)image[j] / 255.0f;                                    \
    }                                                                                                        \
    TARGET static void rmsprop_##ISA(const struct plan *p, size_t n, const float *restrict g,                \
                                     float *restrict v, float *restrict w)                                   \
    {                                                                                                        \
        const float lr = p->lr, rho = p->rho, rest = 1.0f - rho, epsilon = p->epsilon * LOSS_SCALE;          \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const float mean = rho * v[i] + rest * g[i] * g[i];                                              \
            v[i] = mean < V_VANISHES ? V_VANISHES : mean;                                                    \
            w[i] -= lr * g[i] / (sqrtf(v[i]) + epsilon);                                                     \
        }                                                                                                    \
    }                                                                                                        \
    static const struct loops loops_##ISA = {gather_##ISA, rmsprop_##ISA};
LOOPS(baseline, )
LOOPS(avx2, __attribute__((target("avx2"))))
#undef LOOPS

static const struct loops *plan_loops(const struct plan *p)
{
    return p->isa & ISA_AVX2 ? &loops_avx2 : &loops_baseline;
}

/* The op of level 1, and of the step. */
static void gather_rows(const struct plan *p, int rows, int cols, const uint8_t *pixels,
                        const uint32_t *index, float *out, int ldout)
{
    const struct loops *loops = plan_loops(p);
#pragma omp parallel for num_threads(p->threads) schedule(static)
    for (int i = 0; i < rows; i++)
        loops->gather(cols, pixels + (size_t)index[i] * (size_t)cols, out + (size_t)i * (size_t)ldout);
}

/* One flat tensor of n floats, cut at cache lines. */
static void update(const struct plan *p, size_t n, const float *g, float *v, float *w)
{
    enum { LINE = 16 };
    const struct loops *loops = plan_loops(p);
#pragma omp parallel num_threads(p->threads)
    {
        const size_t lines = (n + LINE - 1) / LINE, thread = (size_t)omp_get_thread_num();
        const size_t threads = (size_t)omp_get_num_threads();
        const size_t from = lines * thread / threads * LINE, end = lines * (thread + 1) / threads * LINE;
        loops->rmsprop(p, (end < n ? end : n) - from, g + from, v + from, w + from);
    }
}

#endif
