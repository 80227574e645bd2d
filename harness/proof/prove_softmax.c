/* SPDX-License-Identifier: MIT
 *
 * Proof of softmax_xent: probabilities, gradient and loss of every row within their bounds, and the sums of
 * the rows of probabilities (1) and gradients (0). */
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_ops.h"

enum logits_kind {
    LOGITS_ORDINARY, /* within 8 of each other, as in training */
    LOGITS_SMALL,
    LOGITS_HUGE,   /* +-1e4: all but one probability underflow */
    LOGITS_EQUAL,  /* all alike */
    LOGITS_GAP,    /* the label 200 below the maximum: loss 200 */
    LOGITS_OFFSET, /* ordinary, shifted by 80: exp of them unshifted is near overflow, their sum beyond */
    LOGITS_COUNT
};

enum softmax_outputs { OUT_BOTH, OUT_GRADIENT, OUT_PROBABILITY, OUT_LOSS, OUT_IN_PLACE, OUT_COUNT };

struct softmax_case {
    int m, n, slack_in, slack_out;
    enum placement place;
    enum logits_kind kind;
    enum softmax_outputs outputs;
    float scale;
    uint64_t seed;
};

struct softmax_operands {
    struct matrix logits, gradient, probability;
    uint8_t *labels;
    float *loss;
    bool has_gradient, has_probability;
};

static float logit(enum logits_kind kind, struct rng *r)
{
    switch (kind) {
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
    default:
        return rng_float(r, -4.0f, 4.0f);
    }
}

/* Labels at random, but the first row's is never its largest logit, so that its loss and gradient say
 * something. */
static void fill(const struct softmax_case *c, struct softmax_operands *o)
{
    struct rng r = rng_seed(c->seed, 1);
    for (int i = 0; i < c->m; i++) {
        float *row = o->logits.data + (size_t)i * (size_t)o->logits.ld;
        for (int j = 0; j < c->n; j++) row[j] = logit(c->kind, &r);
        int label = (int)rng_below(&r, (uint32_t)c->n);
        for (int j = 0; i == 0 && j < c->n; j++) label = row[j] < row[label] ? j : label;
        if (c->kind == LOGITS_GAP) {
            for (int j = 0; j < c->n; j++) row[j] = j == label ? -200.0f : row[j];
            if (c->n > 1) row[(label + 1) % c->n] = 0.0f;
        }
        o->labels[i] = (uint8_t)label;
    }
}

static void place(struct proof *p, const struct softmax_case *c, struct softmax_operands *o)
{
    o->has_gradient = c->outputs == OUT_BOTH || c->outputs == OUT_GRADIENT || c->outputs == OUT_IN_PLACE;
    o->has_probability = c->outputs == OUT_BOTH || c->outputs == OUT_PROBABILITY;
    o->logits = place_matrix(p, ARENA_A, c->m, c->n, c->slack_in, c->place);
    o->labels = guarded_place(&p->arena[ARENA_B], (size_t)c->m, c->place);
    o->gradient = place_matrix(p, ARENA_C, c->m, c->n, c->slack_out, c->place);
    o->probability = place_matrix(p, ARENA_D, c->m, c->n, c->slack_out, c->place);
    o->loss = guarded_place(&p->arena[ARENA_E], (size_t)c->m * sizeof(float), c->place);
    fill(c, o);
    memcpy(p->before, o->logits.data, matrix_floats(c->m, c->n, o->logits.ld) * sizeof(float));
    if (c->outputs == OUT_IN_PLACE) o->gradient = o->logits;
}

static void call(struct proof *p, const struct softmax_case *c, const struct softmax_operands *o)
{
    if (c->outputs != OUT_IN_PLACE) guarded_protect(&p->arena[ARENA_A]);
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
    const double loss_bound = bound_loss(c->n, truth.log_sum, truth.shift[label], truth.loss);
    compare_element(&r->loss, o->loss[i], truth.loss, loss_bound, loss_bound, 0.0);
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
    const double sum_bound = bound_probability_sum(c->n), zero_bound = bound_gradient_sum(c->n, c->scale);
    if (o->has_probability)
        compare_element(&r->probability_sum, probability_sum, 1.0, sum_bound, sum_bound, 0.0);
    if (o->has_gradient) compare_element(&r->gradient_sum, gradient_sum, 0.0, zero_bound, zero_bound, 0.0);
}

static void compare_all(struct proof *p, const struct softmax_case *c, const struct softmax_operands *o,
                        struct softmax_results *r)
{
    const long long rows = c->m, elements = (long long)c->m * c->n;
    const unsigned none = c->m == 0 ? COMPARE_IDLE_IS_RIGHT : 0;
    const unsigned certain =
        c->n == 1 ? COMPARE_IDLE_IS_RIGHT : none; /* one class: loss and gradient are 0 */
    compare_begin(&r->loss, "loss", rows, 1, certain);
    compare_begin(&r->gradient, "grad", o->has_gradient ? elements : 0, c->n,
                  o->has_gradient ? certain : COMPARE_IDLE_IS_RIGHT);
    compare_begin(&r->probability, "prob", o->has_probability ? elements : 0, c->n,
                  o->has_probability ? none : COMPARE_IDLE_IS_RIGHT);
    compare_begin(&r->probability_sum, "sum of prob", o->has_probability ? rows : 0, 1,
                  o->has_probability ? none : COMPARE_IDLE_IS_RIGHT);
    compare_begin(&r->gradient_sum, "sum of grad", o->has_gradient ? rows : 0, 1, COMPARE_IDLE_IS_RIGHT);
    for (int i = 0; i < c->m; i++) compare_row(c, o, p->before, i, r);
    const struct matrix loss = {.data = o->loss, .rows = 1, .cols = c->m, .ld = c->m};
    check_surroundings(p, &r->loss, ARENA_E, &loss);
    check_surroundings(p, &r->probability, ARENA_D, &o->probability);
    check_surroundings(p, &r->gradient, c->outputs == OUT_IN_PLACE ? ARENA_A : ARENA_C, &o->gradient);
}

static void run(struct proof *p, struct proof_row *row, const struct softmax_case *c)
{
    if (!case_begin(p, "softmax_xent %dx%d logits=%d outputs=%d scale=%g slack=%d,%d place=%s seed=0x%llx",
                    c->m, c->n, c->kind, c->outputs, (double)c->scale, c->slack_in, c->slack_out,
                    placement_name(c->place), (unsigned long long)c->seed))
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

static void run_all_kinds(struct proof *p, struct proof_row *row, struct rng *r, int m, int n)
{
    for (int kind = 0; kind < LOGITS_COUNT; kind++)
        for (int outputs = 0; outputs < OUT_COUNT; outputs++) {
            const struct softmax_case c = {.m = m,
                                           .n = n,
                                           .slack_in = cases_slacks[rng_below(r, 4)],
                                           .slack_out = cases_slacks[rng_below(r, 4)],
                                           .place = (enum placement)rng_below(r, PLACE_COUNT),
                                           .kind = (enum logits_kind)kind,
                                           .outputs = (enum softmax_outputs)outputs,
                                           .scale = m > 0 ? 1.0f / (float)m : 1.0f,
                                           .seed = proof_case_seed(p)};
            run(p, row, &c);
        }
}

static void all_class_counts(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 41);
    for (int n = 1; n <= 33; n++) run_all_kinds(p, row, &r, n % 6, n);
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
    {"training shapes", training_shapes},
    {0},
};
