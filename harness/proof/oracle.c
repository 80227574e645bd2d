/* SPDX-License-Identifier: MIT */
#include "proof/oracle.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A block of op(B): so many rows and columns of it at a time. */
enum { BLOCK_DEPTH = 8, BLOCK_WIDTH = 128 };

/* For each column j, in the order of the rows p of the block: value[j] += a[p] * b[p][j], and the gauge its
 * magnitude. Always BLOCK_DEPTH rows, so that compilers keep both sums in registers; a zero row of a and b
 * changes no sum, because none is ever -0. */
static void add_products(int width, const double *restrict a, double b[restrict][BLOCK_WIDTH],
                         double *restrict value, double *restrict gauge)
{
    for (int j = 0; j < width; j++) {
        double v = value[j], g = gauge[j];
        for (int p = 0; p < BLOCK_DEPTH; p++) {
            const double product = a[p] * b[p][j];
            v += product;
            g += fabs(product);
        }
        value[j] = v;
        gauge[j] = g;
    }
}

static bool all_finite(double b[BLOCK_DEPTH][BLOCK_WIDTH], int width)
{
    double sum = 0.0;
    for (int q = 0; q < BLOCK_DEPTH; q++)
        for (int j = 0; j < width; j++) sum += b[q][j] * 0.0; /* NaN from the first that is not */
    return sum == 0.0;
}

/* The factors of a row, as far as k reaches; false if all of them are 0. */
static bool read_factors(int depth, const float *a, size_t step, double factor[BLOCK_DEPTH])
{
    bool any = false;
    for (int q = 0; q < depth; q++) {
        factor[q] = a[(size_t)q * step];
        any = any || factor[q] != 0.0;
    }
    return any;
}

/* Sums of one block of columns over all k; a_row and so on are the strides of op(A) and op(B). */
static void add_columns(int m, int width, int k, const float *a, size_t a_row, size_t a_col, const float *b,
                        size_t b_row, size_t b_col, double *value, double *gauge, size_t ld)
{
    for (int p = 0; p < k; p += BLOCK_DEPTH) {
        const int depth = k - p < BLOCK_DEPTH ? k - p : BLOCK_DEPTH;
        double block[BLOCK_DEPTH][BLOCK_WIDTH], factor[BLOCK_DEPTH] = {0.0};
        if (depth < BLOCK_DEPTH) memset(block, 0, sizeof block);
        for (int q = 0; q < depth; q++)
            for (int j = 0; j < width; j++) block[q][j] = b[(size_t)(p + q) * b_row + (size_t)j * b_col];
        const bool zeros_count = !all_finite(block, width);
        for (int i = 0; i < m; i++)
            if (read_factors(depth, a + (size_t)i * a_row + (size_t)p * a_col, a_col, factor) || zeros_count)
                add_products(width, factor, block, value + (size_t)i * ld, gauge + (size_t)i * ld);
    }
}

void oracle_gemm(enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, const float *c, int ldc, double *value,
                 double *gauge)
{
    const size_t a_row = ta ? 1 : (size_t)lda, a_col = ta ? (size_t)lda : 1;
    const size_t b_row = tb ? 1 : (size_t)ldb, b_col = tb ? (size_t)ldb : 1;
    for (size_t i = 0; i < (size_t)m * (size_t)n; i++) value[i] = gauge[i] = 0.0;
    for (int j = 0; alpha != 0.0f && j < n; j += BLOCK_WIDTH) {
        const int width = n - j < BLOCK_WIDTH ? n - j : BLOCK_WIDTH;
        add_columns(m, width, k, a, a_row, a_col, b + (size_t)j * b_col, b_row, b_col, value + j, gauge + j,
                    (size_t)n);
    }
    for (int i = 0; i < m; i++) {
        double *vi = value + (size_t)i * (size_t)n, *gi = gauge + (size_t)i * (size_t)n;
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
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            const double x = d[(size_t)i * (size_t)ldd + (size_t)j];
            value[j] += x;
            gauge[j] += fabs(x);
        }
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
