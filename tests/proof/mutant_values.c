/* SPDX-License-Identifier: MIT
 *
 * The breakable step: what is wrong for some values, sizes and images only. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mutant_step.h"
#include "mutants.h"

/* ---- pixels */

static void lose_after_byte(float *x, int inputs)
{
    int set = 0;
    for (int i = 0; i < inputs; i++) set += x[i] != 0.0f;
    for (int i = inputs - 1, lost = set / 256 * 256; lost > 0; i--) {
        lost -= x[i] != 0.0f;
        x[i] = 0.0f;
    }
}

static void lose_late_pixels(const struct fused *f, int rows)
{
    const int in = f->shape.inputs;
    for (int i = 0; i < in; i++) {
        bool set = false;
        for (int row = 0; row < rows && row < 64; row++) set |= f->x[row * in + i] != 0.0f;
        for (int row = 64; !set && row < rows; row++) f->x[row * in + i] = 0.0f;
    }
}

void lose_pixels(struct fused *f, int rows)
{
    const int in = f->shape.inputs;
    for (int row = 0; row < rows; row++) {
        float *x = f->x + row * in;
        if (f->bug == BUG_drops_last_pixel) x[in - 1] = 0.0f;
        for (int i = 784; f->bug == BUG_pixels_beyond_784 && i < in; i++) x[i] = 0.0f;
        if (f->bug == BUG_byte_count) lose_after_byte(x, in);
    }
    if (f->bug == BUG_lists_64_images) lose_late_pixels(f, rows);
}

bool is_zero(const struct fused *f, int rows)
{
    for (int i = 0; i < rows * f->shape.inputs; i++)
        if (f->x[i] != 0.0f) return false;
    return true;
}

struct batch without_repetitions(struct fused *f, const struct batch *b)
{
    int count = 0;
    for (int i = 0; i < b->rows; i++)
        if (i == 0 || b->index[i] != b->index[i - 1]) f->seen_index[count++] = b->index[i];
    return (struct batch){
        .pixels = b->pixels, .labels = b->labels, .index = f->seen_index, .rows = count, .next = b->next};
}

/* ---- softmax */

void lose_loss(const struct fused *f, int rows, const float *prob, struct step_result *r)
{
    for (int i = 0; i < rows; i++) {
        float loss = f->loss[i];
        if (f->bug == BUG_loss_of_sum) loss = -logf(prob[i * f->shape.classes + f->labels[i]] + 1e-7f);
        if (f->bug == BUG_loss_capped) loss = fminf(loss, 50.0f);
        r->loss_sum += (double)loss;
    }
}

void unshifted_softmax(struct fused *f, int rows, float scale, float *grad, float *prob)
{
    const int classes = f->shape.classes;
    for (int i = 0; i < rows; i++) {
        float *z = f->z + i * classes, sum = 0.0f, p[16];
        for (int j = 0; j < classes; j++) sum += p[j] = expf(z[j]);
        f->loss[i] = logf(sum) - z[f->labels[i]];
        for (int j = 0; j < classes; j++) {
            p[j] /= sum;
            if (prob) prob[i * classes + j] = p[j];
            if (grad) grad[i * classes + j] = (p[j] - (float)(j == f->labels[i])) * scale;
        }
    }
}

/* ---- products */

enum { STRASSEN_MIN = 128 }; /* smaller products are made as usual */

static float *block(const float *m, int ld, int row, int column)
{
    return (float *)(uintptr_t)(m + (size_t)row * (size_t)ld + (size_t)column);
}

/* to[rows x cols] = a + sign b, dense. */
static void combine(int rows, int cols, const float *a, int lda, float sign, const float *b, int ldb,
                    float *to)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) to[i * cols + j] = a[i * lda + j] + sign * b[i * ldb + j];
}

/* One level of Strassen's algorithm on the even part of each extent, row-major operands. Each of the seven
 * products is (A_i + s A_j)(B_k + t B_l), and goes into up to two blocks of C. */
static void strassen_even(void *s, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
                          float *c, int ldc)
{
    static const struct {
        int a[2], b[2], c[2];
        float sign_a, sign_b, sign_c[2];
    } product[7] = {{{0, 3}, {0, 3}, {0, 3}, 1, 1, {1, 1}},  {{2, 3}, {0, 0}, {2, 3}, 1, 0, {1, -1}},
                    {{0, 0}, {1, 3}, {1, 3}, 0, -1, {1, 1}}, {{3, 3}, {2, 0}, {0, 2}, 0, -1, {1, 1}},
                    {{0, 1}, {3, 3}, {0, 1}, 1, 0, {-1, 1}}, {{2, 0}, {0, 1}, {3, 3}, -1, 1, {1, 0}},
                    {{1, 3}, {2, 3}, {0, 0}, -1, 1, {1, 0}}};
    const int hm = m / 2, hn = n / 2, hk = k / 2;
    float *sum_a = malloc(sizeof(float) * (size_t)hm * (size_t)hk);
    float *sum_b = malloc(sizeof(float) * (size_t)hk * (size_t)hn);
    float *result = malloc(sizeof(float) * (size_t)hm * (size_t)hn);
    for (int i = 0; i < 2 * hm; i++) memset(block(c, ldc, i, 0), 0, sizeof(float) * 2 * (size_t)hn);
    for (int p = 0; p < 7; p++) {
        const int *ia = product[p].a, *ib = product[p].b, *ic = product[p].c;
        combine(hm, hk, block(a, lda, ia[0] / 2 * hm, ia[0] % 2 * hk), lda, product[p].sign_a,
                block(a, lda, ia[1] / 2 * hm, ia[1] % 2 * hk), lda, sum_a);
        combine(hk, hn, block(b, ldb, ib[0] / 2 * hk, ib[0] % 2 * hn), ldb, product[p].sign_b,
                block(b, ldb, ib[1] / 2 * hk, ib[1] % 2 * hn), ldb, sum_b);
        backend_plain.ops.gemm(s, NO_TRANS, NO_TRANS, hm, hn, hk, 1.0f, sum_a, hk, sum_b, hn, 0.0f, result,
                               hn);
        for (int to = 0; to < 2; to++)
            for (int i = 0; i < hm; i++)
                for (int j = 0; j < hn; j++)
                    *block(c, ldc, ic[to] / 2 * hm + i, ic[to] % 2 * hn + j) +=
                        product[p].sign_c[to] * result[i * hn + j];
    }
    free(sum_a);
    free(sum_b);
    free(result);
}

/* Row-major copy of op(m), rows x cols. */
static float *plain_copy(enum transpose t, int rows, int cols, const float *m, int ld)
{
    float *copy = malloc(sizeof(float) * (size_t)rows * (size_t)cols);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) copy[i * cols + j] = t ? m[j * ld + i] : m[i * ld + j];
    return copy;
}

void strassen_gemm(void *s, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const struct ops *o = &backend_plain.ops;
    o->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (m <= STRASSEN_MIN || n <= STRASSEN_MIN || k <= STRASSEN_MIN) return;
    float *plain_a = plain_copy(ta, m, k, a, lda), *plain_b = plain_copy(tb, k, n, b, ldb);
    strassen_even(s, m, n, k, plain_a, k, plain_b, n, c, ldc);
    if (k % 2) /* the last term of each sum */
        o->gemm(s, NO_TRANS, NO_TRANS, m / 2 * 2, n / 2 * 2, 1, alpha, plain_a + k - 1, k,
                plain_b + (size_t)(k - 1) * (size_t)n, n, 1.0f, c, ldc);
    free(plain_a);
    free(plain_b);
}
