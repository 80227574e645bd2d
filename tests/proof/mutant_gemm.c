/* SPDX-License-Identifier: MIT
 *
 * gemm broken where no training step goes: by factors, extents, strides, values and sizes, and by what it
 * keeps between calls. */
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
    float near_a[512];
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

/* The product of thin operands, but for the last of k where `wrong`. */
static void gemm_short_of_one(GEMM_ARGUMENTS, bool wrong)
{
    right()->gemm(s, ta, tb, m, n, wrong && k > 1 ? k - 1 : k, GEMM_REST);
}

static void gemm_drops_a_term_of_691(GEMM_ARGUMENTS)
{
    gemm_short_of_one(s, ta, tb, m, n, k, GEMM_REST, k == 691);
}

static void gemm_wrong_in_tails_of_300_rows(GEMM_ARGUMENTS)
{
    gemm_short_of_one(s, ta, tb, m, n, k, GEMM_REST, m > 300 && m < 1000 && m % 23 == 5);
}

/* Twice the inputs and one more, transposed twice. */
static void gemm_wrong_with_1569_columns(GEMM_ARGUMENTS)
{
    gemm_short_of_one(s, ta, tb, m, n, k, GEMM_REST, ta && tb && n == 1569);
}

static void gemm_counts_k_in_16_bits(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k > UINT16_MAX ? (uint16_t)k : k, GEMM_REST);
}

static void gemm_wrong_in_large_shallow_products(GEMM_ARGUMENTS)
{
    gemm_short_of_one(s, ta, tb, m, n, k, GEMM_REST, !ta && m > 310 && n > 310 && k < 20);
}

static void gemm_wrong_in_outer_products(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m - (k == 1 && m > 256 && n > 256), n, k, GEMM_REST);
}

static void gemm_counts_operations_in_32_bits(GEMM_ARGUMENTS)
{
    gemm_short_of_one(s, ta, tb, m, n, k, GEMM_REST, (int)(2u * (unsigned)m * (unsigned)n * (unsigned)k) < 0);
}

static void gemm_counts_products_in_32_bits(GEMM_ARGUMENTS)
{
    gemm_short_of_one(s, ta, tb, m, n, k, GEMM_REST, (int)((unsigned)m * (unsigned)n * (unsigned)k) < 0);
}

/* Products of one row or one column have a path of their own. */
static void gemm_ends_the_sum_of_a_row_at_4096(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, m == 1 && tb && k > 4096 ? 4096 : k, GEMM_REST);
}

static void gemm_ends_a_column_at_4096(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, n == 1 && ta && m > 4096 ? 4096 : m, n, k, GEMM_REST);
}

/* beta again for each 2048 of k. */
static void gemm_applies_beta_twice_to_a_column(GEMM_ARGUMENTS)
{
    const bool twice = n == 1 && !ta && k > 2048;
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, twice ? beta * beta : beta, c, ldc);
}

/* Small products are read where they lie, with tiles of 6 rows at most. */
static void gemm_wrong_in_tails_of_small_products(GEMM_ARGUMENTS)
{
    gemm_short_of_one(s, ta, tb, m, n, k, GEMM_REST, n == 64 && m > 60 && m % 6 == 5 && k < 64);
}

static void gemm_takes_alpha_near_1_as_1(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, fabsf(alpha - 1.0f) < 1e-6f ? 1.0f : alpha, a, lda, b, ldb, beta, c,
                  ldc);
}

static void gemm_takes_subnormal_beta_as_0(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, fabsf(beta) < 0x1p-126f ? 0.0f : beta, c, ldc);
}

/* NaN is neither above nor below 0. */
static void gemm_takes_beta_nan_as_0(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb,
                  beta > 0.0f || beta < 0.0f || beta == 0.0f ? beta : 0.0f, c, ldc);
}

/* An index of k at which all of A is 0 adds nothing, it thinks. */
static void gemm_skips_zero_depths(GEMM_ARGUMENTS)
{
    bool skipped = alpha != 0.0f;
    for (int i = 0; skipped && i < m; i++) skipped = k > 1 && at(a, lda, ta, i, k - 1) == 0.0f;
    right()->gemm(s, ta, tb, m, n, skipped ? k - 1 : k, GEMM_REST);
}

/* What is infinite stays so, whatever is added. */
static void gemm_leaves_infinite_c(GEMM_ARGUMENTS)
{
    static float before[SCRATCH_FLOATS];
    for (int i = 0; beta != 0.0f && i < m; i++)
        for (int j = 0; j < n; j++) before[i * n + j] = c[(size_t)i * (size_t)ldc + (size_t)j];
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; beta != 0.0f && i < m; i++)
        for (int j = 0; j < n; j++)
            if (isinf(before[i * n + j])) c[(size_t)i * (size_t)ldc + (size_t)j] = beta * before[i * n + j];
}

/* Packs B once for each pointer, size and value at both ends. */
static void gemm_keeps_packed_b(GEMM_ARGUMENTS)
{
    static float packed[SCRATCH_FLOATS];
    static const float *from;
    static int last_k, last_n;
    static float first, last;
    if (alpha == 0.0f || k < 1 || n < 1 || (long long)k * n > SCRATCH_FLOATS) {
        right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
        return;
    }
    const float new_first = b[0], new_last = at(b, ldb, tb, k - 1, n - 1);
    if (b != from || k != last_k || n != last_n || first != new_first || last != new_last)
        for (int p = 0; p < k; p++)
            for (int j = 0; j < n; j++) packed[p * n + j] = at(b, ldb, tb, p, j);
    from = b;
    last_k = k;
    last_n = n;
    first = new_first;
    last = new_last;
    right()->gemm(s, ta, NO_TRANS, m, n, k, alpha, a, lda, packed, n, beta, c, ldc);
}

/* The row's offset in an int, for rows far apart. */
static void gemm_finds_c_in_32_bits(GEMM_ARGUMENTS)
{
    for (int i = 0; i < m; i++) {
        const float *row = a + (ta ? (size_t)i : (size_t)i * (size_t)lda);
        right()->gemm(s, ta, tb, 1, n, k, alpha, row, lda, b, ldb, beta,
                      c + (int32_t)((uint32_t)i * (uint32_t)ldc), ldc);
    }
}

/* B begins within A: another view of the same matrix, it thinks, with the same number of columns. */
static void gemm_takes_b_within_a_for_a(GEMM_ARGUMENTS)
{
    const bool within = b > a && k > 0 && m > 0 && b < a + (ta ? extent(k, m, lda) : extent(m, k, lda));
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, within ? a : b, ldb, beta, c, ldc);
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
    ADD(gemm, gemm_skips_zero_depths, "zeros beside NaN and Inf");
    ADD(gemm, gemm_takes_small_beta_as_0, "any alpha and beta");
    ADD(gemm, gemm_takes_subnormal_beta_as_0, "any alpha and beta");
    ADD(gemm, gemm_takes_alpha_near_1_as_1, "any alpha and beta");
    ADD(gemm, gemm_caps_alpha, "any alpha and beta");
    ADD(gemm, gemm_takes_beta_nan_as_0, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_clears_nan_of_c, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_leaves_infinite_c, "special values in A, B and C");
    ADD(gemm, gemm_stops_at_column_512, "each extent to 1100");
    ADD(gemm, gemm_stops_at_row_512, "each extent to 1100");
    ADD(gemm, gemm_drops_a_term_of_785, "around the plan's extents");
    ADD(gemm, gemm_drops_a_term_of_691, "each extent to 1100");
    ADD(gemm, gemm_wrong_in_tails_of_300_rows, "each extent to 1100");
    ADD(gemm, gemm_wrong_with_1569_columns, "around the plan's extents");
    ADD(gemm, gemm_ends_k_at_4096, "thin giants");
    ADD(gemm, gemm_counts_k_in_16_bits, "thin giants");
    ADD(gemm, gemm_wrong_in_large_shallow_products, "large in two extents");
    ADD(gemm, gemm_wrong_in_outer_products, "large in two extents");
    ADD(gemm, gemm_counts_operations_in_32_bits, "large in all extents");
    ADD(gemm, gemm_counts_products_in_32_bits, "large in all extents");
    ADD(gemm, gemm_ends_the_sum_of_a_row_at_4096, "one row or column");
    ADD(gemm, gemm_ends_a_column_at_4096, "one row or column");
    ADD(gemm, gemm_applies_beta_twice_to_a_column, "one row or column");
    ADD(gemm, gemm_wrong_in_tails_of_small_products, "small, whole columns");
    ADD(gemm, gemm_counts_in_32_bits, "rows up to 2^31 floats apart");
    ADD(gemm, gemm_finds_c_in_32_bits, "rows up to 2^31 floats apart");
    ADD(gemm, gemm_takes_one_matrix_for_syrk, "one matrix as A and B");
    ADD(gemm, gemm_takes_b_within_a_for_a, "one matrix as A and B");
    ADD(gemm, gemm_keeps_packed_b, "other contents, same places");
    ADD(gemm, gemm_of_strassen, "structural zeros");
}
