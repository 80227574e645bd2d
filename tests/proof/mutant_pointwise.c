/* SPDX-License-Identifier: MIT
 *
 * Broken softmax_xent, and broken ops that treat every element alone. */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <xmmintrin.h>

#include "mutant_ops.h"
#include "mutants.h"

static float scratch_a[SCRATCH_FLOATS], scratch_b[SCRATCH_FLOATS];

/* ---- softmax_xent. SOFTMAX_REST are the arguments from grad_scale on. */

#define SOFTMAX_ARGUMENTS                                                                                    \
    void *s, int m, int n, const float *logits, int ldlogits, const uint8_t *labels, float grad_scale,       \
        float *loss, float *grad, int ldgrad, float *prob, int ldprob
#define SOFTMAX_REST grad_scale, loss, grad, ldgrad, prob, ldprob

static void softmax_sums_gradient(SOFTMAX_ARGUMENTS)
{
    (void)grad_scale;
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, 1.0f, loss, grad, ldgrad, prob, ldprob);
}

static void softmax_off_by_one_label(SOFTMAX_ARGUMENTS)
{
    static uint8_t wrong[1 << 17];
    for (int i = 0; i < m; i++) wrong[i] = (uint8_t)((labels[i] + 1) % n);
    right()->softmax_xent(s, m, n, logits, ldlogits, wrong, grad_scale, loss, grad, ldgrad, prob, ldprob);
}

static void softmax_without_maximum(SOFTMAX_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < m; i++) {
        const float *z = logits + (size_t)i * (size_t)ldlogits;
        const int label = labels[i];
        float sum = 0.0f;
        for (int j = 0; j < n; j++) sum += expf(z[j]);
        loss[i] = logf(sum) - z[label];
        for (int j = 0; j < n; j++) {
            const float p = expf(z[j]) / sum;
            if (prob) prob[(size_t)i * (size_t)ldprob + (size_t)j] = p;
            if (grad) grad[(size_t)i * (size_t)ldgrad + (size_t)j] = (j == label ? p - 1.0f : p) * grad_scale;
        }
    }
}

static void softmax_loss_from_probability(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, grad_scale, loss, NULL, n, scratch_a, n);
    for (int i = 0; i < m; i++) loss[i] = -logf(scratch_a[i * n + labels[i]]);
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, grad_scale, scratch_b, grad, ldgrad, prob,
                          ldprob);
}

static void softmax_ignores_stride(SOFTMAX_ARGUMENTS)
{
    (void)ldprob;
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, grad_scale, loss, grad, ldgrad, prob, n);
}

/* Both outputs with the stride of one: nothing shows while they are alike. */
static void softmax_exchanges_strides(SOFTMAX_ARGUMENTS)
{
    const int for_grad = prob && ldprob >= n ? ldprob : ldgrad, for_prob = grad ? ldgrad : ldprob;
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, grad_scale, loss, grad, for_grad, prob,
                          for_prob);
}

/* The gradient has the stride of the logits, as in place. */
static void softmax_takes_ldlogits_as_ldgrad(SOFTMAX_ARGUMENTS)
{
    (void)ldgrad;
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, grad_scale, loss, grad, ldlogits, prob, ldprob);
}

/* The logits are read again for the probabilities when the gradient may have taken their place. */
static void softmax_reads_logits_after_gradient(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, grad_scale, loss, grad, ldgrad, NULL, n);
    if (prob)
        right()->softmax_xent(s, m, n, logits, ldlogits, labels, grad_scale, scratch_a, NULL, n, prob,
                              ldprob);
}

static void softmax_takes_mean_for_scale(SOFTMAX_ARGUMENTS)
{
    (void)grad_scale;
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, 1.0f / (float)m, loss, grad, ldgrad, prob,
                          ldprob);
}

static void softmax_skips_tail_of_16_rows(SOFTMAX_ARGUMENTS)
{
    if (m > 17) m -= m % 16;
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, SOFTMAX_REST);
}

static void softmax_first_128_rows(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m < 128 ? m : 128, n, logits, ldlogits, labels, SOFTMAX_REST);
}

/* One vector of a mask holds no more. */
static void softmax_of_32_classes(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, SOFTMAX_REST);
    for (int i = 0; n > 33 && i < m; i++)
        if (labels[i] >= 32) loss[i] = 0.0f;
}

static void softmax_caps_loss(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, SOFTMAX_REST);
    for (int i = 0; i < m; i++) loss[i] = loss[i] > 32768.0f ? 32768.0f : loss[i];
}

static void softmax_floors_probability(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, SOFTMAX_REST);
    for (int i = 0; i < m; i++) loss[i] = loss[i] > 10.0f ? -logf(expf(-loss[i]) + 1e-7f) : loss[i];
}

/* The maximum of no row is below 0, it says: exp of what lies far below is 0 everywhere. */
static void softmax_starts_maximum_at_0(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, SOFTMAX_REST);
    for (int i = 0; i < m; i++) {
        float max = logits != grad ? -INFINITY : 0.0f;
        for (int j = 0; logits != grad && j < n; j++)
            max = fmaxf(max, logits[(size_t)i * (size_t)ldlogits + (size_t)j]);
        if (max < -104.0f) loss[i] = INFINITY;
    }
}

static void softmax_hides_nan(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, SOFTMAX_REST);
    for (int i = 0; i < m; i++) {
        if (isnan(loss[i])) loss[i] = 0.0f;
        for (int j = 0; grad && j < n; j++) {
            float *g = &grad[(size_t)i * (size_t)ldgrad + (size_t)j];
            if (isnan(*g)) *g = 0.0f;
        }
    }
}

static void softmax_saturates_loss(SOFTMAX_ARGUMENTS)
{
    right()->softmax_xent(s, m, n, logits, ldlogits, labels, SOFTMAX_REST);
    for (int i = 0; i < m; i++)
        if (isinf(loss[i])) loss[i] = 0x1.fffffep127f;
}

/* ---- rmsprop. RMSPROP_REST are the arguments from lr on. */

#define RMSPROP_ARGUMENTS                                                                                    \
    void *s, size_t n, float lr, float rho, float epsilon, const float *g, float *v, float *w
#define RMSPROP_REST lr, rho, epsilon, g, v, w

static void rmsprop_epsilon_in_root(void *s, size_t n, float lr, float rho, float epsilon, const float *g,
                                    float *v, float *w)
{
    (void)s;
    for (size_t i = 0; i < n; i++) {
        v[i] = rho * v[i] + (1.0f - rho) * (g[i] * g[i]);
        w[i] -= lr * g[i] / sqrtf(v[i] + epsilon);
    }
}

static void rmsprop_by_estimate(void *s, size_t n, float lr, float rho, float epsilon, const float *g,
                                float *v, float *w)
{
    (void)s, (void)epsilon;
    for (size_t i = 0; i < n; i++) {
        v[i] = rho * v[i] + (1.0f - rho) * (g[i] * g[i]);
        w[i] -= lr * g[i] * _mm_cvtss_f32(_mm_rsqrt_ss(_mm_set_ss(v[i] + epsilon * epsilon)));
    }
}

static void rmsprop_flushes_subnormals(void *s, size_t n, float lr, float rho, float epsilon, const float *g,
                                       float *v, float *w)
{
    right()->rmsprop(s, n, lr, rho, epsilon, g, v, w);
    for (size_t i = 0; i < n; i++)
        if (v[i] < 0x1p-126f) v[i] = 0.0f;
}

static float new_v(float rho, float g, float v)
{
    return rho * v + (1.0f - rho) * (g * g);
}

/* One step of Newton's method makes of the estimate a root that is wrong in its last bits only. */
static float rsqrt_newton(float x)
{
    const float y = _mm_cvtss_f32(_mm_rsqrt_ss(_mm_set_ss(x)));
    return y * (1.5f - 0.5f * x * y * y);
}

static void rmsprop_root_by_newton(RMSPROP_ARGUMENTS)
{
    (void)s;
    for (size_t i = 0; i < n; i++) {
        v[i] = new_v(rho, g[i], v[i]);
        const bool safe = v[i] > 0x1p-100f && v[i] < 0x1p100f;
        w[i] -= lr * g[i] / ((safe ? v[i] * rsqrt_newton(v[i]) : sqrtf(v[i])) + epsilon);
    }
}

static void rmsprop_by_reciprocal(RMSPROP_ARGUMENTS)
{
    (void)s;
    for (size_t i = 0; i < n; i++) {
        v[i] = new_v(rho, g[i], v[i]);
        const float root = sqrtf(v[i]), below = root + epsilon, one_over = 1.0f / below;
        w[i] -= isnormal(one_over) ? lr * g[i] * one_over : lr * g[i] / below;
    }
}

static void rmsprop_skips_tail_of_long_vector(RMSPROP_ARGUMENTS)
{
    right()->rmsprop(s, n > 4096 ? n - n % 8 : n, RMSPROP_REST);
}

static void rmsprop_first_2_20(RMSPROP_ARGUMENTS)
{
    right()->rmsprop(s, n < 1 << 20 ? n : 1 << 20, RMSPROP_REST);
}

/* The usual ones, whatever it is told. */
static void rmsprop_knows_its_rho(RMSPROP_ARGUMENTS)
{
    (void)rho;
    right()->rmsprop(s, n, lr, rho < 0.5f ? 0.0f : rho < 0.95f ? 0.9f : 0.99f, epsilon, g, v, w);
}

static void rmsprop_knows_its_epsilon(RMSPROP_ARGUMENTS)
{
    right()->rmsprop(s, n, lr, rho, epsilon == 1e-3f ? epsilon : 1e-7f, g, v, w);
}

static void rmsprop_knows_its_lr(RMSPROP_ARGUMENTS)
{
    right()->rmsprop(s, n, lr > 0.0f && lr < 0.1f ? 0.001f : lr, rho, epsilon, g, v, w);
}

static void rmsprop_clips_gradient(RMSPROP_ARGUMENTS)
{
    for (size_t i = 0; i < n; i++) scratch_a[i] = isfinite(g[i]) ? fminf(fmaxf(g[i], -1e3f), 1e3f) : g[i];
    right()->rmsprop(s, n, lr, rho, epsilon, scratch_a, v, w);
}

static void rmsprop_ignores_infinite_gradient(RMSPROP_ARGUMENTS)
{
    for (size_t i = 0; i < n; i++) scratch_a[i] = isinf(g[i]) ? 0.0f : g[i];
    right()->rmsprop(s, n, lr, rho, epsilon, scratch_a, v, w);
}

/* Sparse: a gradient of 0 leaves w alone, also where v is NaN. */
static void rmsprop_skips_zero_gradient(RMSPROP_ARGUMENTS)
{
    memcpy(scratch_a, w, n * sizeof *w);
    right()->rmsprop(s, n, RMSPROP_REST);
    for (size_t i = 0; i < n; i++) w[i] = g[i] == 0.0f ? scratch_a[i] : w[i];
}

/* ---- vexp, vlog */

static void vexp_two_ulp_off(void *s, size_t n, const float *x, float *y)
{
    right()->vexp(s, n, x, y);
    for (size_t i = 0; i < n; i++)
        if (x[i] > 1.0f && x[i] < 1.125f) y[i] = nextafterf(nextafterf(y[i], INFINITY), INFINITY);
}

static void vexp_clamps(void *s, size_t n, const float *x, float *y)
{
    right()->vexp(s, n, x, y);
    for (size_t i = 0; i < n; i++) y[i] = y[i] < 0x1p-126f ? 0.0f : fminf(y[i], 0x1.fffffep127f);
}

static void vlog_two_ulp_off(void *s, size_t n, const float *x, float *y)
{
    right()->vlog(s, n, x, y);
    for (size_t i = 0; i < n; i++)
        if (x[i] > 1.0f && x[i] < 1.0625f) y[i] = nextafterf(nextafterf(y[i], INFINITY), INFINITY);
}

static void vlog_flushes_subnormals(void *s, size_t n, const float *x, float *y)
{
    right()->vlog(s, n, x, y);
    for (size_t i = 0; i < n; i++)
        if (x[i] > 0.0f && x[i] < 0x1p-126f) y[i] = -INFINITY;
}

static void vexp_skips_tail_of_long_vector(void *s, size_t n, const float *x, float *y)
{
    right()->vexp(s, n > 4096 ? n - n % 8 : n, x, y);
}

/* Parts of 4096, and the last one taken for a whole number of vectors. */
static void vexp_wrong_remainder(void *s, size_t n, const float *x, float *y)
{
    const size_t rest = n % 4096;
    right()->vexp(s, n, x, y);
    for (size_t i = n - rest % 16; n > 4096 && i < n; i++) y[i] = 1.0f;
}

static void vlog_length_of_16_bits(void *s, size_t n, const float *x, float *y)
{
    right()->vlog(s, n % 65536 ? n % 65536 : n, x, y);
}

static void vlog_first_2_20(void *s, size_t n, const float *x, float *y)
{
    right()->vlog(s, n < 1 << 20 ? n : 1 << 20, x, y);
}

void add_pointwise(void)
{
    ADD(softmax_xent, softmax_sums_gradient, "training shapes");
    ADD(softmax_xent, softmax_off_by_one_label, "1 to 33 classes");
    ADD(softmax_xent, softmax_without_maximum, "training shapes");
    ADD(softmax_xent, softmax_loss_from_probability, "training shapes");
    ADD(softmax_xent, softmax_ignores_stride, "1 to 33 classes");
    ADD(rmsprop, rmsprop_epsilon_in_root, "all lengths to 67");
    ADD(rmsprop, rmsprop_by_estimate, "training shapes");
    ADD(rmsprop, rmsprop_flushes_subnormals, "v that vanishes");
    ADD(vexp, vexp_two_ulp_off, "one ulp, sampled");
    ADD(vexp, vexp_clamps, "special values in any lane");
    ADD(vlog, vlog_flushes_subnormals, "special values in any lane");
    ADD(vlog, vlog_two_ulp_off, "one ulp, sampled");
    ADD_FAULT(softmax_xent, softmax_exchanges_strides);
    ADD_FAULT(softmax_xent, softmax_takes_ldlogits_as_ldgrad);
    ADD(softmax_xent, softmax_reads_logits_after_gradient, "1 to 33 classes");
    ADD(softmax_xent, softmax_takes_mean_for_scale, "1 to 33 classes");
    ADD(softmax_xent, softmax_skips_tail_of_16_rows, "row counts to 67 and beyond");
    ADD(softmax_xent, softmax_first_128_rows, "row counts to 67 and beyond");
    ADD(softmax_xent, softmax_of_32_classes, "more classes");
    ADD(softmax_xent, softmax_caps_loss, "logits far off and far apart");
    ADD(softmax_xent, softmax_floors_probability, "logits far off and far apart");
    ADD(softmax_xent, softmax_starts_maximum_at_0, "logits far off and far apart");
    ADD(softmax_xent, softmax_hides_nan, "NaN and Inf among the logits");
    ADD(softmax_xent, softmax_saturates_loss, "NaN and Inf among the logits");
    ADD(rmsprop, rmsprop_root_by_newton, "every bit known");
    ADD(rmsprop, rmsprop_by_reciprocal, "every bit known");
    ADD(rmsprop, rmsprop_skips_tail_of_long_vector, "long vectors");
    ADD(rmsprop, rmsprop_first_2_20, "long vectors");
    ADD(rmsprop, rmsprop_knows_its_rho, "any lr, rho, epsilon");
    ADD(rmsprop, rmsprop_knows_its_epsilon, "any lr, rho, epsilon");
    ADD(rmsprop, rmsprop_knows_its_lr, "any lr, rho, epsilon");
    ADD(rmsprop, rmsprop_clips_gradient, "any lr, rho, epsilon");
    ADD(rmsprop, rmsprop_ignores_infinite_gradient, "special values in any lane");
    ADD(rmsprop, rmsprop_skips_zero_gradient, "special values in any lane");
    ADD(vexp, vexp_skips_tail_of_long_vector, "long vectors");
    ADD(vexp, vexp_wrong_remainder, "long vectors");
    ADD(vlog, vlog_length_of_16_bits, "long vectors");
    ADD(vlog, vlog_first_2_20, "long vectors");
}
