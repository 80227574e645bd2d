/* SPDX-License-Identifier: MIT
 *
 * Proof of softmax_xent: probabilities, gradient and loss of every row within their bounds, and the sums of
 * the rows of probabilities (1) and gradients (0). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_rows.h"

enum logits_kind {
    LOGITS_ORDINARY, /* within 8 of each other, as in training */
    LOGITS_SMALL,
    LOGITS_HUGE,   /* +-1e4: all but one probability underflow */
    LOGITS_EQUAL,  /* all alike */
    LOGITS_GAP,    /* the label 200 below the maximum: loss 200 */
    LOGITS_OFFSET, /* ordinary, shifted by 80: exp of them unshifted is near overflow, their sum beyond */
    LOGITS_COMMON, /* those before this one are tried with every shape */
    LOGITS_SHIFTED = LOGITS_COMMON, /* ordinary, all shifted by `size` */
    LOGITS_SPREAD,                  /* within `size` of 0, from end to end, the label at the smallest */
    LOGITS_SPECIAL                  /* ordinary rows among rows with NaN, infinities, or the largest floats */
};

enum softmax_outputs {
    OUT_BOTH,
    OUT_GRADIENT,
    OUT_PROBABILITY,
    OUT_LOSS,
    OUT_IN_PLACE,      /* the gradient over the logits, no probabilities */
    OUT_IN_PLACE_BOTH, /* the gradient over the logits, probabilities too */
    OUT_COUNT
};

struct softmax_case {
    int m, n, slack_in, slack_gradient, slack_probability;
    enum placement place;
    enum logits_kind kind;
    enum softmax_outputs outputs;
    float size, scale;
    uint64_t seed;
};

struct softmax_operands {
    struct matrix logits, gradient, probability;
    uint8_t *labels;
    float *loss;
    bool has_gradient, has_probability;
};

static bool in_place(const struct softmax_case *c)
{
    return c->outputs == OUT_IN_PLACE || c->outputs == OUT_IN_PLACE_BOTH;
}

static float logit(const struct softmax_case *c, struct rng *r)
{
    switch (c->kind) {
    case LOGITS_SMALL:
        return rng_float(r, -1e-3f, 1e-3f);
    case LOGITS_HUGE:
        return rng_float(r, -1e4f, 1e4f);
    case LOGITS_EQUAL:
        return 3.25f;
    case LOGITS_GAP:
        return rng_float(r, -0.5f, 0.5f);
    case LOGITS_OFFSET:
        return 80.0f + rng_float(r, -8.0f, 8.0f);
    case LOGITS_SHIFTED:
        return c->size + rng_float(r, -8.0f, 8.0f);
    case LOGITS_SPREAD:
        return c->size * rng_float(r, -1.0f, 1.0f);
    default:
        return rng_float(r, -4.0f, 4.0f);
    }
}

/* The label that far below the largest logit. */
static void set_apart(float *row, int n, int label, float largest, float smallest)
{
    row[label] = smallest;
    if (n > 1) row[(label + 1) % n] = largest;
}

/* Leaves a row as it is, or puts special values in one place or two of it, or makes it -Inf but for one place
 * or none. */
static void make_special(float *row, int n, struct rng *r)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, -INFINITY, FLT_MAX, -FLT_MAX};
    const uint32_t count = sizeof values / sizeof *values;
    float *const place = row + rng_below(r, (uint32_t)n), *const other = row + rng_below(r, (uint32_t)n);
    switch (rng_below(r, 8)) {
    case 0:
    case 1:
        return;
    case 2:
        for (int j = 0; j < n; j++) row[j] = -INFINITY;
        return;
    case 3:
        for (int j = 0; j < n; j++) row[j] = -INFINITY;
        *place = 1.0f;
        return;
    default:
        *place = values[rng_below(r, count)];
        if (rng_below(r, 2)) *other = values[rng_below(r, count)];
    }
}

/* Labels at random, but the first row's is never its largest logit, so that its loss and gradient say
 * something. */
static void fill(const struct softmax_case *c, struct softmax_operands *o)
{
    struct rng r = rng_seed(c->seed, 1);
    for (int i = 0; i < c->m; i++) {
        float *row = o->logits.data + (size_t)i * (size_t)o->logits.ld;
        for (int j = 0; j < c->n; j++) row[j] = logit(c, &r);
        int label = (int)rng_below(&r, (uint32_t)c->n);
        for (int j = 0; i == 0 && j < c->n; j++) label = row[j] < row[label] ? j : label;
        if (c->kind == LOGITS_GAP) set_apart(row, c->n, label, 0.0f, -200.0f);
        if (c->kind == LOGITS_SPREAD) set_apart(row, c->n, label, c->size, -c->size);
        if (c->kind == LOGITS_SPECIAL) make_special(row, c->n, &r);
        o->labels[i] = (uint8_t)label;
    }
}

static void place(struct proof *p, const struct softmax_case *c, struct softmax_operands *o)
{
    o->has_gradient = c->outputs == OUT_BOTH || c->outputs == OUT_GRADIENT || in_place(c);
    o->has_probability =
        c->outputs == OUT_BOTH || c->outputs == OUT_PROBABILITY || c->outputs == OUT_IN_PLACE_BOTH;
    o->logits = place_matrix(p, ARENA_A, "logits", c->m, c->n, c->slack_in, c->place);
    o->labels = guarded_place(&p->arena[ARENA_B], "labels", UNIT_BYTE, (size_t)c->m, c->place);
    o->gradient = place_matrix(p, ARENA_C, "grad", c->m, c->n, c->slack_gradient, c->place);
    o->probability = place_matrix(p, ARENA_D, "prob", c->m, c->n, c->slack_probability, c->place);
    o->loss = guarded_place(&p->arena[ARENA_E], "loss", UNIT_FLOAT, (size_t)c->m * sizeof(float), c->place);
    fill(c, o);
    memcpy(p->before, o->logits.data, matrix_floats(c->m, c->n, o->logits.ld) * sizeof(float));
    if (in_place(c)) o->gradient = o->logits;
}

static void call(struct proof *p, const struct softmax_case *c, const struct softmax_operands *o)
{
    if (!in_place(c)) guarded_protect(&p->arena[ARENA_A]);
    guarded_protect(&p->arena[ARENA_B]);
    CONTENDER_CALL(&p->contender, softmax_xent, c->m, c->n, o->logits.data, o->logits.ld, o->labels, c->scale,
                   o->loss, o->has_gradient ? o->gradient.data : NULL, o->gradient.ld,
                   o->has_probability ? o->probability.data : NULL, o->probability.ld);
    guarded_release(&p->arena[ARENA_A]);
    guarded_release(&p->arena[ARENA_B]);
}

struct softmax_results {
    struct comparison loss, gradient, probability, gradient_sum, probability_sum;
};

static void compare_row(const struct softmax_case *c, const struct softmax_operands *o, const float *logits,
                        int i, struct softmax_results *r)
{
    double z[ORACLE_MAX_CLASSES], gradient_sum = 0.0, probability_sum = 0.0;
    struct oracle_softmax truth;
    const int label = o->labels[i];
    for (int j = 0; j < c->n; j++) z[j] = logits[(size_t)i * (size_t)o->logits.ld + (size_t)j];
    oracle_softmax_xent(c->n, z, label, &truth);
    const double loss = truth.loss >= 0x1.ffffffp127 ? (double)INFINITY : truth.loss; /* as a float */
    const double loss_bound = bound_loss(c->n, truth.log_sum, truth.shift[label], truth.loss);
    compare_element(&r->loss, o->loss[i], loss, loss_bound, loss_bound, 0.0);
    for (int j = 0; j < c->n; j++) {
        const double p_bound = bound_probability(c->n, truth.p[j], truth.shift[j]);
        if (o->has_probability) {
            const double got = o->probability.data[(size_t)i * (size_t)o->probability.ld + (size_t)j];
            compare_element(&r->probability, got, truth.p[j], p_bound, p_bound, 0.0);
            probability_sum += got;
        }
        if (o->has_gradient) {
            const double got = o->gradient.data[(size_t)i * (size_t)o->gradient.ld + (size_t)j];
            const double delta = j == label ? -truth.rest[j] : truth.p[j];
            const double bound = bound_logit_gradient(fabs(delta), p_bound, c->scale);
            compare_element(&r->gradient, got, delta * c->scale, bound, bound, 0.0);
            gradient_sum += got;
        }
    }
    const double zero = isnan(truth.log_sum) ? NAN : 0.0; /* the sums of a row that is NaN are NaN */
    const double sum_bound = bound_probability_sum(c->n), zero_bound = bound_gradient_sum(c->n, c->scale);
    if (o->has_probability)
        compare_element(&r->probability_sum, probability_sum, 1.0 + zero, sum_bound, sum_bound, 0.0);
    if (o->has_gradient) compare_element(&r->gradient_sum, gradient_sum, zero, zero_bound, zero_bound, 0.0);
}

static void compare_all(struct proof *p, const struct softmax_case *c, const struct softmax_operands *o,
                        struct softmax_results *r)
{
    const long long rows = c->m, elements = (long long)c->m * c->n;
    const bool special = c->kind == LOGITS_SPECIAL;
    const bool flat = c->m == 0 || special || c->n > 33; /* of so many p all but a few may be 0 */
    const unsigned none = idle_if(flat) | COMPARE_NONFINITE * (unsigned)special;
    const unsigned certain = none | idle_if(c->n == 1); /* one class: loss and gradient are 0 */
    compare_begin(&r->loss, "loss", rows, 1, certain);
    compare_begin(&r->gradient, "grad", o->has_gradient ? elements : 0, c->n,
                  certain | idle_if(!o->has_gradient));
    compare_begin(&r->probability, "prob", o->has_probability ? elements : 0, c->n,
                  none | idle_if(!o->has_probability));
    compare_begin(&r->probability_sum, "sum of prob", o->has_probability ? rows : 0, 1,
                  none | idle_if(!o->has_probability));
    compare_begin(&r->gradient_sum, "sum of grad", o->has_gradient ? rows : 0, 1,
                  none | COMPARE_IDLE_IS_RIGHT);
    for (int i = 0; i < c->m; i++) compare_row(c, o, p->before, i, r);
    const struct matrix loss = {.data = o->loss, .rows = 1, .cols = c->m, .ld = c->m};
    check_surroundings(p, &r->loss, ARENA_E, &loss);
    check_surroundings(p, &r->probability, ARENA_D, &o->probability);
    check_surroundings(p, &r->gradient, in_place(c) ? ARENA_A : ARENA_C, &o->gradient);
}

static void run(struct proof *p, struct proof_row *row, const struct softmax_case *c)
{
    if (!case_begin(p,
                    "softmax_xent %dx%d logits=%d size=%g outputs=%d scale=%g slack=%d,%d,%d place=%s "
                    "seed=0x%llx",
                    c->m, c->n, c->kind, (double)c->size, c->outputs, (double)c->scale, c->slack_in,
                    c->slack_gradient, c->slack_probability, placement_name(c->place),
                    (unsigned long long)c->seed))
        return;
    struct softmax_operands o = {0};
    struct softmax_results r;
    place(p, c, &o);
    call(p, c, &o);
    compare_all(p, c, &o, &r);
    case_check(p, row, &r.loss);
    case_check(p, row, &r.probability);
    case_check(p, row, &r.gradient);
    case_check(p, row, &r.probability_sum);
    case_check(p, row, &r.gradient_sum);
    case_end(p, row);
}

/* Mostly that of a mean over the rows; else any. */
static float draw_scale(struct rng *r, int m)
{
    return m > 0 && rng_below(r, 3) ? 1.0f / (float)m : cases_log_uniform(r, -20, 20);
}

static void run_drawn(struct proof *p, struct proof_row *row, struct rng *r, int m, int n,
                      enum logits_kind kind, enum softmax_outputs outputs, float size)
{
    const struct softmax_case c = {.m = m,
                                   .n = n,
                                   .slack_in = cases_slacks[rng_below(r, 4)],
                                   .slack_gradient = cases_slacks[rng_below(r, 4)],
                                   .slack_probability = cases_slacks[rng_below(r, 4)],
                                   .place = (enum placement)rng_below(r, PLACE_COUNT),
                                   .kind = kind,
                                   .outputs = outputs,
                                   .size = size,
                                   .scale = draw_scale(r, m),
                                   .seed = proof_case_seed(p)};
    run(p, row, &c);
}

static void run_all_kinds(struct proof *p, struct proof_row *row, struct rng *r, int m, int n)
{
    for (int kind = 0; kind < LOGITS_COMMON; kind++)
        for (int outputs = 0; outputs < OUT_COUNT; outputs++)
            run_drawn(p, row, r, m, n, (enum logits_kind)kind, (enum softmax_outputs)outputs, 0.0f);
}

static void all_class_counts(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 41);
    for (int n = 1; n <= 33; n++) run_all_kinds(p, row, &r, n % 6, n);
}

static enum logits_kind draw_kind(struct rng *r)
{
    return (enum logits_kind)rng_below(r, LOGITS_COMMON);
}

static enum softmax_outputs draw_outputs(struct rng *r)
{
    return (enum softmax_outputs)rng_below(r, OUT_COUNT);
}

static void row_counts(struct proof *p, struct proof_row *row)
{
    int counts[CASES_MAX_COUNTS];
    struct rng r = rng_seed(p->options->seed, 43);
    const int count = cases_counts(&r, 1, counts);
    for (int i = 0; i < count; i++)
        for (int repeat = 0; repeat < 3; repeat++) {
            const int n = 2 + (int)rng_below(&r, counts[i] > CASES_MAX_EXTENT ? 4 : 19);
            run_drawn(p, row, &r, counts[i], n, draw_kind(&r), draw_outputs(&r), 0.0f);
        }
}

static void more_classes(struct proof *p, struct proof_row *row)
{
    enum { DRAWN = 12 };
    const int powers[] = {64, 128, 256, 512, 1024};
    struct rng r = rng_seed(p->options->seed, 44);
    for (int n = 34; n <= CASES_ALL_RESIDUES; n++)
        run_drawn(p, row, &r, 1 + n % 6, n, draw_kind(&r), draw_outputs(&r), 0.0f);
    for (int i = 0; i < 5 * 3; i++)
        run_drawn(p, row, &r, 1 + i % 3, powers[i / 3] + i % 3 - 1, draw_kind(&r), draw_outputs(&r), 0.0f);
    for (int i = 0; i < DRAWN; i++)
        run_drawn(p, row, &r, 1 + i % 3, 68 + (int)rng_below(&r, ORACLE_MAX_CLASSES - 67), draw_kind(&r),
                  draw_outputs(&r), 0.0f);
}

/* Far from 0 and far apart, the label where its probability is least: there only the shift by the maximum and
 * log-sum-exp give a finite loss, and one that is not capped. */
static void far_logits(struct proof *p, struct proof_row *row)
{
    enum { DRAWN = 60 };
    static const float sizes[] = {45.0f, 52.0f, 150.0f, 300.0f, 1e3f, 1e4f, 1e6f, 1e30f};
    static const float shifts[] = {-80.0f, 300.0f, -300.0f, 1e4f, -1e4f, 1e6f, -1e6f};
    struct rng r = rng_seed(p->options->seed, 45);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int outputs = 0; outputs < OUT_COUNT; outputs++)
            run_drawn(p, row, &r, 1 + (int)rng_below(&r, 40), 2 + (int)rng_below(&r, 19), LOGITS_SPREAD,
                      (enum softmax_outputs)outputs, sizes[i]);
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++)
        for (int outputs = 0; outputs < OUT_COUNT; outputs++)
            run_drawn(p, row, &r, 1 + (int)rng_below(&r, 40), 2 + (int)rng_below(&r, 19), LOGITS_SHIFTED,
                      (enum softmax_outputs)outputs, shifts[i]);
    for (int i = 0; i < DRAWN; i++)
        run_drawn(p, row, &r, 1 + (int)rng_below(&r, 40), 2 + (int)rng_below(&r, 19), LOGITS_SPREAD,
                  draw_outputs(&r), fabsf(cases_log_uniform(&r, 0, 126)));
}

static void special_logits(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 46);
    for (int n = 1; n <= 33; n++)
        for (int outputs = 0; outputs < OUT_COUNT; outputs++)
            run_drawn(p, row, &r, 1 + (int)rng_below(&r, 12), n, LOGITS_SPECIAL,
                      (enum softmax_outputs)outputs, 0.0f);
}

static void training_shapes(struct proof *p, struct proof_row *row)
{
    const int rows[] = {p->plan->batch, 128, 96, 16, 17, 1};
    struct rng r = rng_seed(p->options->seed, 42);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run_all_kinds(p, row, &r, rows[i], p->plan->classes);
}

const struct case_class classes_softmax_xent[] = {
    {"1 to 33 classes", all_class_counts},
    {"more classes", more_classes},
    {"row counts to 67 and beyond", row_counts},
    {"logits far off and far apart", far_logits},
    {"NaN and Inf among the logits", special_logits},
    {"training shapes", training_shapes},
    {0},
};
