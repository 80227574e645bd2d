/* SPDX-License-Identifier: MIT
 *
 * Extents of gemm at which a wrong kernel may change path: each to 1100, around the plan's and their
 * multiples, around powers of two to 2^17, and far beyond while the others are thin. Nearly all on exact
 * data: under a bound that grows with k, one lost product of 8193 would not show. */
#include <math.h>

#include "proof/prove_gemm.h"

static const enum gemm_fill fills[] = {FILL_INTEGERS, FILL_ODD_A, FILL_ODD_B, FILL_UNIFORM};
enum { FILLS = sizeof fills / sizeof *fills };

static int *extent_of(struct gemm_case *c, int which)
{
    return which == 0 ? &c->m : which == 1 ? &c->n : &c->k;
}

/* A case with two thin extents, the third `extent`. number: of the case within its class. */
static struct gemm_case thin_case(struct proof *p, struct rng *r, int number, int which, int extent,
                                  int least, int most)
{
    struct gemm_case c = gemm_random_case(p, r, fills[rng_below(r, FILLS)]);
    for (int i = 0; i < 3; i++)
        *extent_of(&c, i) = i == which ? extent : least + (int)rng_below(r, (uint32_t)(most - least + 1));
    /* not where the bound of a long sum may be as large as the sum */
    if (c.fill == FILL_UNIFORM && c.k > 64) c.fill = FILL_POSITIVE;
    c.special = number;
    return c;
}

static void all_transposes(struct proof *p, struct proof_row *row, struct rng *r, int number, int which,
                           int extent, int least, int most)
{
    for (int t = 0; t < 4; t++) {
        struct gemm_case c = thin_case(p, r, number + t, which, extent, least, most);
        c.ta = t & 1 ? TRANS : NO_TRANS;
        c.tb = t & 2 ? TRANS : NO_TRANS;
        gemm_run(p, row, &c);
    }
}

void gemm_each_extent(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 29);
    for (int i = 0; i < 3 * CASES_MAX_EXTENT; i++) {
        const int most = i % 8 == 0 ? 67 : 10;
        const struct gemm_case c = thin_case(p, &r, i, i % 3, 1 + i / 3, 1, most);
        gemm_run(p, row, &c);
    }
}

/* Once to three times each of the plan's extents, and one beside, with every pair of transposes. */
void gemm_around_the_plan(struct proof *p, struct proof_row *row)
{
    const int extents[] = {p->plan->inputs, p->plan->hidden, p->plan->batch, p->plan->classes};
    enum { EXTENTS = sizeof extents / sizeof *extents, MULTIPLES = 3, NEAR = 3 };
    struct rng r = rng_seed(p->options->seed, 30);
    for (int i = 0; i < EXTENTS * MULTIPLES * NEAR * 3; i++) {
        const int multiple = 1 + i / 3 / NEAR % MULTIPLES, beside = i / 3 % NEAR - 1;
        const int extent = extents[i / 3 / NEAR / MULTIPLES] * multiple + beside;
        if (extent > 0) all_transposes(p, row, &r, 4 * i, i % 3, extent, 2, 17);
    }
}

/* Ends of ranges from 2^8 to 2^17, 3 times as much, and numbers drawn in between; the others 2 to 5. All
 * transposes to 2^13. */
void gemm_thin_giants(struct proof *p, struct proof_row *row)
{
    enum { EACH = 7 };
    struct rng r = rng_seed(p->options->seed, 31);
    for (int i = 0; i < 9 * EACH * 3; i++) {
        const int power = 256 << i / (3 * EACH), which = i % 3;
        const int list[EACH] = {power - 1,
                                power,
                                power + 1,
                                power / 2 * 3 - 1,
                                power / 2 * 3 + 1,
                                power + (int)rng_below(&r, (uint32_t)power),
                                power + (int)rng_below(&r, 256)};
        const int extent = list[i / 3 % EACH];
        if (power <= 1 << 13) {
            all_transposes(p, row, &r, 4 * i, which, extent, 2, 5);
            continue;
        }
        struct gemm_case c = thin_case(p, &r, 4 * i, which, extent, 2, 5);
        c.slack_a = c.slack_b = c.slack_c = i % 2;
        gemm_run(p, row, &c);
    }
}

/* A vector times a matrix, and a matrix times a vector: a path of its own, whose ranges end at other places
 * than those of tiles. Small extents, and around powers of two to 2^13, either along the sum or along the
 * result. */
void gemm_one_row_or_column(struct proof *p, struct proof_row *row)
{
    static const int large[] = {255, 257, 2047, 2049, 4095, 4096, 4097, 8193};
    enum { LARGE = sizeof large / sizeof *large, SMALL = 12, TRANSPOSES = 4, WAYS = 2 };
    struct rng r = rng_seed(p->options->seed, 46);
    for (int i = 0; i < (SMALL + 2 * LARGE) * TRANSPOSES * WAYS; i++) {
        struct gemm_case c = gemm_random_case(p, &r, fills[rng_below(&r, FILLS)]);
        const int size = i / TRANSPOSES / WAYS - SMALL;
        const bool is_row = i / TRANSPOSES % WAYS == 0;
        int *const other = is_row ? &c.n : &c.m;
        c.ta = i & 1 ? TRANS : NO_TRANS;
        c.tb = i & 2 ? TRANS : NO_TRANS;
        c.m = c.n = 1;
        *other = 1 + (int)rng_below(&r, 67);
        c.k = 1 + (int)rng_below(&r, 67);
        if (size >= 0) *(size % 2 ? &c.k : other) = large[size / 2];
        if (c.fill == FILL_UNIFORM && c.k > 64) c.fill = FILL_POSITIVE;
        c.special = i;
        gemm_run(p, row, &c);
    }
}

/* What fits L1 may be read where it lies: every height to 67, with a panel of 8 to 64 whole columns. */
void gemm_small_products(struct proof *p, struct proof_row *row)
{
    enum { WIDTHS = 8 };
    struct rng r = rng_seed(p->options->seed, 47);
    for (int i = 0; i < CASES_ALL_RESIDUES * WIDTHS; i++) {
        struct gemm_case c = gemm_random_case(p, &r, fills[rng_below(&r, FILLS)]);
        c.m = 1 + i / WIDTHS;
        c.n = 8 + i % WIDTHS * 8;
        c.k = 1 + (int)rng_below(&r, 67);
        c.special = i;
        gemm_run(p, row, &c);
    }
}

/* Two extents to 1100, the third thin; sums of one to three products, for every pair of transposes; then,
 * likewise, all three extents one beside the plan's or further beyond them, as far as operands fit. */
void gemm_large_in_two(struct proof *p, struct proof_row *row)
{
    enum { CASES = 24, SHORT_SUMS = 3, LARGE = 4 };
    struct rng r = rng_seed(p->options->seed, 32);
    for (int i = 0; i < SHORT_SUMS; i++) all_transposes(p, row, &r, 4 * i, 2, 1 + i, 257, 1000);
    for (int i = 0; i < CASES + LARGE; i++) {
        struct gemm_case c = thin_case(p, &r, i, i % 3, 2 + (int)rng_below(&r, 16), 68, 1100);
        if (i >= CASES) {
            c.ta = i & 1 ? TRANS : NO_TRANS;
            c.tb = i & 2 ? TRANS : NO_TRANS;
            c.m = p->plan->batch + (rng_below(&r, 2) ? 1 + (int)rng_below(&r, 100) : -1);
            c.n = p->plan->hidden + (rng_below(&r, 2) ? 1 + (int)rng_below(&r, 60) : -1);
            c.k = p->plan->inputs + (rng_below(&r, 2) ? 1 + (int)rng_below(&r, 60) : -1);
        }
        if (c.m < 1 || c.n < 1 || c.k < 1 || !gemm_fits(p, &c)) c.m = c.n = c.k = 300;
        gemm_run(p, row, &c);
    }
}

/* m * n * k beyond 2^30 and beyond 2^31: products or operations counted in 32 bits turn negative. A is an
 * identity, which the oracle multiplies by quickly; B's numbers take 21 bits, so factors are left out. */
void gemm_large_in_all(struct proof *p, struct proof_row *row)
{
    static const int extents[][2] = {{1033, 1031}, {1303, 1297}}; /* m and k, n */
    struct rng r = rng_seed(p->options->seed, 48);
    for (int i = 0; i < 2; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_IDENTITY_A);
        c.ta = c.tb = NO_TRANS;
        c.alpha = 1.0f;
        c.beta = 0.0f;
        c.m = c.k = extents[i][0];
        c.n = extents[i][1];
        gemm_run(p, row, &c);
    }
}
