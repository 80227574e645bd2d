/* SPDX-License-Identifier: MIT
 *
 * Operands of gemm in memory: A and B in one matrix, contents that change between calls, rows far apart. */
#include <limits.h>

#include "proof/prove_gemm.h"
#include "train/step_parts.h"

static const enum gemm_fill exact_fills[] = {FILL_INTEGERS, FILL_ODD_A, FILL_INTEGERS, FILL_ODD_B};

/* The same pointer for both: A A, A A^T, A^T A, A^T A^T; as different parts of one matrix, too, which may
 * overlap. */
void gemm_shared_operands(struct proof *p, struct proof_row *row)
{
    enum { CASES = 160 };
    struct rng r = rng_seed(p->options->seed, 36);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_INTEGERS);
        const uint32_t most = i % 8 == 7 ? 300 : 67;
        c.shared = true;
        c.ta = i & 1 ? TRANS : NO_TRANS;
        c.tb = i & 2 ? TRANS : NO_TRANS;
        c.m = 1 + (int)rng_below(&r, most);
        c.k = 1 + (int)rng_below(&r, most);
        c.n = c.ta != c.tb ? c.m : (c.k = c.m);
        c.special = i;
        if (i & 4) { /* B of other extents, or elsewhere */
            c.n = 1 + (int)rng_below(&r, most);
            c.b_row = i & 8 ? (int)rng_below(&r, 20) : 0;
            c.b_col = i & 8 ? (int)rng_below(&r, 20) : 0;
        }
        gemm_run(p, row, &c);
    }
}

/* What a kernel keeps from one call to the next must not be mistaken for what this call is about. Sizes of
 * the training's products, with few rows, and drawn ones. */
void gemm_other_contents(struct proof *p, struct proof_row *row)
{
    enum { DRAWN = 16, KINDS = BEFORE_COUNT - 1 };
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    struct rng r = rng_seed(p->options->seed, 37);
    for (int i = 0; i < KINDS * (PRODUCT_COUNT + DRAWN); i++) {
        struct gemm_case c = gemm_random_case(p, &r, exact_fills[i % 4]);
        const int size = i / KINDS, rows = 3 + (int)rng_below(&r, 6);
        const uint32_t most = size % 4 ? 67 : 300;
        c.m = 2 + (int)rng_below(&r, most);
        c.n = 2 + (int)rng_below(&r, most);
        c.k = 2 + (int)rng_below(&r, most);
        if (size < PRODUCT_COUNT) {
            const struct step_product product = step_product((enum step_product_id)size, &shape, rows);
            c.ta = product.ta;
            c.tb = product.tb;
            c.m = product.m;
            c.n = product.n;
            c.k = product.k;
        }
        c.before = (enum gemm_before)(1 + i % KINDS);
        if (c.before == BEFORE_OTHER_C && c.beta == 0.0f) c.beta = 1.0f;
        c.special = i;
        gemm_run(p, row, &c);
    }
}

/* Rows whose offsets pass 2^31 and 2^32 floats, few of the largest strides or some more: their number, and
 * the stride. Of a library with an LP64 interface, only 2^32 bytes: its indices are int, and OpenBLAS 0.3.21
 * crashes where a product of two of them does not fit. */
static int distant_stride(const struct proof *p, struct rng *r, int number, int *rows)
{
    const bool many = number % 4 == 3;
    const int few_strides[] = {1 << 30, (1 << 30) + (int)rng_below(r, 1 << 20), INT_MAX};
    *rows = many ? 17 + (int)rng_below(r, 7) : 5 + (int)rng_below(r, 3);
    if (p->backend->flags & BACKEND_MAY_DEVIATE)
        return (many ? 1 << 26 : 1 << 28) - (int)rng_below(r, 1 << 20);
    return many ? (1 << 28) + (int)rng_below(r, 1 << 20) : few_strides[number % 4];
}

/* A, B or C with such rows, for every pair of transposes. */
void gemm_distant_rows(struct proof *p, struct proof_row *row)
{
    enum { OPERANDS = 3, TRANSPOSES = 4, STRIDES = 4, CASES = OPERANDS * TRANSPOSES * STRIDES };
    struct rng r = rng_seed(p->options->seed, 38);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, exact_fills[rng_below(&r, 4)]);
        c.ta = i & 1 ? TRANS : NO_TRANS;
        c.tb = i & 2 ? TRANS : NO_TRANS;
        c.m = 1 + (int)rng_below(&r, 40);
        c.n = 1 + (int)rng_below(&r, 40);
        c.k = 1 + (int)rng_below(&r, 40);
        c.special = i;
        const struct {
            int *rows, *cols, *slack;
        } operands[OPERANDS] = {{c.ta ? &c.k : &c.m, c.ta ? &c.m : &c.k, &c.slack_a},
                                {c.tb ? &c.n : &c.k, c.tb ? &c.k : &c.n, &c.slack_b},
                                {&c.m, &c.n, &c.slack_c}};
        const int which = i / TRANSPOSES % OPERANDS;
        const int stride = distant_stride(p, &r, i / TRANSPOSES / OPERANDS, operands[which].rows);
        *operands[which].slack = stride - *operands[which].cols;
        gemm_run(p, row, &c);
    }
}
