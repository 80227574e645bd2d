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

static bool may_be_nonfinite(const struct gemm_case *c)
{
    switch (c->fill) {
    case FILL_NAN_A:
    case FILL_NAN_B:
    case FILL_INF_ZERO:
    case FILL_INF_PAIR:
    case FILL_OVERFLOW:
    case FILL_ZEROS_A:
    case FILL_ZEROS_B:
        return c->k > 0 && c->alpha != 0.0f;
    case FILL_SPECIAL:
        return true;
    case FILL_NONFINITE_C:
        return c->beta != 0.0f;
    default:
        return !isfinite(c->alpha) || !isfinite(c->beta);
    }
}

static unsigned flags_of(const struct gemm_case *c)
{
    const bool product = c->k > 0 && c->alpha != 0.0f;
    unsigned flags = 0;
    if (c->m == 0 || c->n == 0) flags |= COMPARE_IDLE_IS_RIGHT;
    if (!product) flags |= COMPARE_TIGHT; /* beta C0 */
    if (!product && c->beta == 0.0f) flags |= COMPARE_IDLE_IS_RIGHT;
    /* one row and one column of zeros can be all there is */
    if (c->fill == FILL_ZERO_LINES && (c->m == 1 || c->n == 1)) flags |= COMPARE_IDLE_IS_RIGHT;
    if (c->fill == FILL_ZEROS_A || c->fill == FILL_ZEROS_B || c->fill == FILL_SPECIAL)
        flags |= COMPARE_IDLE_IS_RIGHT;
    /* small integers with many zeros may cancel in a handful of elements */
    if (gemm_exact(c->fill) && c->m * c->n <= 8) flags |= COMPARE_IDLE_IS_RIGHT;
    if (may_be_nonfinite(c)) flags |= COMPARE_NONFINITE;
    return flags;
}

static void expect(struct proof *p, const struct gemm_case *c, const struct gemm_operands *o)
{
    oracle_gemm(c->ta, c->tb, c->m, c->n, c->k, c->alpha, o->a.data, o->a.ld, o->b.data, o->b.ld, c->beta,
                p->before, c->n, p->value, p->bound);
    const size_t count = (size_t)c->m * (size_t)c->n;
    const bool exact = gemm_exact(c->fill);
    for (size_t i = 0; c->fill == FILL_OVERFLOW && i < count; i++)
        if (fabs(p->value[i]) >= 0x1p129) p->value[i] = copysign((double)INFINITY, p->value[i]);
    for (size_t i = 0; i < count; i++)
        p->bound[i] = exact ? BOUND_EXACT : bound_gemm(c->k, c->alpha, c->beta, p->bound[i]);
}

static void call(struct proof *p, const struct gemm_case *c, const struct gemm_operands *o)
{
    CONTENDER_CALL(&p->contender, gemm, c->ta, c->tb, c->m, c->n, c->k, c->alpha, o->a.data, o->a.ld,
                   o->b.data, o->b.ld, c->beta, o->c.data, o->c.ld);
}

/* Copies C's elements to the dense `before`, or back. */
static void keep_c(const struct proof *p, const struct matrix *c)
{
    const size_t bytes = (size_t)c->cols * sizeof *c->data;
    for (int i = 0; i < c->rows; i++)
        memcpy(p->before + (size_t)i * (size_t)c->cols, c->data + (size_t)i * (size_t)c->ld, bytes);
}

static void restore_c(const struct proof *p, const struct matrix *c)
{
    const size_t bytes = (size_t)c->cols * sizeof *c->data;
    for (int i = 0; i < c->rows; i++)
        memcpy(c->data + (size_t)i * (size_t)c->ld, p->before + (size_t)i * (size_t)c->cols, bytes);
}

/* The call before the one that counts. */
static void call_before(struct proof *p, const struct gemm_case *c, struct gemm_operands *o)
{
    struct gemm_case other = *c;
    struct rng r = rng_seed(c->seed, 12);
    struct matrix *changed = c->before == BEFORE_OTHER_A ? &o->a : c->before == BEFORE_OTHER_B ? &o->b : NULL;
    const size_t at = changed ? (size_t)rng_below(&r, (uint32_t)changed->rows) * (size_t)changed->ld +
                                    rng_below(&r, (uint32_t)changed->cols)
                              : 0;
    const float right = changed ? changed->data[at] : 0.0f;
    if (changed) changed->data[at] = right != 0.0f ? -right : 1.0f;
    if (c->before == BEFORE_OTHER_C)
        for (int i = 0; i < c->m; i++)
            for (int j = 0; j < c->n; j++) o->c.data[(size_t)i * (size_t)o->c.ld + (size_t)j] = 1.0f;
    if (c->before == BEFORE_OTHER_ALPHA) other.alpha *= -2.0f;
    if (c->before == BEFORE_OTHER_BETA) other.beta = other.beta != 0.0f ? 0.0f : 1.0f;
    other.m -= c->before == BEFORE_LESS_M;
    other.n -= c->before == BEFORE_LESS_N;
    other.k -= c->before == BEFORE_LESS_K;
    call(p, &other, o);
    if (changed) changed->data[at] = right;
    restore_c(p, &o->c);
}

static void run_placed(struct proof *p, struct proof_row *row, const struct gemm_case *c,
                       struct gemm_operands *o)
{
    gemm_fill(c, o->a.data, o->a.ld, o->b.data, o->b.ld, o->c.data, o->c.ld);
    keep_c(p, &o->c);
    if (c->before) call_before(p, c, o);
    /* Of cases that differ in nothing but data or one step of an extent, one in eight: it costs system calls.
     */
    const bool read_only = c->special % 8 == 0;
    if (read_only) gemm_protect(p, c, guarded_protect);
    call(p, c, o);
    if (read_only) gemm_protect(p, c, guarded_release);
    expect(p, c, o);
    struct comparison result;
    compare_begin(&result, "C", (long long)c->m * c->n, c->n, flags_of(c));
    compare_matrix(&result, c->m, c->n, o->c.data, o->c.ld, p->value, p->bound);
    gemm_check_surroundings(p, c, o, &result);
    case_check(p, row, &result);
}

void gemm_run(struct proof *p, struct proof_row *row, const struct gemm_case *c)
{
    char text[GEMM_CASE_TEXT];
    struct gemm_operands o;
    gemm_case_text(c, text);
    if (!case_begin(p, "gemm %s", text)) return;
    if (gemm_place(p, c, &o))
        run_placed(p, row, c, &o);
    else
        case_fail(p, row, "the system refuses to reserve address space (no memory is used); raise ulimit -v");
    gemm_release(&o);
    case_end(p, row);
}

/* ---- classes of cases */

bool gemm_fits(const struct proof *p, const struct gemm_case *c)
{
    const long long most = (long long)p->max_floats, m = c->m, n = c->n, k = c->k;
    const long long a = c->ta ? k * (m + c->slack_a) : m * (k + c->slack_a);
    const long long b = c->tb ? n * (k + c->slack_b) : k * (n + c->slack_b);
    return a <= most && b <= most && m * (n + c->slack_c) <= most;
}

struct gemm_case gemm_random_case(struct proof *p, struct rng *r, enum gemm_fill fill)
{
    const bool exact = gemm_exact(fill), tiny = fill == FILL_TINY_A || fill == FILL_TINY_B;
    const bool small = tiny || fill == FILL_SUBNORMAL; /* little or nothing below the products */
    const int lo = tiny ? 0 : small ? -4 : -40, hi = tiny ? 0 : small ? 3 : 20;
    const float alpha = exact ? gemm_exact_factor(r, lo, hi) : gemm_rounding_factor(r);
    const float beta = exact ? gemm_exact_factor(r, lo, hi) : gemm_rounding_factor(r);
    return (struct gemm_case){
        .ta = rng_below(r, 2) ? TRANS : NO_TRANS,
        .tb = rng_below(r, 2) ? TRANS : NO_TRANS,
        .alpha = alpha,
        .beta = rng_below(r, 8) < 3 ? 0.0f : beta,
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
    const struct blocking blocking = contender_blocking(p->contender.op_backend[OP_gemm], p->plan);
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
        if (!gemm_fits(p, &c)) c.n = 1 + (int)rng_below(&r, 33);
        gemm_run(p, row, &c);
    }
}

static void exact_integers(struct proof *p, struct proof_row *row)
{
    static const enum gemm_fill fills[] = {FILL_INTEGERS, FILL_ODD_A, FILL_ODD_B, FILL_SUBNORMAL};
    enum { CASES = 240 };
    int sizes[CASES_MAX_SIZES], depths[CASES_MAX_SIZES];
    const struct blocking blocking = contender_blocking(p->contender.op_backend[OP_gemm], p->plan);
    const int size_count = cases_sizes(&blocking, sizes);
    const int depth_count = cases_depths(&blocking, depths);
    struct rng r = rng_seed(p->options->seed, 23);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, fills[i % 4]);
        c.m = 1 + (int)rng_below(&r, 66);
        c.n = sizes[rng_below(&r, (uint32_t)size_count)];
        c.k = i % 4 == 3 || rng_below(&r, 2) ? 1 + (int)rng_below(&r, 67)
                                             : depths[rng_below(&r, (uint32_t)depth_count)];
        gemm_run(p, row, &c);
    }
}

static void one_hot_case(struct proof *p, struct proof_row *row, struct rng *r, int k, int special)
{
    struct gemm_case c = gemm_random_case(p, r, FILL_ONE_HOT);
    c.m = 1 + (int)rng_below(r, 7);
    c.n = 2 + (int)rng_below(r, 30);
    c.k = k;
    c.special = special;
    gemm_run(p, row, &c);
}

/* Every index of k in turn must reach the result once, and only once: all of a short k and of the longest, of
 * the others one in seven and the last. */
static void one_hot(struct proof *p, struct proof_row *row)
{
    static const int small[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 67};
    int depths[CASES_MAX_SIZES];
    const struct blocking blocking = contender_blocking(p->contender.op_backend[OP_gemm], p->plan);
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
    const struct blocking blocking = contender_blocking(p->contender.op_backend[OP_gemm], p->plan);
    const int count = cases_sizes(&blocking, sizes);
    struct rng r = rng_seed(p->options->seed, 25);
    for (int i = 0; i < 4 * count; i++) {
        struct gemm_case c = gemm_random_case(p, &r, i % 2 ? FILL_IDENTITY_A : FILL_IDENTITY_B);
        const int size = sizes[i / 4] <= 260 ? sizes[i / 4] : 260;
        const int other = i % 4 < 2 ? size : 1 + (int)rng_below(&r, 40);
        c.k = size;
        c.m = c.fill == FILL_IDENTITY_A ? size : other;
        c.n = c.fill == FILL_IDENTITY_A ? other : size;
        gemm_run(p, row, &c);
    }
}

const struct case_class classes_gemm[] = {
    {"exact integers", exact_integers},
    {"one-hot k", one_hot},
    {"numbered operands", numbered},
    {"structural zeros", gemm_structural_zeros},
    {"all residues to 67", all_residues},
    {"block boundaries", block_boundaries},
    {"each extent to 1100", gemm_each_extent},
    {"around the plan's extents", gemm_around_the_plan},
    {"thin giants", gemm_thin_giants},
    {"large in two extents", gemm_large_in_two},
    {"large in all extents", gemm_large_in_all},
    {"one row or column", gemm_one_row_or_column},
    {"small, whole columns", gemm_small_products},
    {"any alpha and beta", gemm_any_factors},
    {"rules of NaN, Inf, alpha, beta", gemm_rules},
    {"zeros beside NaN and Inf", gemm_zeros_and_nan},
    {"special values in A, B and C", gemm_special_values},
    {"subnormal operands", gemm_subnormal_operands},
    {"one matrix as A and B", gemm_shared_operands},
    {"other contents, same places", gemm_other_contents},
    {"training shapes", training_shapes},
    {"rows up to 2^31 floats apart", gemm_distant_rows},
    {0},
};
