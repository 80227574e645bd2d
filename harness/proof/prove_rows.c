/* SPDX-License-Identifier: MIT
 *
 * The sweeps over shapes, and the proof of the ops that walk over the rows of a matrix: bias_act, relu_grad,
 * bias_grad. gather, another of them, is in prove_gather.c. */
#include "proof/prove_rows.h"

#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"

static void run_variants(struct proof *p, struct proof_row *row, run_case_fn *run, struct rng *r, int m,
                         int n, int variants)
{
    for (int v = 0; v < variants; v++) {
        const struct rows_case c = {.m = m,
                                    .n = n,
                                    .slack = cases_slacks[rng_below(r, 4)],
                                    .slack2 = cases_slacks[rng_below(r, 4)],
                                    .place = (enum placement)rng_below(r, PLACE_COUNT),
                                    .variant = v,
                                    .seed = proof_case_seed(p)};
        run(p, row, &c);
    }
}

void rows_lengths(struct proof *p, struct proof_row *row, run_case_fn *run, int variants)
{
    struct rng r = rng_seed(p->options->seed, 31);
    for (int n = 0; n <= CASES_ALL_RESIDUES; n++) {
        run_variants(p, row, run, &r, (int)rng_below(&r, 9), n, variants);
        run_variants(p, row, run, &r, 1 + n % 5, n, variants);
    }
}

/* The other extent beside one from cases_counts: small enough for the operands' limit. */
static int beside(struct rng *r, int count)
{
    return 1 + (int)rng_below(r, count > CASES_MAX_EXTENT ? 3 : 40);
}

void rows_counts(struct proof *p, struct proof_row *row, run_case_fn *run, int variants)
{
    int counts[CASES_MAX_COUNTS];
    struct rng r = rng_seed(p->options->seed, 33);
    const int count = cases_counts(&r, 1, counts);
    for (int i = 0; i < count; i++) run_variants(p, row, run, &r, counts[i], beside(&r, counts[i]), variants);
}

void rows_longer(struct proof *p, struct proof_row *row, run_case_fn *run, int variants)
{
    enum { LARGE = 4, LARGE_EXTENT = 450 };
    int counts[CASES_MAX_COUNTS];
    struct rng r = rng_seed(p->options->seed, 34);
    const int count = cases_counts(&r, CASES_ALL_RESIDUES + 1, counts);
    for (int i = 0; i < count; i++) {
        const int m = counts[i] > CASES_MAX_EXTENT ? 1 : 1 + (int)rng_below(&r, 6);
        run_variants(p, row, run, &r, m, counts[i], variants);
    }
    for (int i = 0; i < LARGE; i++) {
        const int m = 68 + (int)rng_below(&r, LARGE_EXTENT), n = 68 + (int)rng_below(&r, LARGE_EXTENT);
        run_variants(p, row, run, &r, m, n, variants);
    }
}

void rows_batches(struct proof *p, struct proof_row *row, run_case_fn *run, int n, int variants)
{
    const int rows[] = {p->plan->batch, 128, 96, 16, 1};
    struct rng r = rng_seed(p->options->seed, 32);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run_variants(p, row, run, &r, rows[i], n, variants);
}

bool rows_begin(struct proof *p, const char *op, const struct rows_case *c)
{
    return case_begin(p, "%s %dx%d slack=%d,%d place=%s variant=%d seed=0x%llx", op, c->m, c->n, c->slack,
                      c->slack2, placement_name(c->place), c->variant, (unsigned long long)c->seed);
}

unsigned idle_if(bool condition)
{
    return condition ? COMPARE_IDLE_IS_RIGHT : 0;
}

/* ---- bias_act */

enum { ACT_VARIANTS = 4 }; /* both activations, on ordinary and on awkward values */

static void run_bias_act(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!rows_begin(p, "bias_act", c)) return;
    const enum activation act = c->variant % 2 ? ACT_RELU : ACT_IDENTITY;
    const bool special = c->variant >= 2;
    struct rng r = rng_seed(c->seed, 1);
    float *bias =
        guarded_place(&p->arena[ARENA_A], "bias", UNIT_FLOAT, (size_t)c->n * sizeof *bias, c->place);
    const struct matrix x = place_matrix(p, ARENA_C, "x", c->m, c->n, c->slack, c->place);
    for (int j = 0; j < c->n; j++) bias[j] = special ? cases_awkward(&r) : rng_float(&r, -1.0f, 1.0f);
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++)
            x.data[(size_t)i * (size_t)x.ld + (size_t)j] =
                special ? cases_awkward(&r) : rng_float(&r, -1.0f, 1.0f);
    memcpy(p->before, x.data, matrix_floats(c->m, c->n, x.ld) * sizeof(float));
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, bias_act, c->m, c->n, bias, act, x.data, x.ld);
    guarded_release(&p->arena[ARENA_A]);
    struct comparison result;
    compare_begin(&result, "x", (long long)c->m * c->n, c->n,
                  COMPARE_TIGHT | COMPARE_NONFINITE * (unsigned)special |
                      idle_if(special || c->m * c->n < 16));
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++) {
            const size_t at = (size_t)i * (size_t)x.ld + (size_t)j;
            const double truth = oracle_bias_act(p->before[at], bias[j], act);
            const double bound = bound_bias_act(truth);
            compare_element(&result, x.data[at], truth, bound, bound, p->before[at]);
        }
    check_surroundings(p, &result, ARENA_C, &x);
    case_check(p, row, &result);
    case_end(p, row);
}

static void bias_act_lengths(struct proof *p, struct proof_row *row)
{
    rows_lengths(p, row, run_bias_act, ACT_VARIANTS);
}

static void bias_act_counts(struct proof *p, struct proof_row *row)
{
    rows_counts(p, row, run_bias_act, ACT_VARIANTS);
}

static void bias_act_longer(struct proof *p, struct proof_row *row)
{
    rows_longer(p, row, run_bias_act, ACT_VARIANTS);
}

static void bias_act_batches(struct proof *p, struct proof_row *row)
{
    rows_batches(p, row, run_bias_act, p->plan->hidden, ACT_VARIANTS);
    rows_batches(p, row, run_bias_act, p->plan->classes, ACT_VARIANTS);
}

const struct case_class classes_bias_act[] = {
    {"all row lengths to 67", bias_act_lengths},
    {"row counts to 67 and beyond", bias_act_counts},
    {"longer rows", bias_act_longer},
    {"training shapes", bias_act_batches},
    {0},
};

/* ---- relu_grad: y as a ReLU leaves it (half zeros), or awkward, or that with an awkward d, of which nothing
 * may pass a closed gate */

enum { GATE_ORDINARY, GATE_AWKWARD_Y, GATE_AWKWARD_D, GATE_VARIANTS };

static float activation_value(struct rng *r)
{
    return rng_below(r, 2) ? rng_float(r, 0.0f, 1.0f) : 0.0f;
}

static void run_relu_grad(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!rows_begin(p, "relu_grad", c)) return;
    const bool special = c->variant != GATE_ORDINARY;
    struct rng r = rng_seed(c->seed, 1);
    const struct matrix y = place_matrix(p, ARENA_A, "y", c->m, c->n, c->slack2, c->place);
    const struct matrix d = place_matrix(p, ARENA_C, "d", c->m, c->n, c->slack, c->place);
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++) {
            y.data[(size_t)i * (size_t)y.ld + (size_t)j] =
                special && rng_below(&r, 2) ? cases_awkward(&r) : activation_value(&r);
            d.data[(size_t)i * (size_t)d.ld + (size_t)j] =
                c->variant == GATE_AWKWARD_D ? cases_awkward(&r) : rng_float(&r, -1.0f, 1.0f);
        }
    memcpy(p->before, d.data, matrix_floats(c->m, c->n, d.ld) * sizeof(float));
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, relu_grad, c->m, c->n, y.data, y.ld, d.data, d.ld);
    guarded_release(&p->arena[ARENA_A]);
    struct comparison result;
    compare_begin(&result, "d", (long long)c->m * c->n, c->n,
                  COMPARE_NONFINITE * (unsigned)(c->variant == GATE_AWKWARD_D) |
                      idle_if(special || c->m * c->n < 16));
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++) {
            const size_t at = (size_t)i * (size_t)d.ld + (size_t)j;
            const double truth =
                oracle_relu_grad(y.data[(size_t)i * (size_t)y.ld + (size_t)j], p->before[at]);
            compare_element(&result, d.data[at], truth, BOUND_EXACT, BOUND_EXACT, p->before[at]);
        }
    check_surroundings(p, &result, ARENA_C, &d);
    case_check(p, row, &result);
    case_end(p, row);
}

static void relu_grad_lengths(struct proof *p, struct proof_row *row)
{
    rows_lengths(p, row, run_relu_grad, GATE_VARIANTS);
}

static void relu_grad_counts(struct proof *p, struct proof_row *row)
{
    rows_counts(p, row, run_relu_grad, GATE_VARIANTS);
}

static void relu_grad_longer(struct proof *p, struct proof_row *row)
{
    rows_longer(p, row, run_relu_grad, GATE_VARIANTS);
}

static void relu_grad_batches(struct proof *p, struct proof_row *row)
{
    rows_batches(p, row, run_relu_grad, p->plan->hidden, GATE_VARIANTS);
}

const struct case_class classes_relu_grad[] = {
    {"all row lengths to 67", relu_grad_lengths},
    {"row counts to 67 and beyond", relu_grad_counts},
    {"longer rows", relu_grad_longer},
    {"training shapes", relu_grad_batches},
    {0},
};

/* ---- bias_grad: uniform values; magnitudes far apart; NaN and infinities that spoil their columns and no
 * others; integers as large as an exact sum allows; subnormal numbers, exact too */

enum { SUM_UNIFORM, SUM_APART, SUM_SPECIAL, SUM_INTEGERS, SUM_SUBNORMAL, SUM_VARIANTS };

static float addend(const struct rows_case *c, struct rng *r)
{
    const int exact = 1 << 24, most = exact / (c->m > 1024 ? c->m : 1024); /* m times this is exact */
    switch (c->variant) {
    case SUM_UNIFORM:
        return rng_float(r, -0.5f, 1.0f); /* however many, their sum is far from 0 */
    case SUM_INTEGERS:
        return (float)(1 + (int)rng_below(r, (uint32_t)(2 * most)) - most);
    case SUM_SUBNORMAL:
        return (float)(1 + (int)rng_below(r, (uint32_t)(2 * most)) - most) * 0x1p-149f;
    default:
        return cases_log_uniform(r, -20, 20);
    }
}

/* In each column nothing, NaN, one infinity or two. */
static void spoil_columns(const struct rows_case *c, struct rng *r, const struct matrix *d)
{
    static const float values[] = {1.0f, NAN, INFINITY, -INFINITY};
    for (int j = 0; c->m > 0 && j < c->n; j++)
        for (int twice = 0; twice < 2; twice++) {
            const size_t row = rng_below(r, (uint32_t)c->m);
            d->data[row * (size_t)d->ld + (size_t)j] = values[rng_below(r, 4)];
        }
}

static void run_bias_grad(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!rows_begin(p, "bias_grad", c)) return;
    struct rng r = rng_seed(c->seed, 1);
    const struct matrix d = place_matrix(p, ARENA_A, "d", c->m, c->n, c->slack, c->place);
    const struct matrix out = place_matrix(p, ARENA_C, "out", 1, c->n, 0, c->place);
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++) d.data[(size_t)i * (size_t)d.ld + (size_t)j] = addend(c, &r);
    if (c->variant == SUM_SPECIAL) spoil_columns(c, &r, &d);
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, bias_grad, c->m, c->n, d.data, d.ld, out.data);
    guarded_release(&p->arena[ARENA_A]);
    oracle_bias_grad(c->m, c->n, d.data, d.ld, p->value, p->bound);
    const bool exact = c->variant == SUM_INTEGERS || c->variant == SUM_SUBNORMAL;
    for (int j = 0; j < c->n; j++) p->bound[j] = exact ? BOUND_EXACT : bound_bias_grad(c->m, p->bound[j]);
    struct comparison result;
    compare_begin(&result, "out", c->n, c->n,
                  idle_if(c->m == 0 || c->n == 0 || c->variant != SUM_UNIFORM) |
                      COMPARE_NONFINITE * (unsigned)(c->variant == SUM_SPECIAL));
    compare_matrix(&result, 1, c->n, out.data, out.ld, p->value, p->bound);
    check_surroundings(p, &result, ARENA_C, &out);
    case_check(p, row, &result);
    case_end(p, row);
}

static void bias_grad_lengths(struct proof *p, struct proof_row *row)
{
    rows_lengths(p, row, run_bias_grad, SUM_VARIANTS);
}

static void bias_grad_counts(struct proof *p, struct proof_row *row)
{
    rows_counts(p, row, run_bias_grad, SUM_VARIANTS);
}

static void bias_grad_longer(struct proof *p, struct proof_row *row)
{
    rows_longer(p, row, run_bias_grad, SUM_VARIANTS);
}

static void bias_grad_batches(struct proof *p, struct proof_row *row)
{
    rows_batches(p, row, run_bias_grad, p->plan->hidden, SUM_VARIANTS);
    rows_batches(p, row, run_bias_grad, p->plan->classes, SUM_VARIANTS);
}

const struct case_class classes_bias_grad[] = {
    {"all row lengths to 67", bias_grad_lengths},
    {"row counts to 67 and beyond", bias_grad_counts},
    {"longer rows", bias_grad_longer},
    {"training shapes", bias_grad_batches},
    {0},
};
