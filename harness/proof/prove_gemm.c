/* SPDX-License-Identifier: MIT
 *
 * Proof of gemm: C = alpha op(A) op(B) + beta C within gamma(k + 2) (|alpha| |A| |B| + |beta| |C|) at every
 * element, and exactly where floats have nothing to round. C starts as NaN wherever it may not be read. */
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_gemm.h"
#include "train/step_parts.h"

/* ---- one case */

static unsigned flags_of(const struct gemm_case *c)
{
    const bool product = c->k > 0 && c->alpha != 0.0f;
    unsigned flags = 0;
    if (c->m == 0 || c->n == 0) flags |= COMPARE_IDLE_IS_RIGHT;
    if (!product && c->beta == 0.0f) flags |= COMPARE_IDLE_IS_RIGHT;
    /* one row and one column of zeros can be all there is */
    if (c->fill == FILL_ZERO_LINES && (c->m == 1 || c->n == 1)) flags |= COMPARE_IDLE_IS_RIGHT;
    /* small integers with many zeros may cancel in a handful of elements */
    if (cases_exact(c->fill) && c->m * c->n <= 8) flags |= COMPARE_IDLE_IS_RIGHT;
    /* nearly all may be zeros, or NaN as in a C that was never written */
    if (c->fill == FILL_ZEROS_A || c->fill == FILL_ZEROS_B) flags |= COMPARE_IDLE_IS_RIGHT;
    if (cases_nonfinite(c->fill) && product) flags |= COMPARE_NONFINITE;
    if (c->fill == FILL_NONFINITE_C && c->beta != 0.0f) flags |= COMPARE_NONFINITE;
    return flags;
}

static void expect(struct proof *p, const struct gemm_case *c, const struct matrix *a, const struct matrix *b,
                   int ldc)
{
    oracle_gemm(c->ta, c->tb, c->m, c->n, c->k, c->alpha, a->data, a->ld, b->data, b->ld, c->beta, p->before,
                ldc, p->value, p->bound);
    const size_t count = (size_t)c->m * (size_t)c->n;
    const bool exact = cases_exact(c->fill);
    for (size_t i = 0; c->fill == FILL_OVERFLOW && i < count; i++)
        if (fabs(p->value[i]) >= 0x1p129) p->value[i] = copysign((double)INFINITY, p->value[i]);
    for (size_t i = 0; i < count; i++)
        p->bound[i] = exact ? BOUND_EXACT : bound_gemm(c->k, c->alpha, c->beta, p->bound[i]);
}

void gemm_run(struct proof *p, struct proof_row *row, const struct gemm_case *c)
{
    char text[200];
    cases_gemm_text(c, text, sizeof text);
    if (!case_begin(p, "gemm %s", text)) return;
    const struct matrix a =
        place_matrix(p, ARENA_A, c->ta ? c->k : c->m, c->ta ? c->m : c->k, c->slack_a, c->place);
    const struct matrix b =
        place_matrix(p, ARENA_B, c->tb ? c->n : c->k, c->tb ? c->k : c->n, c->slack_b, c->place);
    const struct matrix out = place_matrix(p, ARENA_C, c->m, c->n, c->slack_c, c->place);
    cases_gemm_fill(c, a.data, a.ld, b.data, b.ld, out.data, out.ld);
    memcpy(p->before, out.data, matrix_floats(c->m, c->n, out.ld) * sizeof(float));
    /* Of cases that differ in nothing but data or one step of an extent, one in eight: it costs system calls.
     */
    const bool read_only = c->special % 8 == 0;
    if (read_only) guarded_protect(&p->arena[ARENA_A]);
    if (read_only) guarded_protect(&p->arena[ARENA_B]);
    CONTENDER_CALL(&p->contender, gemm, c->ta, c->tb, c->m, c->n, c->k, c->alpha, a.data, a.ld, b.data, b.ld,
                   c->beta, out.data, out.ld);
    if (read_only) guarded_release(&p->arena[ARENA_A]);
    if (read_only) guarded_release(&p->arena[ARENA_B]);
    expect(p, c, &a, &b, out.ld);
    struct comparison result;
    compare_begin(&result, "C", (long long)c->m * c->n, c->n, flags_of(c));
    compare_matrix(&result, c->m, c->n, out.data, out.ld, p->value, p->bound);
    check_surroundings(p, &result, ARENA_C, &out);
    case_check(p, row, &result);
    case_end(p, row);
}

/* ---- classes of cases */

bool gemm_fits(const struct gemm_case *c)
{
    const long long m = c->m + 17, n = c->n + 17, k = c->k + 17;
    return m * k <= CASES_MAX_FLOATS && k * n <= CASES_MAX_FLOATS && m * n <= CASES_MAX_FLOATS;
}

struct gemm_case gemm_random_case(struct proof *p, struct rng *r, enum gemm_fill fill)
{
    static const float alphas[] = {1.0f, -1.0f, 0.7f}, betas[] = {0.0f, 1.0f, -1.0f, 1.3f};
    static const float exact_alphas[] = {1.0f, -1.0f, 2.0f}, exact_betas[] = {0.0f, 1.0f, 2.0f, 0.0f};
    const bool exact = cases_exact(fill);
    return (struct gemm_case){
        .ta = rng_below(r, 2) ? TRANS : NO_TRANS,
        .tb = rng_below(r, 2) ? TRANS : NO_TRANS,
        .alpha = exact ? exact_alphas[rng_below(r, 3)] : alphas[rng_below(r, 3)],
        .beta = exact ? exact_betas[rng_below(r, 4)] : betas[rng_below(r, 4)],
        .slack_a = cases_slacks[rng_below(r, 4)],
        .slack_b = cases_slacks[rng_below(r, 4)],
        .slack_c = cases_slacks[rng_below(r, 4)],
        .place = (enum placement)rng_below(r, PLACE_COUNT),
        .fill = fill,
        .seed = proof_case_seed(p),
    };
}

/* The five products of one training step for a batch of so many rows. */
static void training_products(struct proof *p, struct proof_row *row, int rows, enum gemm_fill fill)
{
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    for (int i = 0; i < PRODUCT_COUNT; i++) {
        const struct step_product product = step_product((enum step_product_id)i, &shape, rows);
        struct gemm_case c = {.ta = product.ta,
                              .tb = product.tb,
                              .m = product.m,
                              .n = product.n,
                              .k = product.k,
                              .alpha = 1.0f,
                              .fill = fill,
                              .place = (enum placement)(i % PLACE_COUNT),
                              .seed = proof_case_seed(p)};
        gemm_run(p, row, &c);
    }
}

static void training_shapes(struct proof *p, struct proof_row *row)
{
    training_products(p, row, p->plan->batch, FILL_ACTIVATIONS);
    training_products(p, row, p->plan->batch, FILL_UNIFORM);
    training_products(p, row, p->plan->batch, FILL_ODD_B);
    if (p->plan->batch > 96) training_products(p, row, 96, FILL_UNIFORM);
    if (p->plan->batch > 16) training_products(p, row, 16, FILL_UNIFORM);
}

/* Every m, n and k of 1..67 with every pair of transposes; each size meets others in another order each time.
 */
static void all_residues(struct proof *p, struct proof_row *row)
{
    static const enum gemm_fill fills[] = {FILL_UNIFORM, FILL_POSITIVE, FILL_EXPONENTS, FILL_UNIFORM,
                                           FILL_HUGE_ROW};
    struct rng r = rng_seed(p->options->seed, 21);
    for (int t = 0; t < 4; t++) {
        const int n_step =
            1 + (int)rng_below(&r, CASES_ALL_RESIDUES - 1); /* 67 is prime: any step visits all */
        const int k_step = 1 + (int)rng_below(&r, CASES_ALL_RESIDUES - 1);
        for (int i = 0; i < CASES_ALL_RESIDUES; i++) {
            struct gemm_case c = gemm_random_case(p, &r, fills[i % 5]);
            c.ta = t & 1 ? TRANS : NO_TRANS;
            c.tb = t & 2 ? TRANS : NO_TRANS;
            c.m = 1 + i;
            c.n = 1 + i * n_step % CASES_ALL_RESIDUES;
            c.k = 1 + i * k_step % CASES_ALL_RESIDUES;
            gemm_run(p, row, &c);
        }
    }
}

void gemm_every_residue(struct proof *p, struct proof_row *row)
{
    static const enum gemm_fill fills[] = {FILL_UNIFORM, FILL_ODD_A, FILL_POSITIVE, FILL_ODD_B,
                                           FILL_EXPONENTS};
    const int all = CASES_ALL_RESIDUES * CASES_ALL_RESIDUES * CASES_ALL_RESIDUES;
    struct rng r = rng_seed(p->options->seed, 28);
    for (int i = 0; i < 4 * all; i++) {
        struct gemm_case c = gemm_random_case(p, &r, fills[i % 5]);
        const int at = i % all;
        c.ta = i / all & 1 ? TRANS : NO_TRANS;
        c.tb = i / all & 2 ? TRANS : NO_TRANS;
        c.m = 1 + at / CASES_ALL_RESIDUES / CASES_ALL_RESIDUES;
        c.n = 1 + at / CASES_ALL_RESIDUES % CASES_ALL_RESIDUES;
        c.k = 1 + at % CASES_ALL_RESIDUES;
        c.special = i; /* of no meaning for these fills: numbers the case */
        gemm_run(p, row, &c);
    }
}

static void block_boundaries(struct proof *p, struct proof_row *row)
{
    static const enum gemm_fill fills[] = {FILL_UNIFORM, FILL_POSITIVE, FILL_EXPONENTS, FILL_CANCEL};
    enum { CASES = 240 };
    int sizes[CASES_MAX_SIZES], depths[CASES_MAX_SIZES];
    const struct blocking blocking = contender_blocking(p->backend, p->plan);
    const int size_count = cases_sizes(&blocking, sizes);
    const int depth_count = cases_depths(&blocking, depths);
    struct rng r = rng_seed(p->options->seed, 22);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, fills[i % 4]);
        const bool deep = i % 3 == 0; /* large k with small m and n, or the other way round */
        c.m = deep ? 1 + (int)rng_below(&r, 20) : sizes[i % size_count];
        c.n = deep ? 1 + (int)rng_below(&r, 40) : sizes[rng_below(&r, (uint32_t)size_count)];
        c.k = deep ? depths[(i / 3) % depth_count] : 1 + (int)rng_below(&r, 33);
        if (c.fill == FILL_CANCEL && c.k == 1) c.k = 2;
        if (!gemm_fits(&c)) c.n = 1 + (int)rng_below(&r, 33);
        gemm_run(p, row, &c);
    }
}

static void exact_integers(struct proof *p, struct proof_row *row)
{
    static const enum gemm_fill fills[] = {FILL_INTEGERS, FILL_ODD_A, FILL_ODD_B, FILL_SUBNORMAL};
    enum { CASES = 240 };
    int sizes[CASES_MAX_SIZES], depths[CASES_MAX_SIZES];
    const struct blocking blocking = contender_blocking(p->backend, p->plan);
    const int size_count = cases_sizes(&blocking, sizes);
    const int depth_count = cases_depths(&blocking, depths);
    struct rng r = rng_seed(p->options->seed, 23);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, fills[i % 4]);
        c.m = 1 + (int)rng_below(&r, 66);
        c.n = sizes[rng_below(&r, (uint32_t)size_count)];
        c.k = i % 4 == 3 || rng_below(&r, 2) ? 1 + (int)rng_below(&r, 67)
                                             : depths[rng_below(&r, (uint32_t)depth_count)];
        if (c.k > 900) c.k = 900; /* 2 * 64 * 128 * 900 + 2 * 512 < 2^24: every partial sum is exact */
        gemm_run(p, row, &c);
    }
}

static void one_hot_case(struct proof *p, struct proof_row *row, struct rng *r, int k, int special)
{
    struct gemm_case c = gemm_random_case(p, r, FILL_ONE_HOT);
    c.m = 1 + (int)rng_below(r, 7);
    c.n = 2 + (int)rng_below(r, 30);
    c.k = k;
    c.alpha = 1.0f;
    c.beta = 0.0f;
    c.special = special;
    gemm_run(p, row, &c);
}

/* Every index of k in turn must reach the result once, and only once: all of a short k and of the longest, of
 * the others one in seven and the last. */
static void one_hot(struct proof *p, struct proof_row *row)
{
    static const int small[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 67};
    int depths[CASES_MAX_SIZES];
    const struct blocking blocking = contender_blocking(p->backend, p->plan);
    const int count = cases_depths(&blocking, depths);
    struct rng r = rng_seed(p->options->seed, 24);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        for (int special = 0; special < small[i]; special++) one_hot_case(p, row, &r, small[i], special);
    for (int i = 0; i < count; i++) {
        const int step = i == count - 1 ? 1 : 7;
        for (int special = 0; special < depths[i] - 1; special += step)
            one_hot_case(p, row, &r, depths[i], special);
        one_hot_case(p, row, &r, depths[i], depths[i] - 1);
    }
}

/* Numbered operands beside an identity, square shapes included: any exchange of two elements shows. */
static void numbered(struct proof *p, struct proof_row *row)
{
    int sizes[CASES_MAX_SIZES];
    const struct blocking blocking = contender_blocking(p->backend, p->plan);
    const int count = cases_sizes(&blocking, sizes);
    struct rng r = rng_seed(p->options->seed, 25);
    for (int i = 0; i < 4 * count; i++) {
        struct gemm_case c = gemm_random_case(p, &r, i % 2 ? FILL_IDENTITY_A : FILL_IDENTITY_B);
        const int size = sizes[i / 4] <= 260 ? sizes[i / 4] : 260;
        const int other = i % 4 < 2 ? size : 1 + (int)rng_below(&r, 40);
        c.k = size;
        c.m = c.fill == FILL_IDENTITY_A ? size : other;
        c.n = c.fill == FILL_IDENTITY_A ? other : size;
        c.alpha = 1.0f;
        c.beta = 0.0f;
        gemm_run(p, row, &c);
    }
}

static void structural_zeros(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 26);
    for (int i = 0; i < 60; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_ZERO_LINES);
        c.m = 1 + (int)rng_below(&r, 40);
        c.n = 1 + (int)rng_below(&r, 70);
        c.k = 1 + (int)rng_below(&r, 130);
        c.beta = 0.0f;
        gemm_run(p, row, &c);
    }
}

const struct case_class classes_gemm[] = {
    {"exact integers", exact_integers},
    {"one-hot k", one_hot},
    {"numbered operands", numbered},
    {"structural zeros", structural_zeros},
    {"all residues to 67", all_residues},
    {"block boundaries", block_boundaries},
    {"rules of NaN, Inf, alpha, beta", gemm_rules},
    {"zeros beside NaN and Inf", gemm_zeros},
    {"alpha and beta drawn", gemm_drawn_factors},
    {"around the plan and beyond", gemm_beyond_the_plan},
    {"one matrix as A and B", gemm_one_matrix},
    {"zeros of large products", gemm_large_zeros},
    {"subnormal operands", gemm_subnormals},
    {"training shapes", training_shapes},
    {"rows up to 2^31 floats apart", gemm_far_rows},
    {0},
};
