/* SPDX-License-Identifier: MIT */
#include "proof/course.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proof/oracle.h"
#include "proof/step_compare.h"

/* ---- memory */

static size_t parameters(const struct shape *s)
{
    size_t count = 0;
    for (int i = 0; i < TENSOR_COUNT; i++) count += tensor_count(s, i);
    return count;
}

static float sign(struct rng *rng)
{
    return rng_below(rng, 2) ? 1.0f : -1.0f;
}

/* Weights and biases beside which an update vanishes, but for those of every second pixel or so: 0. v as
 * training has it, and 0, but never the first of a tensor: the only one, of a unit at rest, would stay 0, and
 * a backend that does nothing would be right. */
static void fill_model(struct course *c, uint64_t seed)
{
    struct rng rng = rng_seed(seed, 71);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        float *w = tensor_data(&c->given.w, i), *v = tensor_data(&c->given.v, i);
        for (size_t j = 0; j < tensor_count(&c->shape, i); j++) {
            w[j] = sign(&rng) * rng_float(&rng, 0.05f, 0.6f);
            v[j] = rng_below(&rng, 8) == 0
                       ? 0.0f
                       : ldexpf(rng_float(&rng, 1.0f, 2.0f), -6 - (int)rng_below(&rng, 18));
        }
        if (v[0] == 0.0f) v[0] = 0x1p-12f;
    }
    for (int p = 0; p < c->shape.inputs; p++)
        if (rng_below(&rng, 2))
            memset(c->given.w.w1 + p * c->shape.hidden, 0, (size_t)c->shape.hidden * sizeof(float));
}

static int open_memory(struct course *c)
{
    const size_t images = (size_t)c->images, rows = (size_t)c->plan.batch, count = parameters(&c->shape);
    network_alloc(&c->given, &c->shape);
    c->pixels = calloc(images, (size_t)c->shape.inputs);
    c->labels = calloc(images, 1);
    c->index = calloc(2 * rows, sizeof *c->index);
    c->w = calloc(count, sizeof *c->w);
    c->v = calloc(count, sizeof *c->v);
    int failed = guarded_model_open(&c->stored, &c->shape);
    failed |= guarded_open(&c->prob_arena, rows * (size_t)c->shape.classes * sizeof(float));
    failed |= oracle_step_open(&c->oracle, &c->shape, c->plan.batch);
    return failed || !c->given.w.w1 || !c->pixels || !c->labels || !c->index || !c->w || !c->v;
}

int course_open(struct course *c, struct proof *p, const struct plan *plan, int images, bool composed,
                uint64_t seed, struct error *e)
{
    struct rng rng = rng_seed(seed, 70);
    *c = (struct course){.proof = p, .plan = *plan, .images = images, .rows = plan->batch};
    c->shape = (struct shape){plan->inputs, plan->hidden, plan->classes};
    c->plan.lr = COURSE_RATE * rng_float(&rng, 1.0f, 2.0f);
    if (open_memory(c)) {
        error_set(e, EXIT_INTERNAL, "proof of %s: no memory for a course of steps", p->backend->name);
    } else if (contender_open(&c->contender, p->backend, p->fallback, &c->plan, e) == 0) {
        fill_model(c, seed);
        c->trainer = trainer_new(&c->contender, composed);
        if (c->trainer) return 0;
        error_set(e, EXIT_INTERNAL, "proof of %s: no memory for a training step", p->backend->name);
    }
    course_close(c);
    return (int)e->code;
}

void course_close(struct course *c)
{
    trainer_free(c->trainer);
    contender_close(&c->contender);
    network_free(&c->given);
    free(c->pixels);
    free(c->labels);
    free(c->index);
    free(c->w);
    free(c->v);
    guarded_model_close(&c->stored);
    guarded_close(&c->prob_arena);
    oracle_step_close(&c->oracle);
    *c = (struct course){0};
}

/* ---- what is known */

void course_changed(struct course *c)
{
    c->oracle_knows = false;
}

static struct batch batch_of(const struct course *c)
{
    return (struct batch){.pixels = c->pixels,
                          .labels = c->labels,
                          .index = c->index + c->first,
                          .rows = c->rows,
                          .next = c->next};
}

static void ask(struct course *c)
{
    const struct batch b = batch_of(c);
    if (c->oracle_knows) return;
    oracle_forward(&c->oracle, &c->given.w, &b);
    oracle_backward(&c->oracle, &c->given.w);
    c->oracle_knows = true;
}

/* Beyond this a weight that began as 0 could be felt by the others: all of them together must vanish in what
 * bound_gamma has to spare, a 2^-20 of a rounding of a bias of 0.05. */
static const double unfelt = 0x1p-64;

/* One step, of every parameter. */
static void follow(struct course *c)
{
    const struct rmsprop_constants k = rmsprop_constants(c->plan.lr, c->plan.rho, c->plan.epsilon);
    struct range *w = c->w, *v = c->v;
    bool frozen = true;
    ask(c);
    c->steps++;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const struct oracle_tensor *g = &c->oracle.gradient[i];
        const size_t count = tensor_count(&c->shape, i);
        for (size_t j = 0; j < count; j++, w++, v++) {
            const double truth = g->value[j], error = g->bound[j];
            const bool still = truth == 0.0 && error == 0.0;
            if (!still && !(w->low == w->high && bound_rmsprop_stays(&k, *v, w->low, truth, error))) {
                *w = bound_rmsprop_w_range(&k, *v, *w, truth, error);
                frozen = frozen && -unfelt < w->low && w->high < unfelt;
            }
            *v = bound_rmsprop_v_range(&k, *v, truth, error);
        }
    }
    if (!frozen) case_fail(c->proof, c->row, "the proof is wrong: weights move too far in this course");
}

static void compare_range(struct course *c, const char *what, const struct range *known, const float *got,
                          const float *idle, int tensor, unsigned flags)
{
    const size_t count = tensor_count(&c->shape, tensor);
    struct comparison comparison;
    compare_begin(&comparison, what, (long long)count, tensor_columns(&c->shape, tensor), flags);
    for (size_t j = 0; j < count; j++) {
        const double middle = known[j].low + (known[j].high - known[j].low) / 2;
        compare_element(&comparison, got[j], middle, middle - known[j].low, known[j].high - middle, idle[j]);
    }
    /* the middle is not the truth: a share counted from there says nothing of a right answer */
    if (comparison.wrong == 0) comparison.worst = 0.0;
    case_check(c->proof, c->row, &comparison);
}

static void compare_answer(struct course *c)
{
    struct comparison loss, correct;
    result_compare(&c->oracle, &c->result, &loss, &correct);
    case_check(c->proof, c->row, &loss);
    case_check(c->proof, c->row, &correct);
}

/* ---- calls */

void course_load(struct course *c)
{
    struct range *w = c->w, *v = c->v;
    trainer_load(c->trainer, &c->given);
    c->steps = 0;
    for (int i = 0; i < TENSOR_COUNT; i++)
        for (size_t j = 0; j < tensor_count(&c->shape, i); j++, w++, v++) {
            w->low = w->high = tensor_data(&c->given.w, i)[j];
            v->low = v->high = tensor_data(&c->given.v, i)[j];
        }
}

void course_step(struct course *c)
{
    const struct batch b = batch_of(c);
    c->result = (struct step_result){.loss_sum = (double)NAN, .correct = UINT32_MAX};
    trainer_step(c->trainer, &b, &c->result);
    follow(c);
    compare_answer(c);
}

void course_predict(struct course *c)
{
    const struct batch b = batch_of(c);
    const int classes = c->shape.classes;
    struct comparison prob;
    c->result = (struct step_result){.loss_sum = (double)NAN, .correct = UINT32_MAX};
    c->prob = guarded_place(&c->prob_arena, "prob", UNIT_FLOAT,
                            sizeof(float) * (size_t)b.rows * (size_t)classes, PLACE_END);
    trainer_predict(c->trainer, &b, c->prob, &c->result);
    ask(c);
    compare_begin(&prob, "prob", (long long)b.rows * classes, classes, 0);
    compare_matrix(&prob, b.rows, classes, c->prob, classes, c->oracle.prob.value, c->oracle.prob.bound);
    check_margins(&prob, &c->prob_arena);
    case_check(c->proof, c->row, &prob);
    compare_answer(c);
}

void course_store(struct course *c)
{
    const struct model *got = &c->stored.model;
    const struct range *w = c->w, *v = c->v;
    const unsigned idle = c->steps == 0 ? COMPARE_IDLE_IS_RIGHT : 0;
    guarded_model_store(&c->stored, c->trainer);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        compare_range(c, tensor_name(i), w, tensor_data(&got->w, i), tensor_data(&c->given.w, i), i,
                      COMPARE_IDLE_IS_RIGHT);
        compare_range(c, "v", v, tensor_data(&got->v, i), tensor_data(&c->given.v, i), i, idle);
        w += tensor_count(&c->shape, i);
        v += tensor_count(&c->shape, i);
    }
    if (guarded_model_intruded(&c->stored) > 0)
        case_fail(c->proof, c->row, "store wrote outside the tensors");
}

void course_ruin(struct course *c)
{
    const struct batch b = batch_of(c);
    struct step_result result;
    struct model nothing;
    network_alloc(&nothing, &c->shape);
    for (int i = 0; nothing.w.w1 && i < TENSOR_COUNT; i++)
        for (size_t j = 0; j < tensor_count(&c->shape, i); j++)
            tensor_data(&nothing.w, i)[j] = tensor_data(&nothing.v, i)[j] = NAN;
    if (nothing.w.w1) {
        trainer_load(c->trainer, &nothing);
        trainer_step(c->trainer, &b, &result);
        trainer_predict(c->trainer, &b, NULL, &result);
    } else {
        case_fail(c->proof, c->row, "no memory for a model");
    }
    network_free(&nothing);
}
