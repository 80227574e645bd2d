/* SPDX-License-Identifier: MIT
 *
 * Proof of the ops that walk over the rows of a matrix: gather, bias_act, relu_grad, bias_grad. */
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_ops.h"

/* A shape with the rest that all of these ops share. */
struct rows_case {
    int m, n, slack, slack2;
    enum placement place;
    int variant; /* the op's own */
    uint64_t seed;
};
typedef void run_case_fn(struct proof *p, struct proof_row *row, const struct rows_case *c);

static struct rows_case make_case(struct proof *p, struct rng *r, int m, int n, int variant)
{
    return (struct rows_case){.m = m,
                              .n = n,
                              .slack = cases_slacks[rng_below(r, 4)],
                              .slack2 = cases_slacks[rng_below(r, 4)],
                              .place = (enum placement)rng_below(r, PLACE_COUNT),
                              .variant = variant,
                              .seed = proof_case_seed(p)};
}

/* Every row length of 1..67, and empty ones, with few rows; each variant in turn. */
static void sweep(struct proof *p, struct proof_row *row, run_case_fn *run, int variants)
{
    struct rng r = rng_seed(p->options->seed, 31);
    for (int n = 0; n <= CASES_ALL_RESIDUES; n++)
        for (int v = 0; v < variants; v++) {
            const struct rows_case c = make_case(p, &r, (int)rng_below(&r, 9), n, v);
            run(p, row, &c);
            const struct rows_case whole = make_case(p, &r, 1 + (n + v) % 5, n, v);
            run(p, row, &whole);
        }
}

/* Batches of all row counts that training and validation use, with rows of the given length. */
static void batches(struct proof *p, struct proof_row *row, run_case_fn *run, int n, int variants)
{
    const int rows[] = {p->plan->batch, 128, 96, 16, 1};
    struct rng r = rng_seed(p->options->seed, 32);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int v = 0; v < variants; v++) {
            const struct rows_case c = make_case(p, &r, rows[i], n, v);
            run(p, row, &c);
        }
}

static bool begin(struct proof *p, const char *op, const struct rows_case *c)
{
    return case_begin(p, "%s %dx%d slack=%d,%d place=%s variant=%d seed=0x%llx", op, c->m, c->n, c->slack,
                      c->slack2, placement_name(c->place), c->variant, (unsigned long long)c->seed);
}

static unsigned idle_if(bool condition)
{
    return condition ? COMPARE_IDLE_IS_RIGHT : 0;
}

/* ---- gather: every pixel value, any order of images, repetitions, the last image against the guard page */

enum { GATHER_IMAGES = 29 };

static void run_gather(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!begin(p, "gather", c)) return;
    struct rng r = rng_seed(c->seed, 1);
    const size_t pixel_count = (size_t)GATHER_IMAGES * (size_t)c->n;
    uint8_t *pixels = guarded_place(&p->arena[ARENA_A], pixel_count, c->place);
    uint32_t *index = guarded_place(&p->arena[ARENA_B], (size_t)c->m * sizeof *index, c->place);
    const struct matrix out = place_matrix(p, ARENA_C, c->m, c->n, c->slack, c->place);
    for (size_t i = 0; i < pixel_count; i++) pixels[i] = (uint8_t)(i % 5 ? rng_below(&r, 256) : i / 5);
    for (int i = 0; i < c->m; i++) index[i] = i == 0 ? GATHER_IMAGES - 1 : rng_below(&r, GATHER_IMAGES);
    guarded_protect(&p->arena[ARENA_A]);
    guarded_protect(&p->arena[ARENA_B]);
    CONTENDER_CALL(&p->contender, gather, c->m, c->n, pixels, index, out.data, out.ld);
    guarded_release(&p->arena[ARENA_A]);
    guarded_release(&p->arena[ARENA_B]);
    struct comparison result;
    compare_begin(&result, "out", (long long)c->m * c->n, c->n, idle_if(c->m * c->n < 8));
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++) {
            const double truth = oracle_gather(pixels[(size_t)index[i] * (size_t)c->n + (size_t)j]);
            const double got = out.data[(size_t)i * (size_t)out.ld + (size_t)j];
            compare_element(&result, got, truth, BOUND_EXACT, BOUND_EXACT, 0.0);
        }
    check_surroundings(p, &result, ARENA_C, &out);
    case_check(p, row, &result);
    case_end(p, row);
}

static void gather_sweep(struct proof *p, struct proof_row *row)
{
    sweep(p, row, run_gather, 1);
}

static void gather_batches(struct proof *p, struct proof_row *row)
{
    batches(p, row, run_gather, p->plan->inputs, 1);
}

const struct case_class classes_gather[] = {
    {"all row lengths to 67", gather_sweep},
    {"training shapes", gather_batches},
    {0},
};

/* ---- bias_act */

/* Values that decide: NaN, infinities, zeros of both signs, and sums that are exactly 0. */
static float awkward(struct rng *r)
{
    static const float values[] = {NAN,  INFINITY, -INFINITY, 0.0f,       -0.0f,
                                   1.0f, -1.0f,    0x1p-149f, -0x1p-149f, 3e38f};
    return values[rng_below(r, sizeof values / sizeof *values)];
}

enum { ACT_VARIANTS = 4 }; /* both activations, on ordinary and on awkward values */

static void run_bias_act(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!begin(p, "bias_act", c)) return;
    const enum activation act = c->variant % 2 ? ACT_RELU : ACT_IDENTITY;
    const bool special = c->variant >= 2;
    struct rng r = rng_seed(c->seed, 1);
    float *bias = guarded_place(&p->arena[ARENA_A], (size_t)c->n * sizeof *bias, c->place);
    const struct matrix x = place_matrix(p, ARENA_C, c->m, c->n, c->slack, c->place);
    for (int j = 0; j < c->n; j++) bias[j] = special ? awkward(&r) : rng_float(&r, -1.0f, 1.0f);
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++)
            x.data[(size_t)i * (size_t)x.ld + (size_t)j] = special ? awkward(&r) : rng_float(&r, -1.0f, 1.0f);
    memcpy(p->before, x.data, matrix_floats(c->m, c->n, x.ld) * sizeof(float));
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, bias_act, c->m, c->n, bias, act, x.data, x.ld);
    guarded_release(&p->arena[ARENA_A]);
    struct comparison result;
    compare_begin(&result, "x", (long long)c->m * c->n, c->n,
                  COMPARE_NONFINITE * (unsigned)special | idle_if(special || c->m * c->n < 16));
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

static void bias_act_sweep(struct proof *p, struct proof_row *row)
{
    sweep(p, row, run_bias_act, ACT_VARIANTS);
}

static void bias_act_batches(struct proof *p, struct proof_row *row)
{
    batches(p, row, run_bias_act, p->plan->hidden, ACT_VARIANTS);
    batches(p, row, run_bias_act, p->plan->classes, ACT_VARIANTS);
}

const struct case_class classes_bias_act[] = {
    {"all row lengths to 67", bias_act_sweep},
    {"training shapes", bias_act_batches},
    {0},
};

/* ---- relu_grad: y as a ReLU leaves it (half zeros), or awkward */

static float activation_value(struct rng *r)
{
    return rng_below(r, 2) ? rng_float(r, 0.0f, 1.0f) : 0.0f;
}

static void run_relu_grad(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!begin(p, "relu_grad", c)) return;
    const bool special = c->variant == 1;
    struct rng r = rng_seed(c->seed, 1);
    const struct matrix y = place_matrix(p, ARENA_A, c->m, c->n, c->slack2, c->place);
    const struct matrix d = place_matrix(p, ARENA_C, c->m, c->n, c->slack, c->place);
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++) {
            y.data[(size_t)i * (size_t)y.ld + (size_t)j] = special ? awkward(&r) : activation_value(&r);
            d.data[(size_t)i * (size_t)d.ld + (size_t)j] = rng_float(&r, -1.0f, 1.0f);
        }
    memcpy(p->before, d.data, matrix_floats(c->m, c->n, d.ld) * sizeof(float));
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, relu_grad, c->m, c->n, y.data, y.ld, d.data, d.ld);
    guarded_release(&p->arena[ARENA_A]);
    struct comparison result;
    compare_begin(&result, "d", (long long)c->m * c->n, c->n, idle_if(c->m * c->n < 16));
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

static void relu_grad_sweep(struct proof *p, struct proof_row *row)
{
    sweep(p, row, run_relu_grad, 2);
}

static void relu_grad_batches(struct proof *p, struct proof_row *row)
{
    batches(p, row, run_relu_grad, p->plan->hidden, 2);
}

const struct case_class classes_relu_grad[] = {
    {"all row lengths to 67", relu_grad_sweep},
    {"training shapes", relu_grad_batches},
    {0},
};

/* ---- bias_grad: uniform values, magnitudes far apart, or a NaN that spoils its column and no other */

enum { SUM_UNIFORM, SUM_APART, SUM_NAN, SUM_VARIANTS };

static void run_bias_grad(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!begin(p, "bias_grad", c)) return;
    struct rng r = rng_seed(c->seed, 1);
    const struct matrix d = place_matrix(p, ARENA_A, c->m, c->n, c->slack, c->place);
    const struct matrix out = place_matrix(p, ARENA_C, 1, c->n, 0, c->place);
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++)
            d.data[(size_t)i * (size_t)d.ld + (size_t)j] =
                c->variant ? cases_log_uniform(&r, -20, 20) : rng_float(&r, -1.0f, 1.0f);
    if (c->variant == SUM_NAN && c->m > 0 && c->n > 0)
        d.data[(size_t)(c->m / 2) * (size_t)d.ld + (size_t)(c->n / 2)] = NAN;
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, bias_grad, c->m, c->n, d.data, d.ld, out.data);
    guarded_release(&p->arena[ARENA_A]);
    oracle_bias_grad(c->m, c->n, d.data, d.ld, p->value, p->bound);
    for (int j = 0; j < c->n; j++) p->bound[j] = bound_bias_grad(c->m, p->bound[j]);
    struct comparison result;
    compare_begin(&result, "out", c->n, c->n,
                  idle_if(c->m == 0 || c->n == 0) | COMPARE_NONFINITE * (unsigned)(c->variant == SUM_NAN));
    compare_matrix(&result, 1, c->n, out.data, out.ld, p->value, p->bound);
    check_surroundings(p, &result, ARENA_C, &out);
    case_check(p, row, &result);
    case_end(p, row);
}

static void bias_grad_sweep(struct proof *p, struct proof_row *row)
{
    sweep(p, row, run_bias_grad, SUM_VARIANTS);
}

static void bias_grad_batches(struct proof *p, struct proof_row *row)
{
    batches(p, row, run_bias_grad, p->plan->hidden, 2);
    batches(p, row, run_bias_grad, p->plan->classes, 2);
}

const struct case_class classes_bias_grad[] = {
    {"all row lengths to 67", bias_grad_sweep},
    {"training shapes", bias_grad_batches},
    {0},
};
