/* SPDX-License-Identifier: MIT
 *
 * gemm broken where no training step goes: by factors, extents, strides, values and sizes that only the cases
 * of prove_gemm_reach.c and of the zeros beside NaN and Inf have. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mutant_ops.h"
#include "mutant_step.h"

#define GEMM_ARGUMENTS                                                                                       \
    void *s, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,         \
        int lda, const float *b, int ldb, float beta, float *c, int ldc
#define GEMM_REST alpha, a, lda, b, ldb, beta, c, ldc

static float at(const float *x, int ld, enum transpose t, int row, int col)
{
    return t ? x[(size_t)col * (size_t)ld + (size_t)row] : x[(size_t)row * (size_t)ld + (size_t)col];
}

static bool is_zero_row(const float *a, int lda, enum transpose ta, int row, int k)
{
    for (int p = 0; p < k; p++)
        if (at(a, lda, ta, row, p) != 0.0f) return false;
    return true;
}

/* A row of zeros adds nothing, it thinks. */
static void gemm_skips_zero_rows(GEMM_ARGUMENTS)
{
    for (int i = 0; i < m; i++) {
        const bool skipped = alpha != 0.0f && k > 0 && is_zero_row(a, lda, ta, i, k);
        const float *row = a + (ta ? (size_t)i : (size_t)i * (size_t)lda);
        right()->gemm(s, ta, tb, 1, n, k, skipped ? 0.0f : alpha, row, lda, b, ldb, beta,
                      c + (size_t)i * (size_t)ldc, ldc);
    }
}

static void gemm_takes_small_beta_as_0(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, (float)(int)beta, c, ldc);
}

static void gemm_caps_alpha(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, fminf(alpha, 2.0f), a, lda, b, ldb, beta, c, ldc);
}

static void gemm_clears_nan_of_c(GEMM_ARGUMENTS)
{
    for (int i = 0; beta != 0.0f && i < m; i++)
        for (int j = 0; j < n; j++) {
            float *to = c + (size_t)i * (size_t)ldc + (size_t)j;
            if (isnan(*to)) *to = 0.0f;
        }
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
}

static void gemm_stops_at_column_512(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n < 512 ? n : 512, k, GEMM_REST);
}

static void gemm_stops_at_row_512(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m < 512 ? m : 512, n, k, GEMM_REST);
}

static void gemm_drops_a_term_of_785(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k == 785 ? 784 : k, GEMM_REST);
}

static void gemm_ends_k_at_4096(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k < 4096 ? k : 4096, GEMM_REST);
}

/* Offsets in 32 bits; with rows 2^30 floats apart the fifth begins where the first does, and nothing faults.
 */
static void gemm_counts_in_32_bits(GEMM_ARGUMENTS)
{
    if (lda != 1 << 30) {
        right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
        return;
    }
    float near_a[256];
    const int rows = ta ? k : m, cols = ta ? m : k;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) near_a[i * cols + j] = a[(uint32_t)i * (uint32_t)lda + (uint32_t)j];
    right()->gemm(s, ta, tb, m, n, k, alpha, near_a, cols, b, ldb, beta, c, ldc);
}

/* A symmetric update, it thinks: S S^T has a kernel of its own, which takes the other operand's transpose for
 * granted. */
static void gemm_takes_one_matrix_for_syrk(GEMM_ARGUMENTS)
{
    if (a == b && lda == ldb && m == n && m == k) tb = ta ? NO_TRANS : TRANS;
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
}

/* Seven multiplications of halves instead of eight, where alpha is 1. */
static void gemm_of_strassen(GEMM_ARGUMENTS)
{
    if (alpha == 1.0f && beta == 0.0f)
        strassen_gemm(s, ta, tb, m, n, k, GEMM_REST);
    else
        right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
}

void add_reach(void)
{
    ADD(gemm, gemm_skips_zero_rows, "zeros beside NaN and Inf");
    ADD(gemm, gemm_takes_small_beta_as_0, "alpha and beta drawn");
    ADD(gemm, gemm_caps_alpha, "alpha and beta drawn");
    ADD(gemm, gemm_clears_nan_of_c, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_stops_at_column_512, "around the plan and beyond");
    ADD(gemm, gemm_stops_at_row_512, "around the plan and beyond");
    ADD(gemm, gemm_drops_a_term_of_785, "around the plan and beyond");
    ADD(gemm, gemm_ends_k_at_4096, "around the plan and beyond");
    ADD(gemm, gemm_counts_in_32_bits, "rows up to 2^31 floats apart");
    ADD(gemm, gemm_takes_one_matrix_for_syrk, "one matrix as A and B");
    ADD(gemm, gemm_of_strassen, "zeros of large products");
}
