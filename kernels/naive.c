/* SPDX-License-Identifier: MIT
 *
 * The clearest loops that mean what backend.h says. Built with auto-vectorisation off, so that "naive" stays
 * a fair baseline; rows are divided among the OpenMP team as in the other backends. */
#include <math.h>
#include <stdlib.h>

#include "backend.h"

struct naive {
    int threads;
};

static int naive_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    (void)why, (void)why_size;
    static const char *const message = "out of memory";
    struct naive *s = malloc(sizeof *s);
    if (!s) {
        for (size_t i = 0; i + 1 < why_size && message[i]; i++) why[i] = message[i], why[i + 1] = 0;
        return 1;
    }
    s->threads = plan->threads;
    *state = s;
    return 0;
}

static void naive_close(void *state)
{
    free(state);
}

static int threads_of(void *state)
{
    return ((const struct naive *)state)->threads;
}

static void gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const size_t a_row = ta ? 1 : (size_t)lda, a_col = ta ? (size_t)lda : 1;
    const size_t b_row = tb ? 1 : (size_t)ldb, b_col = tb ? (size_t)ldb : 1;
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (int i = 0; i < m; i++) {
        float *ci = c + (size_t)i * (size_t)ldc;
        for (int j = 0; j < n; j++) ci[j] = beta == 0.0f ? 0.0f : beta * ci[j];
        if (alpha == 0.0f) continue;
        for (int p = 0; p < k; p++) {
            const float aip = alpha * a[(size_t)i * a_row + (size_t)p * a_col];
            const float *bp = b + (size_t)p * b_row;
            for (int j = 0; j < n; j++) ci[j] += aip * bp[(size_t)j * b_col];
        }
    }
}

static void gather(void *state, int rows, int cols, const uint8_t *pixels, const uint32_t *index, float *out,
                   int ldout)
{
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (int i = 0; i < rows; i++) {
        const uint8_t *image = pixels + (size_t)index[i] * (size_t)cols;
        for (int j = 0; j < cols; j++) out[(size_t)i * (size_t)ldout + (size_t)j] = (float)image[j] / 255.0f;
    }
}

static void bias_act(void *state, int m, int n, const float *bias, enum activation act, float *x, int ldx)
{
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (int i = 0; i < m; i++) {
        float *row = x + (size_t)i * (size_t)ldx;
        for (int j = 0; j < n; j++) {
            const float z = row[j] + bias[j];
            row[j] = act == ACT_RELU && z < 0.0f ? 0.0f : z; /* NaN fails the comparison and stays */
        }
    }
}

static void relu_grad(void *state, int m, int n, const float *y, int ldy, float *d, int ldd)
{
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            if (!(y[(size_t)i * (size_t)ldy + (size_t)j] > 0.0f))
                d[(size_t)i * (size_t)ldd + (size_t)j] = 0.0f;
}

static void bias_grad(void *state, int m, int n, const float *d, int ldd, float *out)
{
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (int j = 0; j < n; j++) {
        float sum = 0.0f;
        for (int i = 0; i < m; i++) sum += d[(size_t)i * (size_t)ldd + (size_t)j];
        out[j] = sum;
    }
}

static void softmax_xent(void *state, int m, int n, const float *logits, int ldlogits, const uint8_t *labels,
                         float grad_scale, float *loss, float *grad, int ldgrad, float *prob, int ldprob)
{
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (int i = 0; i < m; i++) {
        const float *z = logits + (size_t)i * (size_t)ldlogits;
        const int label = labels[i];
        float max = z[0];
        for (int j = 1; j < n; j++) max = z[j] > max ? z[j] : max;
        float sum = 0.0f;
        for (int j = 0; j < n; j++) sum += expf(z[j] - max);
        loss[i] = logf(sum) - (z[label] - max);
        for (int j = 0; j < n; j++) { /* z may be overwritten by grad: read each logit before writing it */
            const float p = expf(z[j] - max) / sum;
            if (prob) prob[(size_t)i * (size_t)ldprob + (size_t)j] = p;
            if (grad) grad[(size_t)i * (size_t)ldgrad + (size_t)j] = (j == label ? p - 1.0f : p) * grad_scale;
        }
    }
}

static void rmsprop(void *state, size_t n, float lr, float rho, float epsilon, const float *g, float *v,
                    float *w)
{
    const float one_minus_rho = 1.0f - rho;
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (size_t i = 0; i < n; i++) {
        v[i] = rho * v[i] + one_minus_rho * (g[i] * g[i]);
        w[i] -= lr * g[i] / (sqrtf(v[i]) + epsilon);
    }
}

static void vexp(void *state, size_t n, const float *x, float *y)
{
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (size_t i = 0; i < n; i++) y[i] = expf(x[i]);
}

static void vlog(void *state, size_t n, const float *x, float *y)
{
#pragma omp parallel for num_threads(threads_of(state)) schedule(static)
    for (size_t i = 0; i < n; i++) y[i] = logf(x[i]);
}

const struct backend backend_naive = {
    .abi_version = BACKEND_ABI_VERSION,
    .struct_size = sizeof(struct backend),
    .name = "naive",
    .summary = "plain C loops, auto-vectorisation off",
    .needs = 0,
    .flags = BACKEND_DETERMINISTIC,
    .open = naive_open,
    .close = naive_close,
    .ops = {gemm, gather, bias_act, relu_grad, bias_grad, softmax_xent, rmsprop, vexp, vlog},
};
