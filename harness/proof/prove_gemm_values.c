/* SPDX-License-Identifier: MIT
 *
 * Values of gemm: any alpha and beta, zeros that must not hide NaN and Inf, special values in every operand,
 * and zeros that must stay exact. */
#include <math.h>

#include "proof/prove_gemm.h"

/* 1 to 67, rarely to 300. */
static int extent(struct rng *r)
{
    return 1 + (int)rng_below(r, rng_below(r, 8) ? 67 : 300);
}

static void draw_extents(struct gemm_case *c, struct rng *r, int number)
{
    c->ta = number & 1 ? TRANS : NO_TRANS;
    c->tb = number & 2 ? TRANS : NO_TRANS;
    c->m = extent(r);
    c->n = extent(r);
    c->k = extent(r);
}

/* Any significand: between 2^-10 and 16 half of the time, close to a power of two, subnormal, or far off. The
 * largest may be multiplied by 2^8. */
static float any_factor(struct rng *r)
{
    const float sign = rng_below(r, 2) ? 1.0f : -1.0f;
    switch (rng_below(r, 8)) {
    case 0:
        return sign * ldexpf(1.0f + 0x1p-23f * (float)rng_below(r, 4), (int)rng_below(r, 5) - 2);
    case 1:
        return sign * ldexpf(1.0f - 0x1p-24f * (float)rng_below(r, 4), (int)rng_below(r, 5) - 2);
    case 2:
        return sign * ldexpf((float)(1 + rng_below(r, 0x7fffff)), -149);
    case 3:
        return cases_log_uniform(r, -126, 110);
    case 4:
        return sign * rng_float(r, 0.0f, 1.0f);
    case 5:
        return sign * rng_float(r, 1.0f, 16.0f);
    default:
        return cases_log_uniform(r, -10, 4);
    }
}

/* Products and C are powers of two, each where the other is 0: both factors keep every bit. */
void gemm_any_factors(struct proof *p, struct proof_row *row)
{
    enum { CASES = 400 };
    struct rng r = rng_seed(p->options->seed, 26);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_POWERS);
        draw_extents(&c, &r, i);
        if (c.m == 1) c.m = 2;
        c.special = (int)rng_below(&r, (uint32_t)c.k);
        c.alpha = any_factor(&r);
        c.beta = any_factor(&r);
        gemm_run(p, row, &c);
    }
}

/* Zeros everywhere, in whole rows, at whole indices of k, or scattered, in either operand; NaN and Inf in the
 * other. */
void gemm_zeros_and_nan(struct proof *p, struct proof_row *row)
{
    enum { EACH = 6, CASES = 4 * 2 * ZEROS_PATTERNS * EACH };
    struct rng r = rng_seed(p->options->seed, 33);
    row->is_of_rules = 1;
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, i / 4 % 2 ? FILL_ZEROS_B : FILL_ZEROS_A);
        draw_extents(&c, &r, i);
        c.special = i / 8 % ZEROS_PATTERNS;
        gemm_run(p, row, &c);
    }
}

void gemm_special_values(struct proof *p, struct proof_row *row)
{
    /* alpha must not make a subnormal number 0, which times Inf would be NaN */
    static const float alphas[] = {1.0f, -1.0f, 1.5f, -3.0f, 1.0f};
    enum { CASES = 240, ALPHAS = sizeof alphas / sizeof *alphas };
    struct rng r = rng_seed(p->options->seed, 34);
    row->is_of_rules = 1;
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_SPECIAL);
        draw_extents(&c, &r, i);
        c.alpha = alphas[i % ALPHAS];
        c.special = i;
        gemm_run(p, row, &c);
    }
}

/* An algorithm that recombines sums, such as Strassen's, leaves roundings where a row of A or a column of B
 * is 0. Such ones start at some size, some only where all extents can be halved. */
void gemm_structural_zeros(struct proof *p, struct proof_row *row)
{
    static const struct {
        int cases, least, m, n, k; /* extents from `least` on, less than so many more */
    } sizes[] = {{60, 1, 40, 70, 130}, {8, 129, 172, 172, 172}, {1, 513, 20, 30, 20}};
    struct rng r = rng_seed(p->options->seed, 26);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int i = 0; i < sizes[s].cases; i++) {
            const int unit = sizes[s].least > 1 && i % 2 == 0 ? 8 : 1;
            struct gemm_case c = gemm_random_case(p, &r, FILL_ZERO_LINES);
            c.m = (sizes[s].least + (int)rng_below(&r, (uint32_t)sizes[s].m) + unit - 1) / unit * unit;
            c.n = (sizes[s].least + (int)rng_below(&r, (uint32_t)sizes[s].n) + unit - 1) / unit * unit;
            c.k = (sizes[s].least + (int)rng_below(&r, (uint32_t)sizes[s].k) + unit - 1) / unit * unit;
            if (i % 4 < 2) c.alpha = 1.0f;
            c.beta = 0.0f;
            gemm_run(p, row, &c);
        }
}

/* Subnormal numbers in one operand; a power of two in the other brings them back. */
void gemm_subnormal_operands(struct proof *p, struct proof_row *row)
{
    enum { CASES = 64 };
    struct rng r = rng_seed(p->options->seed, 45);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, i % 8 < 4 ? FILL_TINY_A : FILL_TINY_B);
        draw_extents(&c, &r, i);
        gemm_run(p, row, &c);
    }
}
