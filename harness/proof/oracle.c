/* SPDX-License-Identifier: MIT */
#include "proof/oracle.h"

#include <math.h>
#include <stddef.h>

/* value += a * b, gauge += |a * b| along a row of op(B); step is the distance of its neighbours. */
static void add_product(int n, double a, const float *restrict b, size_t step, double *restrict value,
                        double *restrict gauge)
{
    if (step == 1) {
        for (int j = 0; j < n; j++) value[j] += a * (double)b[j];
        for (int j = 0; j < n; j++) gauge[j] += fabs(a * (double)b[j]);
        return;
    }
    for (int j = 0; j < n; j++) {
        const double product = a * (double)b[(size_t)j * step];
        value[j] += product;
        gauge[j] += fabs(product);
    }
}

void oracle_gemm(enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, const float *c, int ldc, double *value,
                 double *gauge)
{
    const size_t a_row = ta ? 1 : (size_t)lda, a_col = ta ? (size_t)lda : 1;
    const size_t b_row = tb ? 1 : (size_t)ldb, b_col = tb ? (size_t)ldb : 1;
    for (int i = 0; i < m; i++) {
        double *vi = value + (size_t)i * (size_t)n, *gi = gauge + (size_t)i * (size_t)n;
        for (int j = 0; j < n; j++) vi[j] = gi[j] = 0.0;
        for (int p = 0; alpha != 0.0f && p < k; p++)
            add_product(n, a[(size_t)i * a_row + (size_t)p * a_col], b + (size_t)p * b_row, b_col, vi, gi);
        for (int j = 0; j < n; j++) {
            const double c0 =
                beta == 0.0f ? 0.0 : (double)beta * (double)c[(size_t)i * (size_t)ldc + (size_t)j];
            vi[j] = (alpha == 0.0f ? 0.0 : (double)alpha * vi[j]) + c0;
            gi[j] = (alpha == 0.0f ? 0.0 : fabs((double)alpha) * gi[j]) + fabs(c0);
        }
    }
}

double oracle_gather(uint8_t pixel)
{
    return (float)(pixel / 255.0); /* rounding to double first is harmless: 53 >= 2 * 24 + 2 */
}

double oracle_bias_act(float x, float bias, enum activation act)
{
    const double z = (double)x + (double)bias;
    if (fabs(z) >= 0x1.ffffffp127) return act == ACT_RELU && z < 0.0 ? 0.0 : copysign((double)INFINITY, z);
    return act == ACT_RELU && z < 0.0 ? 0.0 : z;
}

double oracle_relu_grad(float y, float d)
{
    return y > 0.0f ? d : 0.0;
}

void oracle_bias_grad(int m, int n, const float *d, int ldd, double *value, double *gauge)
{
    for (int j = 0; j < n; j++) value[j] = gauge[j] = 0.0;
    for (int i = 0; i < m; i++) add_product(n, 1.0, d + (size_t)i * (size_t)ldd, 1, value, gauge);
}

void oracle_softmax_xent(int n, const double *logits, int label, struct oracle_softmax *s)
{
    double max = logits[0], sum = 0.0, e[ORACLE_MAX_CLASSES];
    for (int j = 1; j < n; j++) max = fmax(max, logits[j]);
    for (int j = 0; j < n; j++) {
        s->shift[j] = max - logits[j];
        e[j] = exp(-s->shift[j]);
        sum += e[j];
    }
    for (int j = 0; j < n; j++) {
        double others = 0.0;
        for (int l = 0; l < n; l++) others += l == j ? 0.0 : e[l];
        s->p[j] = e[j] / sum;
        s->rest[j] = others / sum;
    }
    s->log_sum = log(sum);
    s->loss = s->log_sum + s->shift[label];
}

struct rmsprop_constants rmsprop_constants(float lr, float rho, float epsilon)
{
    const float one_minus_rho = 1.0f - rho;
    return (struct rmsprop_constants){lr, rho, one_minus_rho, epsilon};
}

double oracle_rmsprop_v(const struct rmsprop_constants *c, double g, double v)
{
    return c->rho * v + c->one_minus_rho * (g * g);
}

double oracle_rmsprop_w(const struct rmsprop_constants *c, double g, double v, double w)
{
    return g == 0.0 && v >= 0.0 ? w : w - c->lr * g / (sqrt(oracle_rmsprop_v(c, g, v)) + c->epsilon);
}

void oracle_rmsprop(const struct rmsprop_constants *c, double g, double *v, double *w)
{
    *w = oracle_rmsprop_w(c, g, *v, *w);
    *v = oracle_rmsprop_v(c, g, *v);
}

static double as_float(double x)
{
    return (float)x;
}

/* Rounding to double first is harmless: 53 >= 2 * 24 + 2, which covers sum, quotient and root. */
void oracle_rmsprop_rounded(const struct rmsprop_constants *c, double g, double *v, double *w)
{
    *v = oracle_rmsprop_v(c, g, *v);
    *w = as_float(*w - as_float(c->lr * g / as_float(as_float(sqrt(*v)) + c->epsilon)));
}

double oracle_vexp(float x)
{
    const double y = exp((double)x);
    return y >= 0x1p128 ? (double)INFINITY : y;
}

double oracle_vlog(float x)
{
    return log((double)x);
}
