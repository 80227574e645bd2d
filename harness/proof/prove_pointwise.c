/* SPDX-License-Identifier: MIT
 *
 * Proof of the ops that treat every element alone: rmsprop, vexp, vlog. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_pointwise.h"

/* ---- rmsprop */

struct rmsprop_case {
    size_t n;
    float lr, rho, epsilon;
    enum placement place;
    bool fresh;    /* v = 0, as in the first step */
    bool nan;      /* one gradient is NaN: its v and w too, no other */
    bool vanishes; /* v of weights that no image has reached for long: subnormal or nearly */
    uint64_t seed;
};

/* Gradients from far below epsilon to far above it; 0 among them, where only a misplaced epsilon shows. */
static float gradient(struct rng *r)
{
    const uint32_t kind = rng_below(r, 16);
    if (kind == 0) return 0.0f;
    if (kind == 1) return rng_below(r, 2) ? 1e-12f : -1e-12f;
    return cases_log_uniform(r, -34, 4);
}

/* None at all, or so small that the square is subnormal. */
static float vanishing_gradient(struct rng *r)
{
    return rng_below(r, 2) ? 0.0f : cases_log_uniform(r, -78, -58);
}

static void fill_rmsprop(const struct rmsprop_case *c, float *g, float *v, float *w)
{
    struct rng r = rng_seed(c->seed, 1);
    for (size_t i = 0; i < c->n; i++) {
        g[i] = c->vanishes ? vanishing_gradient(&r) : gradient(&r);
        v[i] =
            c->fresh ? 0.0f : fabsf(cases_log_uniform(&r, c->vanishes ? -150 : -60, c->vanishes ? -120 : 2));
        w[i] = rng_float(&r, -0.1f, 0.1f);
    }
    if (c->nan && c->n > 0) g[c->n / 2] = NAN;
}

static void run_rmsprop(struct proof *p, struct proof_row *row, const struct rmsprop_case *c)
{
    if (!case_begin(p,
                    "rmsprop n=%zu lr=%g rho=%g epsilon=%g fresh=%d nan=%d vanishes=%d place=%s seed=0x%llx",
                    c->n, (double)c->lr, (double)c->rho, (double)c->epsilon, c->fresh, c->nan, c->vanishes,
                    placement_name(c->place), (unsigned long long)c->seed))
        return;
    const int n = (int)c->n;
    const struct matrix g = place_matrix(p, ARENA_A, 1, n, 0, c->place);
    const struct matrix v = place_matrix(p, ARENA_B, 1, n, 0, c->place);
    const struct matrix w = place_matrix(p, ARENA_C, 1, n, 0, c->place);
    fill_rmsprop(c, g.data, v.data, w.data);
    for (size_t i = 0; i < c->n; i++) {
        p->value[i] = v.data[i];
        p->bound[i] = w.data[i];
    }
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, rmsprop, c->n, c->lr, c->rho, c->epsilon, g.data, v.data, w.data);
    guarded_release(&p->arena[ARENA_A]);
    const struct rmsprop_constants constants = rmsprop_constants(c->lr, c->rho, c->epsilon);
    const unsigned flags = (c->n < 16 ? COMPARE_IDLE_IS_RIGHT : 0) |
                           (c->nan ? COMPARE_NONFINITE : 0); /* few enough to be all zero gradients */
    struct comparison new_v, new_w;
    compare_begin(&new_v, "v", n, n, flags);
    compare_begin(&new_w, "w", n, n, flags);
    for (size_t i = 0; i < c->n; i++) {
        const double old_v = p->value[i], old_w = p->bound[i];
        double truth_v = old_v, truth_w = old_w;
        oracle_rmsprop(&constants, g.data[i], &truth_v, &truth_w);
        const struct allowance av = bound_rmsprop_v(&constants, old_v, g.data[i], 0.0);
        const struct allowance aw = bound_rmsprop_w(&constants, old_v, old_w, g.data[i], 0.0);
        compare_element(&new_v, v.data[i], truth_v, av.below, av.above, old_v);
        compare_element(&new_w, w.data[i], truth_w, aw.below, aw.above, old_w);
    }
    check_surroundings(p, &new_v, ARENA_B, &v);
    check_surroundings(p, &new_w, ARENA_C, &w);
    case_check(p, row, &new_v);
    case_check(p, row, &new_w);
    case_end(p, row);
}

static void rmsprop_of_length(struct proof *p, struct proof_row *row, struct rng *r, size_t n)
{
    static const float rates[] = {0.001f, 1.0f, 0.1f, 0x1p20f};
    static const float rhos[] = {0.9f, 0.9f, 0.99f, 0.0f};
    static const float epsilons[] = {1e-7f, 1e-7f, 1e-3f};
    for (int kind = 0; kind < 3; kind++) {
        const struct rmsprop_case c = {.n = n,
                                       .lr = rates[rng_below(r, 4)],
                                       .rho = rhos[rng_below(r, 4)],
                                       .epsilon = epsilons[rng_below(r, 3)],
                                       .place = (enum placement)rng_below(r, PLACE_COUNT),
                                       .fresh = kind == 1,
                                       .nan = kind == 2,
                                       .seed = proof_case_seed(p)};
        run_rmsprop(p, row, &c);
    }
}

static void rmsprop_lengths(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 51);
    for (int repeat = 0; repeat < 3; repeat++)
        for (size_t n = 0; n <= CASES_ALL_RESIDUES; n++) rmsprop_of_length(p, row, &r, n);
}

/* Flushed to zero, v errs by 2^-126, of which its bound allows 2^-148. */
static void rmsprop_vanishing(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 53);
    for (size_t n = 1; n <= CASES_ALL_RESIDUES; n++) {
        const struct rmsprop_case c = {.n = n,
                                       .lr = 0x1p20f, /* so that w sees these gradients */
                                       .rho = n % 4 ? 0.9f : 0.99f,
                                       .epsilon = 1e-7f,
                                       .place = (enum placement)rng_below(&r, PLACE_COUNT),
                                       .vanishes = true,
                                       .seed = proof_case_seed(p)};
        run_rmsprop(p, row, &c);
    }
}

static void rmsprop_tensors(struct proof *p, struct proof_row *row)
{
    const size_t in = (size_t)p->plan->inputs, hidden = (size_t)p->plan->hidden,
                 classes = (size_t)p->plan->classes;
    const size_t lengths[] = {in * hidden, hidden, hidden * classes, classes};
    struct rng r = rng_seed(p->options->seed, 52);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const struct rmsprop_case c = {.n = lengths[i],
                                       .lr = p->plan->lr,
                                       .rho = p->plan->rho,
                                       .epsilon = p->plan->epsilon,
                                       .place = (enum placement)rng_below(&r, PLACE_COUNT),
                                       .seed = proof_case_seed(p)};
        run_rmsprop(p, row, &c);
    }
}

const struct case_class classes_rmsprop[] = {
    {"all lengths to 67", rmsprop_lengths},
    {"v that vanishes", rmsprop_vanishing},
    {"training shapes", rmsprop_tensors},
    {0},
};

/* ---- vexp, vlog */

typedef double truth_fn(float x);
typedef float sample_fn(struct rng *r);

static float any_bits(struct rng *r)
{
    const uint32_t bits = (uint32_t)(rng_u64(r) >> 32);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Where exp is neither 0 nor infinite; results below 2^-126 are a sixth of it. */
static float exp_domain(struct rng *r)
{
    return rng_float(r, -104.0f, 88.8f);
}

static float around_zero(struct rng *r)
{
    return cases_log_uniform(r, -30, 1);
}

static float positive_bits(struct rng *r)
{
    return fabsf(any_bits(r));
}

/* Where log is small and its relative error hardest. */
static float around_one(struct rng *r)
{
    return 1.0f + cases_log_uniform(r, -23, 0) * 0.5f;
}

static const float specials[] = {0.0f,           -0.0f,           INFINITY,     -INFINITY,     NAN,
                                 1.0f,           -1.0f,           FLT_MAX,      -FLT_MAX,      FLT_MIN,
                                 -FLT_MIN,       0x1p-149f,       -0x1p-149f,   0x1.62e42ep6f, 88.722839f,
                                 88.72284f,      -87.3365f,       -103.972084f, -103.972077f,  -104.0f,
                                 0x1.fffffep-1f, 1.0000001f,      2.0f,         0.5f,          1e-40f,
                                 -1e-40f,        0x1.fffffcp-127f};

enum { SAMPLES_AT_ONCE = 4096, SAMPLE_CALLS = 16 };

double pointwise_bound(float x, double truth)
{
    const bool exact = x == 0.0f || isinf(x) || truth == 0.0;
    return exact ? BOUND_EXACT : bound_one_ulp(truth);
}

void pointwise_call(struct proof *p, enum op_id op, size_t n, const float *x, float *y)
{
    if (op == OP_vexp)
        CONTENDER_CALL(&p->contender, vexp, n, x, y);
    else
        CONTENDER_CALL(&p->contender, vlog, n, x, y);
}

static void run_pointwise(struct proof *p, struct proof_row *row, enum op_id op, const char *text, size_t n,
                          enum placement where, sample_fn *sample, uint64_t seed)
{
    if (!case_begin(p, "%s n=%zu place=%s data=%s seed=0x%llx", op_name(op), n, placement_name(where), text,
                    (unsigned long long)seed))
        return;
    struct rng r = rng_seed(seed, 1);
    truth_fn *const truth_of = op == OP_vexp ? oracle_vexp : oracle_vlog;
    const struct matrix x = place_matrix(p, ARENA_A, 1, (int)n, 0, where);
    const struct matrix y = place_matrix(p, ARENA_C, 1, (int)n, 0, where);
    const size_t special_count = sizeof specials / sizeof *specials;
    for (size_t i = 0; i < n;
         i++) /* a special in a random lane among ordinary ones, or the sample asked for */
        x.data[i] = sample             ? sample(&r)
                    : rng_below(&r, 2) ? specials[rng_below(&r, special_count)]
                                       : any_bits(&r);
    guarded_protect(&p->arena[ARENA_A]);
    pointwise_call(p, op, n, x.data, y.data);
    guarded_release(&p->arena[ARENA_A]);
    struct comparison result;
    compare_begin(&result, "y", (long long)n, (int)n,
                  COMPARE_NONFINITE | (sample && n > 0 ? 0 : COMPARE_IDLE_IS_RIGHT));
    for (size_t i = 0; i < n; i++) {
        const double truth = truth_of(x.data[i]), bound = pointwise_bound(x.data[i], truth);
        compare_element(&result, pointwise_got(y.data[i], truth), truth, bound, bound, 0.0);
    }
    check_surroundings(p, &result, ARENA_C, &y);
    case_check(p, row, &result);
    case_end(p, row);
}

double pointwise_got(float y, double truth)
{
    return isinf(y) && isfinite(truth) ? copysign(0x1p128, y) : y;
}

static void pointwise_specials(struct proof *p, struct proof_row *row, enum op_id op)
{
    struct rng r = rng_seed(p->options->seed, 53);
    for (int repeat = 0; repeat < 4; repeat++)
        for (size_t n = 0; n <= CASES_ALL_RESIDUES; n++)
            run_pointwise(p, row, op, "specials", n, (enum placement)rng_below(&r, PLACE_COUNT), NULL,
                          proof_case_seed(p));
}

static void pointwise_samples(struct proof *p, struct proof_row *row, enum op_id op, const char *text,
                              sample_fn *sample)
{
    for (int i = 0; i < SAMPLE_CALLS; i++)
        run_pointwise(p, row, op, text, SAMPLES_AT_ONCE, (enum placement)(i % PLACE_COUNT), sample,
                      proof_case_seed(p));
}

static void vexp_specials(struct proof *p, struct proof_row *row)
{
    pointwise_specials(p, row, OP_vexp);
}

static void vexp_samples(struct proof *p, struct proof_row *row)
{
    pointwise_samples(p, row, OP_vexp, "domain", exp_domain);
    pointwise_samples(p, row, OP_vexp, "around-zero", around_zero);
}

static void vlog_specials(struct proof *p, struct proof_row *row)
{
    pointwise_specials(p, row, OP_vlog);
}

static void vlog_samples(struct proof *p, struct proof_row *row)
{
    pointwise_samples(p, row, OP_vlog, "positive-bits", positive_bits);
    pointwise_samples(p, row, OP_vlog, "around-one", around_one);
}

const struct case_class classes_vexp[] = {
    {"special values in any lane", vexp_specials},
    {"one ulp, sampled", vexp_samples},
    {"one ulp, stratified", vexp_strata},
    {0},
};

const struct case_class classes_vlog[] = {
    {"special values in any lane", vlog_specials},
    {"one ulp, sampled", vlog_samples},
    {"one ulp, stratified", vlog_strata},
    {0},
};
