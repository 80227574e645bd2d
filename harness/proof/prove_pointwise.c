/* SPDX-License-Identifier: MIT
 *
 * Proof of vexp and vlog. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_pointwise.h"

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
    const struct matrix x = place_matrix(p, ARENA_A, "x", 1, (int)n, 0, where);
    const struct matrix y = place_matrix(p, ARENA_C, "y", 1, (int)n, 0, where);
    const uint32_t special_count = sizeof specials / sizeof *specials;
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

static void pointwise_long(struct proof *p, struct proof_row *row, enum op_id op, sample_fn *sample)
{
    size_t lengths[CASES_MAX_COUNTS];
    struct rng r = rng_seed(p->options->seed, 54);
    const int count = cases_lengths(&r, lengths);
    for (int i = 0; i < count; i++)
        run_pointwise(p, row, op, "long", lengths[i], (enum placement)rng_below(&r, PLACE_COUNT), sample,
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

static void vexp_long(struct proof *p, struct proof_row *row)
{
    pointwise_long(p, row, OP_vexp, exp_domain);
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

static void vlog_long(struct proof *p, struct proof_row *row)
{
    pointwise_long(p, row, OP_vlog, positive_bits);
}

const struct case_class classes_vexp[] = {
    {"special values in any lane", vexp_specials},
    {"long vectors", vexp_long},
    {"one ulp, sampled", vexp_samples},
    {"one ulp, stratified", vexp_strata},
    {0},
};

const struct case_class classes_vlog[] = {
    {"special values in any lane", vlog_specials},
    {"long vectors", vlog_long},
    {"one ulp, sampled", vlog_samples},
    {"one ulp, stratified", vlog_strata},
    {0},
};
