/* SPDX-License-Identifier: MIT */
#include "proof/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int cases_slacks[4] = {0, 1, 3, 17};

static int ascending(const void *x, const void *y)
{
    const int a = *(const int *)x, b = *(const int *)y;
    return (a > b) - (a < b);
}

/* Sorts, drops repetitions and what lies outside 1..CASES_MAX_EXTENT. */
static int tidy(int *list, int count)
{
    int kept = 0;
    qsort(list, (size_t)count, sizeof *list, ascending);
    for (int i = 0; i < count; i++) {
        const bool fits = list[i] >= 1 && list[i] <= CASES_MAX_EXTENT;
        if (fits && (kept == 0 || list[kept - 1] != list[i])) list[kept++] = list[i];
    }
    return kept;
}

int cases_sizes(const struct blocking *b, int *sizes)
{
    static const int vectors[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 128};
    const int blocks[] = {b->mr, b->nr, b->mc, b->nc};
    int count = 0;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) sizes[count++] = vectors[i];
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        for (int d = -1; blocks[i] > 0 && d <= 1; d++) sizes[count++] = blocks[i] + d;
    return tidy(sizes, count);
}

int cases_depths(const struct blocking *b, int *depths)
{
    const int kc = b->kc > 0 && 2 * b->kc < CASES_MAX_EXTENT ? b->kc : 256;
    const int list[] = {kc - 1, kc,  kc + 1, 2 * kc - 1, 2 * kc, 2 * kc + 1, 127,
                        128,    129, 784,    b->kc - 1,  b->kc,  b->kc + 1};
    int count = 0;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) depths[count++] = list[i];
    return tidy(depths, count);
}

int cases_counts(struct rng *r, int least, int *counts)
{
    int count = 0;
    for (int n = least; n <= CASES_ALL_RESIDUES; n++) counts[count++] = n;
    for (int power = 64; power <= 1024; power *= 2) { /* both sides, and a tail of any length */
        for (int d = -1; d <= 1; d++) counts[count++] = power + d;
        for (int i = 0; i < 4; i++) counts[count++] = power + (int)rng_below(r, (uint32_t)power);
    }
    counts[count++] = 2048 + (int)rng_below(r, 6144);
    counts[count++] = (1 << 16) + 1 + (int)rng_below(r, 4095);
    return count;
}

int cases_lengths(struct rng *r, size_t *lengths)
{
    static const size_t ends[] = {4095, 4096, 65535, 65536, 65537, 100003, (1 << 20) - 1};
    int count = 0;
    for (size_t power = 64; power <= 1 << 17; power *= 2) {
        lengths[count++] = power + rng_below(r, (uint32_t)power);
        if (power <= 4096) lengths[count++] = power + rng_below(r, (uint32_t)power);
    }
    lengths[count++] = CASES_LONGEST / 2 + rng_below(r, CASES_LONGEST / 2);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) lengths[count++] = ends[i];
    return count;
}

static const char *const fill_names[FILL_COUNT] = {
    [FILL_UNIFORM] = "uniform",
    [FILL_POSITIVE] = "positive",
    [FILL_EXPONENTS] = "exponents",
    [FILL_HUGE_ROW] = "huge-row",
    [FILL_CANCEL] = "cancel",
    [FILL_ACTIVATIONS] = "activations",
    [FILL_INTEGERS] = "integers",
    [FILL_ODD_A] = "odd-a",
    [FILL_ODD_B] = "odd-b",
    [FILL_ONE_HOT] = "one-hot",
    [FILL_IDENTITY_A] = "identity-a",
    [FILL_IDENTITY_B] = "identity-b",
    [FILL_SUBNORMAL] = "subnormal",
    [FILL_ZERO_LINES] = "zero-lines",
    [FILL_NAN_A] = "nan-a",
    [FILL_NAN_B] = "nan-b",
    [FILL_NAN_INPUTS] = "nan-inputs",
    [FILL_INF_ZERO] = "inf-zero",
    [FILL_INF_PAIR] = "inf-pair",
    [FILL_OVERFLOW] = "overflow",
    [FILL_INFINITE_C] = "infinite-c",
    [FILL_SMALL_INTEGERS] = "small-integers",
    [FILL_TINY_A] = "tiny-a",
    [FILL_TINY_B] = "tiny-b",
    [FILL_ZEROS_A] = "zeros-a",
    [FILL_ZEROS_B] = "zeros-b",
    [FILL_NONFINITE_C] = "nonfinite-c",
};

bool cases_exact(enum gemm_fill fill)
{
    switch (fill) {
    case FILL_INTEGERS:
    case FILL_ODD_A:
    case FILL_ODD_B:
    case FILL_ONE_HOT:
    case FILL_IDENTITY_A:
    case FILL_IDENTITY_B:
    case FILL_SUBNORMAL:
    case FILL_SMALL_INTEGERS:
    case FILL_TINY_A:
    case FILL_TINY_B:
        return true;
    default:
        return false;
    }
}

bool cases_nonfinite(enum gemm_fill fill)
{
    switch (fill) {
    case FILL_NAN_A:
    case FILL_NAN_B:
    case FILL_INF_ZERO:
    case FILL_INF_PAIR:
    case FILL_OVERFLOW:
    case FILL_ZEROS_A:
    case FILL_ZEROS_B:
        return true;
    default:
        return false;
    }
}

void cases_gemm_text(const struct gemm_case *c, char *text, size_t size)
{
    snprintf(text, size,
             "%c%c %dx%dx%d alpha=%g beta=%g slack=%d,%d,%d place=%s fill=%s special=%d rule=%d seed=0x%llx",
             c->ta ? 'T' : 'N', c->tb ? 'T' : 'N', c->m, c->n, c->k, (double)c->alpha, (double)c->beta,
             c->slack_a, c->slack_b, c->slack_c, placement_name(c->place), fill_names[c->fill], c->special,
             c->rule, (unsigned long long)c->seed);
}

float cases_log_uniform(struct rng *r, int lo, int hi)
{
    const float mantissa = rng_float(r, 1.0f, 2.0f);
    const int exponent = lo + (int)rng_below(r, (uint32_t)(hi - lo));
    return ldexpf(rng_below(r, 2) ? mantissa : -mantissa, exponent);
}

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float cases_awkward(struct rng *r)
{
    const uint32_t infinity = 0x7f800000u, fraction = 0x007fffffu, sign = rng_below(r, 2) << 31;
    switch (rng_below(r, 8)) {
    case 0:
        return of_bits(sign | infinity | (1 + rng_below(r, fraction)));
    case 1:
        return of_bits(sign | infinity);
    case 2:
    case 3:
        return of_bits(sign);
    case 4:
        return of_bits(sign | (1 + rng_below(r, fraction)));
    case 5:
        return cases_log_uniform(r, 120, 128);
    case 6:
        return cases_log_uniform(r, -126, -120);
    default:
        return sign ? -1.0f : 1.0f;
    }
}

/* 0 in 81 % of the places, but not for the first index of k, so that a product is never all zeros. */
static float activation(struct rng *r, int p)
{
    return p == 0 || rng_below(r, 100) < 19 ? (float)(1 + rng_below(r, 255)) / 255.0f : 0.0f;
}

void cases_image(struct rng *r, uint8_t *pixels, int count)
{
    for (int i = 0; i < count; i++) pixels[i] = rng_below(r, 100) < 19 ? (uint8_t)(1 + rng_below(r, 255)) : 0;
}

static float integer_within(struct rng *r, int limit)
{
    return (float)((int)rng_below(r, (uint32_t)(2 * limit + 1)) - limit);
}

void cases_integers(struct rng *r, float *m, int rows, int cols, int ld)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) m[(size_t)i * (size_t)ld + (size_t)j] = integer_within(r, 64);
}

/* Odd, 12 bits, either sign: not representable with 8 (bf16) or 11 (tf32, half) significant bits. */
static float odd_integer(struct rng *r)
{
    const int value = 2049 + 2 * (int)rng_below(r, 1024);
    return (float)(rng_below(r, 2) ? value : -value);
}

/* -1, 0 or 1; not 0 for the first index of k, so that a product is never all zeros. */
static float selector(struct rng *r, int p)
{
    return p == 0 ? (rng_below(r, 2) ? 1.0f : -1.0f) : integer_within(r, 1);
}

/* A zero of either sign; of one case in eight everywhere, else on the line and in half of the places. */
static bool is_zero(const struct gemm_case *c, struct rng *r, bool on_line)
{
    const bool drawn = rng_below(r, 2);
    return drawn || on_line || c->seed % 8 == 0;
}

static float zero_or_uniform(const struct gemm_case *c, struct rng *r, bool on_line)
{
    const float x = rng_float(r, -1.0f, 1.0f);
    return is_zero(c, r, on_line) ? copysignf(0.0f, x) : x;
}

/* Uniform, with one NaN and one infinity where (row, col) says; both are spread by the seed. */
static float nonfinite_or_uniform(const struct gemm_case *c, struct rng *r, int row, int col, int rows,
                                  int cols)
{
    const int at = (int)(c->seed >> 8 & 0xffff) % (rows * cols);
    const int also = (at + 1 + (int)(c->seed >> 24 & 0xffff) % (rows * cols)) % (rows * cols);
    const float x = rng_float(r, -1.0f, 1.0f);
    if (row * cols + col == at) return NAN;
    return row * cols + col == also ? copysignf(INFINITY, x) : x;
}

/* A subnormal number, or zero. */
static float tiny(struct rng *r, int p)
{
    return (p == 0 ? 5.0f : integer_within(r, 8)) * 0x1p-149f;
}

static float power_of_two(struct rng *r)
{
    return ldexpf(rng_below(r, 2) ? 1.0f : -1.0f, 3 + (int)rng_below(r, 8));
}

/* Element (i, p) of op(A). */
static float element_a(const struct gemm_case *c, struct rng *r, int i, int p)
{
    switch (c->fill) {
    case FILL_POSITIVE:
        return rng_float(r, 0x1p-10f, 1.0f);
    case FILL_EXPONENTS:
        return cases_log_uniform(r, -40, 40);
    case FILL_HUGE_ROW:
        return rng_float(r, -1.0f, 1.0f) * (i == c->m / 2 ? 0x1p60f : 1.0f);
    case FILL_ACTIVATIONS:
        return activation(r, p);
    case FILL_INTEGERS:
        return integer_within(r, 64);
    case FILL_ODD_A:
        return odd_integer(r);
    case FILL_ODD_B:
        return selector(r, p);
    case FILL_ONE_HOT:
        return p == c->special ? 1.0f : 0.0f;
    case FILL_IDENTITY_A:
        return p == i ? 1.0f : 0.0f;
    case FILL_IDENTITY_B:
        return (float)(1 + i * c->k + p);
    case FILL_SUBNORMAL:
        return (p == 0 ? 5.0f : integer_within(r, 8)) * 0x1p-70f;
    case FILL_ZERO_LINES:
        return i == c->m / 2 ? 0.0f : rng_float(r, -1.0f, 1.0f);
    case FILL_NAN_A:
        return i == c->m / 2 && p == c->k / 2 ? NAN : rng_float(r, -1.0f, 1.0f);
    case FILL_INF_ZERO:
        return i == c->m / 2 && p == c->k / 2 ? INFINITY : rng_float(r, -1.0f, 1.0f);
    case FILL_INF_PAIR:
        if (i == c->m / 2 && p == 0) return INFINITY;
        return i == c->m / 2 && p == c->k - 1 ? -INFINITY : rng_float(r, -1.0f, 1.0f);
    case FILL_OVERFLOW:
        return 0x1p100f;
    case FILL_NAN_INPUTS:
        return NAN;
    case FILL_SMALL_INTEGERS:
        return integer_within(r, 8);
    case FILL_TINY_A:
        return tiny(r, p);
    case FILL_TINY_B:
        return power_of_two(r);
    case FILL_ZEROS_A:
        return zero_or_uniform(c, r, i == c->m / 2);
    case FILL_ZEROS_B:
        return nonfinite_or_uniform(c, r, i, p, c->m, c->k);
    default:
        return rng_float(r, -1.0f, 1.0f);
    }
}

/* Element (p, j) of op(B). */
static float element_b(const struct gemm_case *c, struct rng *r, int p, int j)
{
    switch (c->fill) {
    case FILL_POSITIVE:
        return rng_float(r, 0x1p-10f, 1.0f);
    case FILL_EXPONENTS:
        return cases_log_uniform(r, -40, 40);
    case FILL_ACTIVATIONS:
        return rng_float(r, -0.0625f, 0.0625f);
    case FILL_INTEGERS:
        return integer_within(r, 128);
    case FILL_ODD_A:
        return selector(r, p);
    case FILL_ODD_B:
        return odd_integer(r);
    case FILL_ONE_HOT:
    case FILL_IDENTITY_A:
        return (float)(1 + p * c->n + j);
    case FILL_IDENTITY_B:
        return p == j ? 1.0f : 0.0f;
    case FILL_SUBNORMAL:
        return rng_below(r, 2) ? 0x1p-70f : -0x1p-70f;
    case FILL_ZERO_LINES:
        return j == c->n / 2 ? 0.0f : rng_float(r, -1.0f, 1.0f);
    case FILL_NAN_B:
        return j == c->n / 2 && p == c->k / 2 ? NAN : rng_float(r, -1.0f, 1.0f);
    case FILL_INF_ZERO:
        return j == c->n / 2 ? 0.0f : rng_float(r, -1.0f, 1.0f);
    case FILL_INF_PAIR:
        return rng_float(r, 0x1p-10f, 1.0f);
    case FILL_OVERFLOW:
        return j % 2 ? -0x1p100f : 0x1p100f;
    case FILL_NAN_INPUTS:
        return NAN;
    case FILL_SMALL_INTEGERS:
        return integer_within(r, 16);
    case FILL_TINY_A:
        return power_of_two(r);
    case FILL_TINY_B:
        return tiny(r, p);
    case FILL_ZEROS_A:
        return nonfinite_or_uniform(c, r, p, j, c->k, c->n);
    case FILL_ZEROS_B:
        return zero_or_uniform(c, r, j == c->n / 2);
    default:
        return rng_float(r, -1.0f, 1.0f);
    }
}

static float element_c(const struct gemm_case *c, struct rng *r, int i, int j)
{
    switch (c->fill) {
    case FILL_NONFINITE_C:
        return nonfinite_or_uniform(c, r, i, j, c->m, c->n);
    case FILL_SUBNORMAL:
    case FILL_TINY_A:
    case FILL_TINY_B:
        return integer_within(r, 512) * 0x1p-149f;
    case FILL_SMALL_INTEGERS:
    case FILL_INTEGERS:
    case FILL_ODD_A:
    case FILL_ODD_B:
        return integer_within(r, 512);
    case FILL_EXPONENTS:
        return cases_log_uniform(r, -40, 40);
    case FILL_POSITIVE:
        return rng_float(r, 0x1p-10f, 1.0f);
    default:
        return rng_float(r, -1.0f, 1.0f);
    }
}

static size_t place_of(int row, int col, int ld, enum transpose t)
{
    return t ? (size_t)col * (size_t)ld + (size_t)row : (size_t)row * (size_t)ld + (size_t)col;
}

/* Makes the second half of the products take away the first, up to 2^-7 of each; an odd last one is small. */
static void cancel(const struct gemm_case *c, struct rng *r, float *a, int lda, float *b, int ldb)
{
    const int half = c->k / 2;
    for (int p = 0; p < half; p++) {
        for (int i = 0; i < c->m; i++)
            a[place_of(i, p + half, lda, c->ta)] =
                -a[place_of(i, p, lda, c->ta)] * (1.0f + 0x1p-7f * rng_float(r, -1.0f, 1.0f));
        for (int j = 0; j < c->n; j++) b[place_of(p + half, j, ldb, c->tb)] = b[place_of(p, j, ldb, c->tb)];
    }
    for (int i = 0; c->k % 2 && c->k > 1 && i < c->m; i++) a[place_of(i, c->k - 1, lda, c->ta)] *= 0x1p-10f;
}

void cases_gemm_fill(const struct gemm_case *c, float *a, int lda, float *b, int ldb, float *c0, int ldc)
{
    struct rng r = rng_seed(c->seed, 11);
    for (int i = 0; i < c->m; i++)
        for (int p = 0; p < c->k; p++) a[place_of(i, p, lda, c->ta)] = element_a(c, &r, i, p);
    for (int p = 0; p < c->k; p++)
        for (int j = 0; j < c->n; j++) b[place_of(p, j, ldb, c->tb)] = element_b(c, &r, p, j);
    const bool fill_c = c->beta != 0.0f || c->fill == FILL_INFINITE_C;
    for (int i = 0; fill_c && i < c->m; i++)
        for (int j = 0; j < c->n; j++)
            c0[place_of(i, j, ldc, NO_TRANS)] = c->beta != 0.0f ? element_c(c, &r, i, j) : INFINITY;
    if (c->fill == FILL_CANCEL) cancel(c, &r, a, lda, b, ldb);
}
