/* SPDX-License-Identifier: MIT
 *
 * Proof of rmsprop: within its bounds, and bit by bit where every bit is known. */
#include <math.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/case_class.h"

enum rmsprop_data {
    DATA_ORDINARY,
    DATA_FRESH,    /* v = 0, as in the first step */
    DATA_NAN,      /* one gradient is NaN: its v and w too, no other */
    DATA_VANISHES, /* v of weights that no image has reached for long: subnormal or nearly */
    DATA_WIDE,     /* magnitudes far from those of training */
    DATA_SPECIAL,  /* every second g, v and w is awkward */
    DATA_ROUNDED   /* nothing but root, division and last subtraction is rounded: every bit is known */
};

struct rmsprop_case {
    size_t n;
    float lr, rho, epsilon;
    enum placement place;
    enum rmsprop_data data;
    uint64_t seed;
};

struct element {
    float g, v, w;
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

/* No finite g whose square overflows, no v below 0; but -0 and every NaN. */
static struct element special_element(struct rng *r)
{
    struct element e = {gradient(r), fabsf(cases_log_uniform(r, -60, 2)), rng_float(r, -0.1f, 0.1f)};
    if (rng_below(r, 2)) e.g = cases_awkward(r);
    if (rng_below(r, 2)) e.v = cases_awkward(r);
    if (rng_below(r, 2)) e.w = cases_awkward(r);
    if (isfinite(e.g) && fabsf(e.g) > 0x1p60f) e.g *= 0x1p-70f;
    if (e.v < 0.0f) e.v = -e.v;
    return e;
}

/* rho is a multiple of 1/4 and lr a power of two. For rho 1, v stays as it is, a square where epsilon is to
 * be added without rounding; for rho 0 it does not matter and g g has 24 bits; between them v, g g and their
 * sum are multiples of 1/4 below 2^22. */
static struct element rounded_element(const struct rmsprop_case *c, struct rng *r)
{
    struct element e = {.w = rng_below(r, 2) ? 0.0f : rng_float(r, -4.0f, 4.0f)};
    const int scale = (int)rng_below(r, 17) - 8;
    const float root = (float)(1 + rng_below(r, 4095));
    if (c->rho == 1.0f) {
        e.g = cases_log_uniform(r, -20, 20);
        e.v = c->epsilon > 0.0f ? root * root : fabsf(cases_log_uniform(r, -60, 60));
    } else {
        const float integer = c->rho == 0.0f ? root : (float)(1 + rng_below(r, 1023));
        e.g = ldexpf(rng_below(r, 2) ? integer : -integer, scale);
        e.v = c->rho == 0.0f ? fabsf(cases_log_uniform(r, -60, 60))
                             : ldexpf((float)rng_below(r, 1 << 20), 2 * scale);
    }
    return e;
}

static struct element element(const struct rmsprop_case *c, struct rng *r)
{
    switch (c->data) {
    case DATA_VANISHES:
        return (struct element){vanishing_gradient(r), fabsf(cases_log_uniform(r, -150, -120)),
                                rng_float(r, -0.1f, 0.1f)};
    case DATA_WIDE:
        return (struct element){cases_log_uniform(r, -40, 62), fabsf(cases_log_uniform(r, -60, 120)),
                                cases_log_uniform(r, -40, 4)};
    case DATA_SPECIAL:
        return special_element(r);
    case DATA_ROUNDED:
        return rounded_element(c, r);
    default:
        return (struct element){gradient(r),
                                c->data == DATA_FRESH ? 0.0f : fabsf(cases_log_uniform(r, -60, 2)),
                                rng_float(r, -0.1f, 0.1f)};
    }
}

static void fill(const struct rmsprop_case *c, float *g, float *v, float *w)
{
    struct rng r = rng_seed(c->seed, 1);
    for (size_t i = 0; i < c->n; i++) {
        const struct element e = element(c, &r);
        g[i] = e.g;
        v[i] = e.v;
        w[i] = e.w;
    }
    if (c->data == DATA_NAN && c->n > 0) g[c->n / 2] = NAN;
}

/* old_v and old_w: what v and w held; the element's truth and bounds follow. */
static void compare_one(const struct rmsprop_case *c, const struct rmsprop_constants *k, float g,
                        const double old[2], const float got[2], struct comparison result[2])
{
    struct allowance av = {BOUND_EXACT, BOUND_EXACT}, aw = av;
    double v = old[0], w = old[1];
    if (c->data == DATA_ROUNDED) {
        oracle_rmsprop_rounded(k, g, &v, &w);
    } else {
        oracle_rmsprop(k, g, &v, &w);
        av = bound_rmsprop_v(k, old[0], g, 0.0);
        aw = bound_rmsprop_w(k, old[0], old[1], g, 0.0);
    }
    compare_element(&result[0], got[0], v, av.below, av.above, old[0]);
    compare_element(&result[1], got[1], w, aw.below, aw.above, old[1]);
}

/* Few elements may be all zero gradients, and awkward values may leave w as it was. */
static unsigned flags_of(const struct rmsprop_case *c)
{
    const bool special = c->data == DATA_SPECIAL, odd = special || c->data == DATA_WIDE;
    return (c->n < 16 || odd || c->rho == 1.0f ? COMPARE_IDLE_IS_RIGHT : 0) |
           (special || c->data == DATA_NAN ? COMPARE_NONFINITE : 0);
}

static void run(struct proof *p, struct proof_row *row, const struct rmsprop_case *c)
{
    if (!case_begin(p, "rmsprop n=%zu lr=%g rho=%g epsilon=%g data=%d place=%s seed=0x%llx", c->n,
                    (double)c->lr, (double)c->rho, (double)c->epsilon, c->data, placement_name(c->place),
                    (unsigned long long)c->seed))
        return;
    const int n = (int)c->n;
    const struct matrix g = place_matrix(p, ARENA_A, "g", 1, n, 0, c->place);
    const struct matrix v = place_matrix(p, ARENA_B, "v", 1, n, 0, c->place);
    const struct matrix w = place_matrix(p, ARENA_C, "w", 1, n, 0, c->place);
    fill(c, g.data, v.data, w.data);
    for (size_t i = 0; i < c->n; i++) {
        p->value[i] = v.data[i];
        p->bound[i] = w.data[i];
    }
    guarded_protect(&p->arena[ARENA_A]);
    CONTENDER_CALL(&p->contender, rmsprop, c->n, c->lr, c->rho, c->epsilon, g.data, v.data, w.data);
    guarded_release(&p->arena[ARENA_A]);
    const struct rmsprop_constants constants = rmsprop_constants(c->lr, c->rho, c->epsilon);
    struct comparison result[2];
    compare_begin(&result[0], "v", n, n, flags_of(c));
    compare_begin(&result[1], "w", n, n, flags_of(c) | COMPARE_TIGHT);
    for (size_t i = 0; i < c->n; i++) {
        const double old[2] = {p->value[i], p->bound[i]};
        const float got[2] = {v.data[i], w.data[i]};
        compare_one(c, &constants, g.data[i], old, got, result);
    }
    check_surroundings(p, &result[0], ARENA_B, &v);
    check_surroundings(p, &result[1], ARENA_C, &w);
    case_check(p, row, &result[0]);
    case_check(p, row, &result[1]);
    case_end(p, row);
}

/* c with place and seed of its own. */
static void run_placed(struct proof *p, struct proof_row *row, struct rng *r, struct rmsprop_case c)
{
    c.place = (enum placement)rng_below(r, PLACE_COUNT);
    c.seed = proof_case_seed(p);
    run(p, row, &c);
}

static struct rmsprop_case of_training(struct rng *r, size_t n, enum rmsprop_data data)
{
    static const float rates[] = {0.001f, 1.0f, 0.1f, 0x1p20f};
    static const float rhos[] = {0.9f, 0.9f, 0.99f, 0.0f};
    static const float epsilons[] = {1e-7f, 1e-7f, 1e-3f};
    return (struct rmsprop_case){.n = n,
                                 .lr = rates[rng_below(r, 4)],
                                 .rho = rhos[rng_below(r, 4)],
                                 .epsilon = epsilons[rng_below(r, 3)],
                                 .data = data};
}

static float draw_rho(struct rng *r)
{
    const uint32_t kind = rng_below(r, 8);
    if (kind == 0) return 0.0f;
    if (kind == 1) return 1.0f;
    return kind == 2 ? 1.0f - ldexpf(1.0f, -1 - (int)rng_below(r, 20)) : rng_float(r, 0x1p-20f, 1.0f);
}

/* Any constants that the contract allows with such data: v = 0 and rho = 1 would divide by epsilon alone. */
static struct rmsprop_case of_any_constants(struct rng *r, size_t n, enum rmsprop_data data)
{
    struct rmsprop_case c = {.n = n,
                             .lr = cases_log_uniform(r, -12, 20),
                             .rho = draw_rho(r),
                             .epsilon = fabsf(cases_log_uniform(r, -50, 4)),
                             .data = data};
    if (data == DATA_FRESH && c.rho == 1.0f) c.rho = 0.75f;
    return c;
}

static void all_lengths(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 51);
    for (int repeat = 0; repeat < 3; repeat++)
        for (size_t n = 0; n <= CASES_ALL_RESIDUES; n++)
            for (int data = DATA_ORDINARY; data <= DATA_NAN; data++)
                run_placed(p, row, &r, of_training(&r, n, (enum rmsprop_data)data));
}

static void long_vectors(struct proof *p, struct proof_row *row)
{
    size_t lengths[CASES_MAX_COUNTS];
    struct rng r = rng_seed(p->options->seed, 55);
    const int count = cases_lengths(&r, lengths);
    for (int i = 0; i < count; i++)
        run_placed(p, row, &r, of_training(&r, lengths[i], i % 2 ? DATA_ORDINARY : DATA_FRESH));
}

static void any_constants(struct proof *p, struct proof_row *row)
{
    enum { DRAWN = 64 };
    static const enum rmsprop_data kinds[] = {DATA_ORDINARY, DATA_FRESH, DATA_WIDE};
    struct rng r = rng_seed(p->options->seed, 56);
    for (int i = 0; i < DRAWN * 3; i++)
        run_placed(p, row, &r, of_any_constants(&r, 16 + rng_below(&r, 200), kinds[i % 3]));
}

static void special_values(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 57);
    for (int repeat = 0; repeat < 2; repeat++)
        for (size_t n = 1; n <= CASES_ALL_RESIDUES; n++) {
            struct rmsprop_case c = of_training(&r, n, DATA_SPECIAL);
            if (c.rho == 0.0f) c.rho = 0.5f;
            run_placed(p, row, &r, c);
        }
}

static void known_bits(struct proof *p, struct proof_row *row)
{
    enum { DRAWN = 12, RHOS = 6 };
    struct rng r = rng_seed(p->options->seed, 58);
    for (int i = 0; i < DRAWN * RHOS; i++) {
        const int quarters = i % RHOS < 4 ? i % RHOS : 4; /* rho = 1 twice, once with an epsilon */
        run_placed(
            p, row, &r,
            (struct rmsprop_case){.n = 16 + rng_below(&r, 1000),
                                  .lr = ldexpf(1.0f, (int)rng_below(&r, 14) - 10),
                                  .rho = 0.25f * (float)quarters,
                                  .epsilon = i % RHOS == 5 ? ldexpf(1.0f, -(int)rng_below(&r, 9)) : 0.0f,
                                  .data = DATA_ROUNDED});
    }
}

/* Flushed to zero, v errs by 2^-126, of which its bound allows 2^-148. */
static void vanishing(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 53);
    for (size_t n = 1; n <= CASES_ALL_RESIDUES; n++)
        run_placed(p, row, &r,
                   (struct rmsprop_case){.n = n,
                                         .lr = 0x1p20f, /* so that w sees these gradients */
                                         .rho = n % 4 ? 0.9f : 0.99f,
                                         .epsilon = 1e-7f,
                                         .data = DATA_VANISHES});
}

static void tensors(struct proof *p, struct proof_row *row)
{
    const struct plan *plan = p->plan;
    const size_t in = (size_t)plan->inputs, hidden = (size_t)plan->hidden, classes = (size_t)plan->classes;
    const size_t lengths[] = {in * hidden, hidden, hidden * classes, classes};
    struct rng r = rng_seed(p->options->seed, 52);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        run_placed(p, row, &r,
                   (struct rmsprop_case){
                       .n = lengths[i], .lr = plan->lr, .rho = plan->rho, .epsilon = plan->epsilon});
}

const struct case_class classes_rmsprop[] = {
    {"all lengths to 67", all_lengths},
    {"long vectors", long_vectors},
    {"any lr, rho, epsilon", any_constants},
    {"special values in any lane", special_values},
    {"every bit known", known_bits},
    {"v that vanishes", vanishing},
    {"training shapes", tensors},
    {0},
};
