/* SPDX-License-Identifier: MIT */
#include "proof/gemm_cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const fill_names[FILL_COUNT] = {
    [FILL_UNIFORM] = "uniform",       [FILL_POSITIVE] = "positive",
    [FILL_EXPONENTS] = "exponents",   [FILL_HUGE_ROW] = "huge-row",
    [FILL_CANCEL] = "cancel",         [FILL_ACTIVATIONS] = "activations",
    [FILL_INTEGERS] = "integers",     [FILL_ODD_A] = "odd-a",
    [FILL_ODD_B] = "odd-b",           [FILL_ONE_HOT] = "one-hot",
    [FILL_IDENTITY_A] = "identity-a", [FILL_IDENTITY_B] = "identity-b",
    [FILL_SUBNORMAL] = "subnormal",   [FILL_ZERO_LINES] = "zero-lines",
    [FILL_NAN_A] = "nan-a",           [FILL_NAN_B] = "nan-b",
    [FILL_NAN_INPUTS] = "nan-inputs", [FILL_INF_ZERO] = "inf-zero",
    [FILL_INF_PAIR] = "inf-pair",     [FILL_OVERFLOW] = "overflow",
    [FILL_INFINITE_C] = "infinite-c", [FILL_POWERS] = "powers",
    [FILL_ZEROS_A] = "zeros-a",       [FILL_ZEROS_B] = "zeros-b",
    [FILL_SPECIAL] = "special",       [FILL_TINY_A] = "tiny-a",
    [FILL_TINY_B] = "tiny-b",         [FILL_NONFINITE_C] = "nonfinite-c",
};

bool gemm_exact(enum gemm_fill fill)
{
    switch (fill) {
    case FILL_INTEGERS:
    case FILL_ODD_A:
    case FILL_ODD_B:
    case FILL_ONE_HOT:
    case FILL_IDENTITY_A:
    case FILL_IDENTITY_B:
    case FILL_SUBNORMAL:
    case FILL_TINY_A:
    case FILL_TINY_B:
    case FILL_POWERS:
        return true;
    default:
        return false;
    }
}

float gemm_exact_factor(struct rng *r, int lo, int hi)
{
    const float sign = rng_below(r, 2) ? 1.0f : -1.0f;
    if (rng_below(r, 8) < 3) return sign;
    return sign * ldexpf((float)(1 + 2 * rng_below(r, 8)), lo + (int)rng_below(r, (uint32_t)(hi - lo + 1)));
}

float gemm_rounding_factor(struct rng *r)
{
    const float sign = rng_below(r, 2) ? 1.0f : -1.0f;
    switch (rng_below(r, 4)) {
    case 0:
        return sign;
    case 1:
        return sign * rng_float(r, 0x1p-10f, 1.0f);
    case 2:
        return sign * rng_float(r, 1.0f, 8.0f);
    default:
        return cases_log_uniform(r, -30, 16);
    }
}

/* With as few digits as give the same float. */
static const char *float_text(float x, char text[24])
{
    snprintf(text, 24, "%g", (double)x);
    if (strtof(text, NULL) != x) snprintf(text, 24, "%.9g", (double)x);
    return text;
}

void gemm_case_text(const struct gemm_case *c, char text[GEMM_CASE_TEXT])
{
    char alpha[24], beta[24];
    int used = snprintf(
        text, GEMM_CASE_TEXT,
        "%c%c %dx%dx%d alpha=%s beta=%s slack=%d,%d,%d place=%s fill=%s special=%d rule=%d seed=0x%llx",
        c->ta ? 'T' : 'N', c->tb ? 'T' : 'N', c->m, c->n, c->k, float_text(c->alpha, alpha),
        float_text(c->beta, beta), c->slack_a, c->slack_b, c->slack_c, placement_name(c->place),
        fill_names[c->fill], c->special, c->rule, (unsigned long long)c->seed);
    if (c->shared)
        used += snprintf(text + used, (size_t)(GEMM_CASE_TEXT - used), " shared=%d,%d", c->b_row, c->b_col);
    if (c->before) snprintf(text + used, (size_t)(GEMM_CASE_TEXT - used), " before=%d", (int)c->before);
}

/* ---- exact data. A factor is an odd number times a unit, a power of two. Every term of a sum is a multiple
 * of alpha's unit, and the sum of their magnitudes is at most 2^24 of it. */

enum { MAX_EXACT_C = 512, ODD_LIMIT = 1 << 12 };

static int odd_part(float x)
{
    int exponent;
    int odd = (int)ldexpf(frexpf(fabsf(x), &exponent), 24);
    while (odd != 0 && odd % 2 == 0) odd /= 2;
    return odd != 0 ? odd : 1;
}

static float unit_of(float x)
{
    return x != 0.0f ? fabsf(x) / (float)odd_part(x) : 1.0f;
}

/* What the exact elements of one case keep to. */
struct limits {
    int a, b;   /* FILL_INTEGERS */
    int stride; /* FILL_ODD_*: one place in so many may hold a selector that is not 0 */
    float unit; /* C's elements are integers times this, so that beta times them fits among the products */
};

/* What products of exact data are multiples of. */
static float product_unit(enum gemm_fill fill)
{
    if (fill == FILL_TINY_A || fill == FILL_TINY_B) return 0x1p-149f;
    return fill == FILL_SUBNORMAL ? 0x1p-140f : 1.0f;
}

static struct limits limits_of(const struct gemm_case *c)
{
    const int alpha = odd_part(c->alpha), k = c->k > 0 ? c->k : 1;
    const double limit = (0x1p24 - (double)odd_part(c->beta) * MAX_EXACT_C) / alpha / k; /* for |A| |B| */
    struct limits l = {.a = 64, .b = 128};
    if (limit < 64.0 * 64.0) l.a = limit < 1.0 ? 1 : (int)sqrt(limit);
    if (limit < l.a * 128.0) l.b = limit < 1.0 ? 1 : (int)limit / l.a;
    if (c->shared && l.b > l.a) l.b = l.a; /* each element may be one of either */
    l.stride =
        1 + (int)((double)alpha * k / (ODD_LIMIT - 100)); /* less what the first index of k and C add */
    l.unit = unit_of(c->alpha) / unit_of(c->beta) * product_unit(c->fill);
    return l;
}

/* 0 in 81 % of the places, but not for the first index of k, so that a product is never all zeros. */
static float activation(struct rng *r, int p)
{
    return p == 0 || rng_below(r, 100) < 19 ? (float)(1 + rng_below(r, 255)) / 255.0f : 0.0f;
}

static float integer_within(struct rng *r, int limit)
{
    return (float)((int)rng_below(r, (uint32_t)(2 * limit + 1)) - limit);
}

/* Not 0 for the first index of k, so that a product is never all zeros. */
static float factor_within(struct rng *r, int limit, int p)
{
    const float value = integer_within(r, limit);
    return p == 0 && value == 0.0f ? 1.0f : value;
}

/* Odd, 12 bits, either sign: not representable with 8 (bf16) or 11 (tf32, half) significant bits. */
static float odd_integer(struct rng *r)
{
    const int value = 2049 + 2 * (int)rng_below(r, 1024);
    return (float)(rng_below(r, 2) ? value : -value);
}

/* -1, 0 or 1; not 0 for the first index of k, so that a product is never all zeros. `line`: row of A or
 * column of B. */
static float selector(const struct limits *l, struct rng *r, int line, int p)
{
    if (p == 0) return rng_below(r, 2) ? 1.0f : -1.0f;
    return (line + p) % l->stride == 0 ? integer_within(r, 1) : 0.0f;
}

/* A subnormal number, or zero. */
static float tiny(struct rng *r, int p)
{
    return factor_within(r, 8, p) * 0x1p-149f;
}

/* A power of two between 1 and 16: times a subnormal alpha, it is exact. */
static float power(struct rng *r)
{
    return ldexpf(rng_below(r, 2) ? 1.0f : -1.0f, (int)rng_below(r, 5));
}

/* A number of its own for every line, so that no period of rows or of k is always right. */
static uint64_t number_of(const struct gemm_case *c, int line)
{
    uint64_t x = c->seed ^ (uint64_t)line;
    return rng_splitmix(&x);
}

/* FILL_ZEROS_*: element (line, p) of the operand with zeros. */
static float zero_or_not(const struct gemm_case *c, struct rng *r, int lines, int line, int p)
{
    const float value = rng_float(r, -1.0f, 1.0f);
    switch (c->special) {
    case ZEROS_ALL:
        return 0.0f;
    case ZEROS_ROWS:
        return line == lines / 2 || number_of(c, line) % 2 != 0 ? 0.0f : value;
    case ZEROS_DEPTHS:
        return p == c->k / 2 || number_of(c, p) % 2 != 0 ? 0.0f : value;
    default:
        return (line + p) % 2 || rng_below(r, 2) ? 0.0f : value;
    }
}

/* The other operand: in two lines of three one NaN or Inf, at the first index of k, the last, or any. A
 * second one would hide it. */
static float special_or_not(const struct gemm_case *c, struct rng *r, int line, int p)
{
    const float value = rng_float(r, -1.0f, 1.0f);
    const int drawn = (int)(number_of(c, -1 - line) % (uint64_t)c->k);
    const int at = line % 8 == 3 ? 0 : line % 8 == 4 ? c->k - 1 : drawn;
    if (line % 3 == 2 || p != at) return value;
    return line % 3 ? NAN : copysignf(INFINITY, value);
}

/* FILL_NONFINITE_C: one NaN and one infinity, both spread by the seed. */
static float nonfinite_c(const struct gemm_case *c, struct rng *r, int i, int j)
{
    const int count = c->m * c->n, here = i * c->n + j;
    const int nan = (int)(c->seed >> 8 & 0xffff) % count;
    const int infinity = (nan + 1 + (int)(c->seed >> 24 & 0xffff) % count) % count;
    const float x = rng_float(r, -1.0f, 1.0f);
    return here == nan ? NAN : here == infinity ? copysignf(INFINITY, x) : x;
}

/* FILL_SPECIAL: about one in so many is not an ordinary number. */
static float maybe_special(struct rng *r, int rarity)
{
    const float value = rng_float(r, -1.0f, 1.0f);
    if (rng_below(r, (uint32_t)rarity) != 0) return value;
    switch (rng_below(r, 6)) {
    case 0:
        return NAN;
    case 1:
    case 2:
        return copysignf(INFINITY, value);
    case 3:
        return copysignf(0.0f, value);
    default:
        return value * 0x1p-127f;
    }
}

/* Element (i, p) of op(A). */
static float element_a(const struct gemm_case *c, const struct limits *l, struct rng *r, int i, int p)
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
        return factor_within(r, l->a, p);
    case FILL_ODD_A:
        return odd_integer(r);
    case FILL_ODD_B:
        return selector(l, r, i, p);
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
    case FILL_TINY_A:
        return tiny(r, p);
    case FILL_TINY_B:
        return power(r);
    case FILL_POWERS:
        return i % 2 == 0 && p == c->special ? power(r) : 0.0f;
    case FILL_ZEROS_A:
        return zero_or_not(c, r, c->m, i, p);
    case FILL_ZEROS_B:
        return special_or_not(c, r, i, p);
    case FILL_SPECIAL:
        return maybe_special(r, 2 * c->k + 1);
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
    default:
        return rng_float(r, -1.0f, 1.0f);
    }
}

/* Element (p, j) of op(B). */
static float element_b(const struct gemm_case *c, const struct limits *l, struct rng *r, int p, int j)
{
    switch (c->fill) {
    case FILL_POSITIVE:
        return rng_float(r, 0x1p-10f, 1.0f);
    case FILL_EXPONENTS:
        return cases_log_uniform(r, -40, 40);
    case FILL_ACTIVATIONS:
        return rng_float(r, -0.0625f, 0.0625f);
    case FILL_INTEGERS:
        return factor_within(r, l->b, p);
    case FILL_ODD_A:
        return selector(l, r, j, p);
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
    case FILL_TINY_B:
        return tiny(r, p);
    case FILL_TINY_A:
    case FILL_POWERS:
        return power(r);
    case FILL_ZEROS_A:
        return special_or_not(c, r, j, p);
    case FILL_ZEROS_B:
        return zero_or_not(c, r, c->n, j, p);
    case FILL_SPECIAL:
        return maybe_special(r, 2 * c->k + 1);
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
    default:
        return rng_float(r, -1.0f, 1.0f);
    }
}

static float element_c(const struct gemm_case *c, const struct limits *l, struct rng *r, int i, int j)
{
    if (c->fill == FILL_POWERS) return i % 2 ? power(r) : 0.0f;
    if (gemm_exact(c->fill)) return integer_within(r, MAX_EXACT_C) * l->unit;
    switch (c->fill) {
    case FILL_EXPONENTS:
        return cases_log_uniform(r, -40, 40);
    case FILL_POSITIVE:
        return rng_float(r, 0x1p-10f, 1.0f);
    case FILL_SPECIAL:
        return maybe_special(r, 4);
    case FILL_NONFINITE_C:
        return nonfinite_c(c, r, i, j);
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

void gemm_fill(const struct gemm_case *c, float *a, int lda, float *b, int ldb, float *c0, int ldc)
{
    const struct limits l = limits_of(c);
    struct rng r = rng_seed(c->seed, 11);
    for (int i = 0; i < c->m; i++)
        for (int p = 0; p < c->k; p++) a[place_of(i, p, lda, c->ta)] = element_a(c, &l, &r, i, p);
    for (int p = 0; p < c->k; p++)
        for (int j = 0; j < c->n; j++) b[place_of(p, j, ldb, c->tb)] = element_b(c, &l, &r, p, j);
    const bool fill_c = c->beta != 0.0f || c->fill == FILL_INFINITE_C;
    for (int i = 0; fill_c && i < c->m; i++)
        for (int j = 0; j < c->n; j++)
            c0[place_of(i, j, ldc, NO_TRANS)] = c->beta != 0.0f ? element_c(c, &l, &r, i, j) : INFINITY;
    if (c->fill == FILL_CANCEL) cancel(c, &r, a, lda, b, ldb);
}
