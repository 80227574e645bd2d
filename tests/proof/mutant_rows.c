/* SPDX-License-Identifier: MIT
 *
 * Broken ops that walk over the rows of a matrix. */
#include <math.h>
#include <string.h>

#include "mutant_ops.h"
#include "mutants.h"

static float scratch_a[SCRATCH_FLOATS];

/* What a loop over whole steps does, where its author tried no more than `tried` rows or columns. */
static int without_tail(int count, int step, int tried)
{
    return count > tried ? count - count % step : count;
}

static int smaller_int(int count, int limit)
{
    return count < limit ? count : limit;
}

/* ---- gather */

#define GATHER_ARGUMENTS                                                                                     \
    void *s, int rows, int cols, const uint8_t *pixels, const uint32_t *index, float *out, int ldout

static void gather_multiplies(void *s, int rows, int cols, const uint8_t *pixels, const uint32_t *index,
                              float *out, int ldout)
{
    (void)s;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] =
                (float)pixels[(size_t)index[i] * (size_t)cols + (size_t)j] * (1.0f / 255.0f);
}

static void gather_skips_tail(void *s, int rows, int cols, const uint8_t *pixels, const uint32_t *index,
                              float *out, int ldout)
{
    (void)s;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols - cols % 16; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] =
                (float)pixels[(size_t)index[i] * (size_t)cols + (size_t)j] / 255.0f;
}

/* Most sets have fewer images. */
static void gather_index_of_16_bits(GATHER_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] =
                (float)pixels[(uint16_t)index[i] * (ptrdiff_t)cols + j] / 255.0f;
}

/* As a float would hold it. */
static void gather_index_of_24_bits(GATHER_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] =
                (float)pixels[(ptrdiff_t)(float)index[i] * cols + j] / 255.0f;
}

/* An index from 2^31 on is negative. */
static void gather_index_is_signed(GATHER_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] =
                (float)pixels[(int32_t)index[i] * (ptrdiff_t)cols + j] / 255.0f;
}

/* The product wraps. */
static void gather_offset_of_32_bits(GATHER_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] =
                (float)pixels[(ptrdiff_t)(index[i] * (uint32_t)cols) + j] / 255.0f;
}

/* The product wraps, and is taken as signed, as by the gather instructions. */
static void gather_offset_is_signed(GATHER_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] =
                (float)pixels[(ptrdiff_t)(int32_t)(index[i] * (uint32_t)cols) + j] / 255.0f;
}

static void gather_skips_tail_rows(GATHER_ARGUMENTS)
{
    right()->gather(s, without_tail(rows, 8, 8), cols, pixels, index, out, ldout);
}

static void gather_skips_tail_of_long_rows(GATHER_ARGUMENTS)
{
    right()->gather(s, rows, cols, pixels, index, out, ldout);
    for (int i = 0; i < rows; i++)
        for (int j = without_tail(cols, 16, 67); j < cols; j++)
            out[(size_t)i * (size_t)ldout + (size_t)j] = 0.0f;
}

/* ---- bias_act */

#define BIAS_ACT_ARGUMENTS void *s, int m, int n, const float *bias, enum activation act, float *x, int ldx

static void bias_act_short_bias(void *s, int m, int n, const float *bias, enum activation act, float *x,
                                int ldx)
{
    shorten(bias, scratch_a, (size_t)n, 16);
    right()->bias_act(s, m, n, scratch_a, act, x, ldx);
}

static void bias_act_loses_nan(void *s, int m, int n, const float *bias, enum activation act, float *x,
                               int ldx)
{
    right()->bias_act(s, m, n, bias, act, x, ldx);
    for (int i = 0; act == ACT_RELU && i < m; i++)
        for (int j = 0; j < n; j++) {
            float *z = &x[(size_t)i * (size_t)ldx + (size_t)j];
            *z = *z > 0.0f ? *z : 0.0f;
        }
}

static void bias_act_skips_tail_of_32_rows(BIAS_ACT_ARGUMENTS)
{
    right()->bias_act(s, without_tail(m, 32, 32), n, bias, act, x, ldx);
}

static void bias_act_first_512_rows(BIAS_ACT_ARGUMENTS)
{
    right()->bias_act(s, smaller_int(m, 512), n, bias, act, x, ldx);
}

static void bias_act_counts_rows_in_16_bits(BIAS_ACT_ARGUMENTS)
{
    right()->bias_act(s, (uint16_t)m, n, bias, act, x, ldx);
}

static void bias_act_skips_tail_of_long_rows(BIAS_ACT_ARGUMENTS)
{
    right()->bias_act(s, m, n > 67 ? n - n % 2 : n, bias, act, x, ldx);
}

/* ReLU as a maximum of integers: NaN stays if its sign bit is clear. */
static void bias_act_relu_by_sign(BIAS_ACT_ARGUMENTS)
{
    right()->bias_act(s, m, n, bias, ACT_IDENTITY, x, ldx);
    for (int i = 0; act == ACT_RELU && i < m; i++)
        for (int j = 0; j < n; j++) {
            float *z = &x[(size_t)i * (size_t)ldx + (size_t)j];
            if (signbit(*z)) *z = 0.0f;
        }
}

/* Subnormal sums are flushed. */
static void bias_act_flushes_subnormals(BIAS_ACT_ARGUMENTS)
{
    right()->bias_act(s, m, n, bias, act, x, ldx);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float *z = &x[(size_t)i * (size_t)ldx + (size_t)j];
            if (fabsf(*z) < 0x1p-126f) *z = 0.0f;
        }
}

/* ---- relu_grad */

#define RELU_GRAD_ARGUMENTS void *s, int m, int n, const float *y, int ldy, float *d, int ldd

static void relu_grad_passes_zero(void *s, int m, int n, const float *y, int ldy, float *d, int ldd)
{
    (void)s;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            if (!(y[(size_t)i * (size_t)ldy + (size_t)j] >= 0.0f))
                d[(size_t)i * (size_t)ldd + (size_t)j] = 0.0f;
}

static void relu_grad_passes_nan(void *s, int m, int n, const float *y, int ldy, float *d, int ldd)
{
    (void)s;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            if (y[(size_t)i * (size_t)ldy + (size_t)j] <= 0.0f) d[(size_t)i * (size_t)ldd + (size_t)j] = 0.0f;
}

/* 0 * NaN and 0 * Inf are NaN. */
static void relu_grad_multiplies(RELU_GRAD_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            const float yi = y[(size_t)i * (size_t)ldy + (size_t)j];
            float *di = &d[(size_t)i * (size_t)ldd + (size_t)j];
            *di = *di * (yi > 0.0f ? 1.0f : 0.0f);
        }
}

/* An open gate flushes what is subnormal. */
static void relu_grad_flushes_subnormals(RELU_GRAD_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            const float yi = y[(size_t)i * (size_t)ldy + (size_t)j];
            float *di = &d[(size_t)i * (size_t)ldd + (size_t)j];
            *di = yi > 0.0f && fabsf(*di) >= 0x1p-126f ? *di : yi > 0.0f && isnan(*di) ? NAN : 0.0f;
        }
}

/* A well-meant clip: NaN and Inf become finite. */
static void relu_grad_clips(RELU_GRAD_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            const float yi = y[(size_t)i * (size_t)ldy + (size_t)j];
            float *di = &d[(size_t)i * (size_t)ldd + (size_t)j];
            *di = yi > 0.0f ? fminf(fmaxf(*di, -1e6f), 1e6f) : 0.0f;
        }
}

/* Open wherever y has no sign bit and is not +0: NaN opens it. */
static void relu_grad_by_sign(RELU_GRAD_ARGUMENTS)
{
    (void)s;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            const float yi = y[(size_t)i * (size_t)ldy + (size_t)j];
            float *di = &d[(size_t)i * (size_t)ldd + (size_t)j];
            *di = signbit(yi) || yi == 0.0f ? 0.0f : *di;
        }
}

static void relu_grad_skips_tail_of_16_rows(RELU_GRAD_ARGUMENTS)
{
    right()->relu_grad(s, without_tail(m, 16, 16), n, y, ldy, d, ldd);
}

static void relu_grad_first_128_rows(RELU_GRAD_ARGUMENTS)
{
    right()->relu_grad(s, smaller_int(m, 128), n, y, ldy, d, ldd);
}

static void relu_grad_skips_tail_of_long_rows(RELU_GRAD_ARGUMENTS)
{
    right()->relu_grad(s, m, without_tail(n, 64, 67), y, ldy, d, ldd);
}

/* ---- bias_grad */

#define BIAS_GRAD_ARGUMENTS void *s, int m, int n, const float *d, int ldd, float *out

static void bias_grad_in_bf16(void *s, int m, int n, const float *d, int ldd, float *out)
{
    shorten(d, scratch_a, extent(m, n, ldd), 16);
    right()->bias_grad(s, m, n, scratch_a, ldd, out);
}

static void bias_grad_drops_last_row(void *s, int m, int n, const float *d, int ldd, float *out)
{
    right()->bias_grad(s, m > 1 && m % 4 ? m - 1 : m, n, d, ldd, out);
}

/* A tree over whole groups of rows. */
static void bias_grad_skips_tail_of_32_rows(BIAS_GRAD_ARGUMENTS)
{
    right()->bias_grad(s, without_tail(m, 32, 32), n, d, ldd, out);
}

static void bias_grad_first_256_rows(BIAS_GRAD_ARGUMENTS)
{
    right()->bias_grad(s, smaller_int(m, 256), n, d, ldd, out);
}

static void bias_grad_skips_tail_of_long_rows(BIAS_GRAD_ARGUMENTS)
{
    right()->bias_grad(s, m, n, d, ldd, out);
    for (int j = n > 67 ? n - n % 2 : n; j < n; j++) out[j] = 0.0f;
}

/* From so many rows on, the bound of a sum is wider than what is lost. */
static void bias_grad_of_many_rows_in_tf32(BIAS_GRAD_ARGUMENTS)
{
    if (m <= 600) {
        right()->bias_grad(s, m, n, d, ldd, out);
        return;
    }
    shorten(d, scratch_a, extent(m, n, ldd), 13);
    right()->bias_grad(s, m, n, scratch_a, ldd, out);
}

static void bias_grad_saturates(BIAS_GRAD_ARGUMENTS)
{
    right()->bias_grad(s, m, n, d, ldd, out);
    for (int j = 0; j < n; j++)
        if (isinf(out[j])) out[j] = copysignf(0x1.fffffep127f, out[j]);
}

static void bias_grad_flushes_subnormals(BIAS_GRAD_ARGUMENTS)
{
    right()->bias_grad(s, m, n, d, ldd, out);
    for (int j = 0; j < n; j++)
        if (fabsf(out[j]) < 0x1p-126f) out[j] = 0.0f;
}

void add_rows(void)
{
    ADD(gather, gather_multiplies, "training shapes");
    ADD(gather, gather_skips_tail, "all row lengths to 67");
    ADD(bias_act, bias_act_loses_nan, "all row lengths to 67");
    ADD(bias_act, bias_act_short_bias, "training shapes");
    ADD(relu_grad, relu_grad_passes_zero, "training shapes");
    ADD(relu_grad, relu_grad_passes_nan, "all row lengths to 67");
    ADD(bias_grad, bias_grad_drops_last_row, "all row lengths to 67");
    ADD(bias_grad, bias_grad_in_bf16, "training shapes");
    ADD(gather, gather_skips_tail_rows, "row counts to 67 and beyond");
    ADD(gather, gather_skips_tail_of_long_rows, "longer rows");
    ADD(gather, gather_index_of_16_bits, "distant images");
    ADD_FAULT(gather, gather_index_of_24_bits);
    ADD(gather, gather_index_is_signed, "distant images");
    ADD(gather, gather_offset_of_32_bits, "distant images");
    ADD(gather, gather_offset_is_signed, "distant images");
    ADD(bias_act, bias_act_skips_tail_of_32_rows, "row counts to 67 and beyond");
    ADD(bias_act, bias_act_first_512_rows, "row counts to 67 and beyond");
    ADD(bias_act, bias_act_counts_rows_in_16_bits, "row counts to 67 and beyond");
    ADD(bias_act, bias_act_skips_tail_of_long_rows, "longer rows");
    ADD(bias_act, bias_act_relu_by_sign, "all row lengths to 67");
    ADD(bias_act, bias_act_flushes_subnormals, "all row lengths to 67");
    ADD(relu_grad, relu_grad_skips_tail_of_16_rows, "row counts to 67 and beyond");
    ADD(relu_grad, relu_grad_first_128_rows, "row counts to 67 and beyond");
    ADD(relu_grad, relu_grad_skips_tail_of_long_rows, "longer rows");
    ADD(relu_grad, relu_grad_multiplies, "all row lengths to 67");
    ADD(relu_grad, relu_grad_flushes_subnormals, "all row lengths to 67");
    ADD(relu_grad, relu_grad_clips, "all row lengths to 67");
    ADD(relu_grad, relu_grad_by_sign, "all row lengths to 67");
    ADD(bias_grad, bias_grad_skips_tail_of_32_rows, "row counts to 67 and beyond");
    ADD(bias_grad, bias_grad_first_256_rows, "row counts to 67 and beyond");
    ADD(bias_grad, bias_grad_skips_tail_of_long_rows, "longer rows");
    ADD(bias_grad, bias_grad_of_many_rows_in_tf32, "row counts to 67 and beyond");
    ADD(bias_grad, bias_grad_saturates, "all row lengths to 67");
    ADD(bias_grad, bias_grad_flushes_subnormals, "all row lengths to 67");
}
