/* SPDX-License-Identifier: MIT
 *
 * vexp and vlog over all bit patterns of a float, or over one of each equal part of them. */
#include <stdio.h>
#include <string.h>

#include "proof/oracle.h"
#include "proof/prove_pointwise.h"

/* A call takes so many floats; they are compared in parts, by a team. */
enum { CALL_FLOATS = CASES_MAX_FLOATS, PARTS = 16, PART_FLOATS = CALL_FLOATS / PARTS, STRATA_CALLS = 10 };
static const uint64_t all_floats = (uint64_t)1 << 32;

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* worst: x of the largest error so far in this part. */
static void compare_part(struct comparison *c, enum op_id op, const float *x, const float *y, float *worst)
{
    compare_begin(c, "y", PART_FLOATS, PART_FLOATS, COMPARE_NONFINITE | COMPARE_IDLE_IS_RIGHT);
    for (int i = 0; i < PART_FLOATS; i++) {
        const double before = c->worst;
        const double truth = op == OP_vexp ? oracle_vexp(x[i]) : oracle_vlog(x[i]);
        const double bound = pointwise_bound(x[i], truth);
        compare_element(c, pointwise_got(y[i], truth), truth, bound, bound, 0.0);
        if (c->worst > before) *worst = x[i];
    }
}

/* One call on the floats in place in x; adds one case and updates *worst. */
static void run_call(struct proof *p, struct proof_row *row, enum op_id op, const struct matrix *x,
                     float *worst)
{
    struct comparison part[PARTS];
    float part_worst[PARTS] = {0};
    const struct matrix y = place_matrix(p, ARENA_C, "y", 1, CALL_FLOATS, 0, PLACE_END);
    guarded_protect(&p->arena[ARENA_A]);
    pointwise_call(p, op, CALL_FLOATS, x->data, y.data);
    guarded_release(&p->arena[ARENA_A]);
#pragma omp parallel for num_threads(p->plan->threads) schedule(static)
    for (int i = 0; i < PARTS; i++)
        compare_part(&part[i], op, x->data + i * PART_FLOATS, y.data + i * PART_FLOATS, &part_worst[i]);
    check_surroundings(p, &part[0], ARENA_C, &y);
    for (int i = 0; i < PARTS; i++) {
        if (part[i].worst > row->worst_of_bound) *worst = part_worst[i];
        case_check(p, row, &part[i]);
    }
    case_end(p, row);
}

/* The bound of every element that is not exact is one ulp, so the worst share of it is the error in ulp. */
static void say_worst(struct proof_row *row, float worst)
{
    if (row->count > 0 && row->worst_of_bound < COMPARE_HOPELESS)
        snprintf(row->measured, sizeof row->measured, "at most %.6f ulp, at x = %a, of %lld floats",
                 row->worst_of_bound, (double)worst, row->count * CALL_FLOATS);
}

static void strata(struct proof *p, struct proof_row *row, enum op_id op)
{
    const uint64_t width = all_floats / ((uint64_t)STRATA_CALLS * CALL_FLOATS);
    float worst = 0.0f;
    for (uint64_t call = 0; call < STRATA_CALLS; call++) {
        const uint64_t seed = proof_case_seed(p);
        if (!case_begin(p, "%s one float of each %u from 0x%x seed=0x%llx", op_name(op), (unsigned)width,
                        (unsigned)(call * CALL_FLOATS * width), (unsigned long long)seed))
            continue;
        struct rng r = rng_seed(seed, 1);
        const struct matrix x = place_matrix(p, ARENA_A, "x", 1, CALL_FLOATS, 0, PLACE_END);
        for (uint64_t i = 0; i < CALL_FLOATS; i++) {
            const uint64_t first = (call * CALL_FLOATS + i) * width;
            x.data[i] = float_of((uint32_t)(first + rng_below(&r, (uint32_t)width)));
        }
        run_call(p, row, op, &x, &worst);
    }
    say_worst(row, worst);
}

static void every_float(struct proof *p, struct proof_row *row, enum op_id op)
{
    float worst = 0.0f;
    for (uint64_t first = 0; first < all_floats && !proof_may_stop(p); first += CALL_FLOATS) {
        if (!case_begin(p, "%s floats 0x%x to 0x%x", op_name(op), (unsigned)first,
                        (unsigned)(first + CALL_FLOATS - 1)))
            continue;
        const struct matrix x = place_matrix(p, ARENA_A, "x", 1, CALL_FLOATS, 0, PLACE_END);
        for (uint32_t i = 0; i < CALL_FLOATS; i++) x.data[i] = float_of((uint32_t)first + i);
        run_call(p, row, op, &x, &worst);
    }
    say_worst(row, worst);
}

void vexp_strata(struct proof *p, struct proof_row *row)
{
    strata(p, row, OP_vexp);
}

void vlog_strata(struct proof *p, struct proof_row *row)
{
    strata(p, row, OP_vlog);
}

void vexp_every_float(struct proof *p, struct proof_row *row)
{
    every_float(p, row, OP_vexp);
}

void vlog_every_float(struct proof *p, struct proof_row *row)
{
    every_float(p, row, OP_vlog);
}
