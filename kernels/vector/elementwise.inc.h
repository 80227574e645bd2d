/* SPDX-License-Identifier: MIT
 *
 * The element-wise ops of level 1 for one vector ISA: everything in ops.def but gemm. Each spreads rows (or
 * equal stretches of elements) over the OpenMP team; the arithmetic of an element does not depend on who
 * computes it. */
#ifndef LB_ELEMENTWISE_INC_H
#define LB_ELEMENTWISE_INC_H

#include <string.h>

#include "state.inc.h"
#include "vec_math.inc.h"

/* Below this many elements a team costs more than it gives: waking it takes about a microsecond. */
enum { TEAM_WORTHWHILE = 1 << 14 };

static int team_for(void *state, size_t elements)
{
    return elements < TEAM_WORTHWHILE ? 1 : threads_of(state);
}

static void gather_row(const uint8_t *image, int cols, float *out)
{
    int j = 0;
    for (; j + VL <= cols; j += VL) vf_store(out + j, vf_pixel(vf_from_u8(image + j)));
    if (j < cols) {
        uint8_t last[VL] = {0};
        memcpy(last, image + j, (size_t)(cols - j));
        vf_store_first(out + j, cols - j, vf_pixel(vf_from_u8(last)));
    }
}

static void gather(void *state, int rows, int cols, const uint8_t *pixels, const uint32_t *index, float *out,
                   int ldout)
{
    const int team = team_for(state, (size_t)rows * (size_t)cols);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int i = 0; i < rows; i++)
        gather_row(pixels + (size_t)index[i] * (size_t)cols, cols, out + (size_t)i * (size_t)ldout);
}

/* max(0, z) that keeps NaN: the second operand comes back where either is NaN. */
static inline vf activate(vf z, enum activation act)
{
    return act == ACT_RELU ? vf_max(vf_zero(), z) : z;
}

static void bias_act(void *state, int m, int n, const float *bias, enum activation act, float *x, int ldx)
{
    const int team = team_for(state, (size_t)m * (size_t)n);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int i = 0; i < m; i++) {
        float *row = x + (size_t)i * (size_t)ldx;
        int j = 0;
        for (; j + VL <= n; j += VL)
            vf_store(row + j, activate(vf_add(vf_load(row + j), vf_load(bias + j)), act));
        if (j < n) {
            const vf z = vf_add(vf_load_first(row + j, n - j), vf_load_first(bias + j, n - j));
            vf_store_first(row + j, n - j, activate(z, act));
        }
    }
}

static void relu_grad(void *state, int m, int n, const float *y, int ldy, float *d, int ldd)
{
    const int team = team_for(state, (size_t)m * (size_t)n);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int i = 0; i < m; i++) {
        const float *yi = y + (size_t)i * (size_t)ldy;
        float *di = d + (size_t)i * (size_t)ldd;
        int j = 0;
        for (; j + VL <= n; j += VL)
            vf_store(di + j, vf_keep(vm_gt(vf_load(yi + j), vf_zero()), vf_load(di + j)));
        if (j < n) {
            const vm active = vm_gt(vf_load_first(yi + j, n - j), vf_zero());
            vf_store_first(di + j, n - j, vf_keep(active, vf_load_first(di + j, n - j)));
        }
    }
}

/* Sum of column block j of d, up to VL columns wide. */
static void sum_columns(int m, int width, const float *d, int ldd, float *out)
{
    vf sum = vf_zero();
    if (width == VL)
        for (int i = 0; i < m; i++) sum = vf_add(sum, vf_load(d + (size_t)i * (size_t)ldd));
    else
        for (int i = 0; i < m; i++) sum = vf_add(sum, vf_load_first(d + (size_t)i * (size_t)ldd, width));
    vf_store_first(out, width, sum);
}

static void bias_grad(void *state, int m, int n, const float *d, int ldd, float *out)
{
    const int team = team_for(state, (size_t)m * (size_t)n);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int j = 0; j < n; j += VL) sum_columns(m, n - j < VL ? n - j : VL, d + j, ldd, out + j);
}

static float row_max(const float *z, int n)
{
    vf max = vf_set1(z[0]);
    int j = 0;
    for (; j + VL <= n; j += VL) max = vf_max(vf_load(z + j), max);
    if (j < n) max = vf_select(vm_first(n - j), vf_max(vf_load_first(z + j, n - j), max), max);
    return vf_reduce_max(max);
}

static float row_exp_sum(const float *z, int n, float max)
{
    vf sum = vf_zero();
    int j = 0;
    for (; j + VL <= n; j += VL) sum = vf_add(sum, vf_exp(vf_sub(vf_load(z + j), vf_set1(max))));
    if (j < n)
        sum =
            vf_add(sum, vf_keep(vm_first(n - j), vf_exp(vf_sub(vf_load_first(z + j, n - j), vf_set1(max)))));
    return vf_reduce_add(sum);
}

/* Writes probabilities and gradient of up to VL logits; label is relative to them and may lie outside. */
static void softmax_block(const float *z, int width, float max, float sum, int label, float grad_scale,
                          float *grad, float *prob)
{
    const vf p = vf_div(vf_exp(vf_sub(vf_load_first(z, width), vf_set1(max))), vf_set1(sum));
    if (prob) vf_store_first(prob, width, p);
    if (!grad) return;
    float hot[VL] = {0};
    if (label >= 0 && label < width) hot[label] = 1.0f;
    vf_store_first(grad, width, vf_mul(vf_sub(p, vf_load(hot)), vf_set1(grad_scale)));
}

static void softmax_xent(void *state, int m, int n, const float *logits, int ldlogits, const uint8_t *labels,
                         float grad_scale, float *loss, float *grad, int ldgrad, float *prob, int ldprob)
{
    const int team = team_for(state, (size_t)m * (size_t)n);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int i = 0; i < m; i++) {
        const float *z = logits + (size_t)i * (size_t)ldlogits;
        const float max = row_max(z, n);
        const float sum = row_exp_sum(z, n, max);
        float log_sum[VL];
        vf_store(log_sum, vf_log(vf_set1(sum)));
        loss[i] = log_sum[0] - (z[labels[i]] - max);
        for (int j = 0; j < n; j += VL)
            softmax_block(z + j, n - j < VL ? n - j : VL, max, sum, labels[i] - j, grad_scale,
                          grad ? grad + (size_t)i * (size_t)ldgrad + j : NULL,
                          prob ? prob + (size_t)i * (size_t)ldprob + j : NULL);
    }
}

static void rmsprop_range(const struct rmsprop_constants *c, size_t n, const float *g, float *v, float *w)
{
    size_t i = 0;
    for (; i + VL <= n; i += VL) {
        vf vi_ = vf_load(v + i);
        vf_store(w + i, vf_sub(vf_load(w + i), rmsprop_delta(c, vf_load(g + i), &vi_)));
        vf_store(v + i, vi_);
    }
    if (i < n) {
        const int rest = (int)(n - i);
        vf last = vf_load_first(v + i, rest);
        const vf delta = rmsprop_delta(c, vf_load_first(g + i, rest), &last);
        vf_store_first(w + i, rest, vf_sub(vf_load_first(w + i, rest), delta));
        vf_store_first(v + i, rest, last);
    }
}

/* Bounds of part i of `parts` equal stretches of n elements, at multiples of VL. */
static size_t stretch(size_t n, int parts, int i)
{
    const size_t blocks = (n + VL - 1) / VL;
    const size_t at = blocks * (size_t)i / (size_t)parts * VL;
    return at < n ? at : n;
}

static void rmsprop(void *state, size_t n, float lr, float rho, float epsilon, const float *g, float *v,
                    float *w)
{
    const struct rmsprop_constants c = rmsprop_constants(lr, rho, epsilon);
    const int team = team_for(state, n);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int t = 0; t < team; t++) {
        const size_t from = stretch(n, team, t), to = stretch(n, team, t + 1);
        rmsprop_range(&c, to - from, g + from, v + from, w + from);
    }
}

typedef vf vector_function(vf);

/* y[i] = f(x[i]), i < n. A function of its own, by whose name the test of the compiled code knows the one
 * place that calls a function with vectors through a pointer. */
static __attribute__((noinline)) void map_stretch(size_t n, const float *x, float *y, vector_function *f)
{
    size_t i = 0;
    for (; i + VL <= n; i += VL) vf_store(y + i, f(vf_load(x + i)));
    if (i < n) vf_store_first(y + i, (int)(n - i), f(vf_load_first(x + i, (int)(n - i))));
}

static inline void map(void *state, size_t n, const float *x, float *y, vector_function *f)
{
    const int team = team_for(state, n);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int t = 0; t < team; t++) {
        const size_t from = stretch(n, team, t);
        map_stretch(stretch(n, team, t + 1) - from, x + from, y + from, f);
    }
}

static void vexp(void *state, size_t n, const float *x, float *y)
{
    map(state, n, x, y, vf_exp);
}

static void vlog(void *state, size_t n, const float *x, float *y)
{
    map(state, n, x, y, vf_log);
}

#endif
