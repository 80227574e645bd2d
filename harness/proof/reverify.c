/* SPDX-License-Identifier: MIT */
#include "proof/reverify.h"

#include <math.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "proof/step_compare.h"

static void draw(struct reverify *v, int steps)
{
    for (int i = 0; i < REVERIFY_PER_EPOCH; i++) v->chosen[i] = (int)rng_below(&v->rng, (uint32_t)steps);
    blind_span_draw(&v->span, &v->rng, steps);
}

static bool is_chosen(const struct reverify *v, int step, int steps)
{
    if (v->last_too && step == steps - 1) return true;
    for (int i = 0; i < REVERIFY_PER_EPOCH; i++)
        if (v->chosen[i] == step) return true;
    return false;
}

/* Training can diverge, with a learning rate that is too large: there is nothing to compare then. */
static bool is_finite(const struct reverify *v, const struct model *m)
{
    for (int i = 0; i < TENSOR_COUNT; i++)
        for (size_t j = 0; j < tensor_count(&v->shape, i); j++)
            if (!(fabsf(tensor_data(&m->w, i)[j]) < 1e6f) || !(tensor_data(&m->v, i)[j] < 1e12f))
                return false;
    return true;
}

static bool before(void *context, struct trainer *t, int step, int steps)
{
    struct reverify *v = context;
    if (step == 0) draw(v, steps);
    if (v->failure[0]) return false;
    const bool begins = blind_span_begins(&v->span, step);
    v->step = step;
    v->single = is_chosen(v, step, steps);
    if (v->single || begins) trainer_store(t, &v->before);
    if ((v->single || begins) && !is_finite(v, &v->before)) {
        v->single = false;
        v->span.length = 0; /* nothing to compare with from here on */
    }
    if (begins) network_copy(&v->span.from, &v->before, &v->shape);
    return v->single || blind_span_has(&v->span, step);
}

static void judge(struct reverify *v, const struct comparison *c)
{
    char message[160];
    if (compare_passed(c) || v->failure[0]) return;
    compare_describe(c, message, sizeof message);
    snprintf(v->failure, sizeof v->failure, "step %d of epoch %d, checked during training: %s", v->step + 1,
             v->epoch, message);
}

static void look_at_span(struct reverify *v, struct trainer *t)
{
    char message[160];
    trainer_store(t, &v->span.after);
    blind_span_judge(&v->span, &v->oracle, message, sizeof message);
    v->spans_verified++;
    if (message[0] && !v->failure[0])
        snprintf(v->failure, sizeof v->failure,
                 "steps %d to %d of epoch %d, checked as a span during training: %s", v->span.first + 1,
                 v->span.first + v->span.length, v->epoch, message);
    v->span.length = 0;
}

static void look_at_step(struct reverify *v, struct trainer *t, const struct batch *b,
                         const struct step_result *r)
{
    const struct rmsprop_constants k = rmsprop_constants(v->plan.lr, v->plan.rho, v->plan.epsilon);
    struct comparison first, second;
    trainer_store(t, &v->after);
    oracle_forward(&v->oracle, &v->before.w, b);
    oracle_backward(&v->oracle, &v->before.w);
    /* A trained network may have hardly anything left to learn: then little moves, rightly. */
    result_compare(&v->oracle, r, &first, &second);
    first.flags |= COMPARE_IDLE_IS_RIGHT;
    judge(v, &first);
    judge(v, &second);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        update_compare(&k, &v->oracle, &v->before, &v->after, i, COMPARE_IDLE_IS_RIGHT, &first, &second);
        judge(v, &first);
        judge(v, &second);
    }
    v->verified++;
}

static void after(void *context, struct trainer *t, const struct batch *b, const struct step_result *r)
{
    struct reverify *v = context;
    if (v->single) look_at_step(v, t, b, r);
    if (!blind_span_has(&v->span, v->step)) return;
    blind_span_note(&v->span, b, r);
    if (blind_span_ended(&v->span)) look_at_span(v, t);
}

/* Not to be guessed from anything the backend sees. */
static uint64_t entropy(void)
{
    uint64_t bits;
    if (getrandom(&bits, sizeof bits, 0) == (ssize_t)sizeof bits) return bits;
    return (uint64_t)(clock_seconds() * 1e9);
}

int reverify_open(struct reverify *v, const struct plan *plan, struct error *e)
{
    *v = (struct reverify){.plan = *plan, .shape = {plan->inputs, plan->hidden, plan->classes}};
    v->watch = (struct epoch_watch){v, before, after};
    v->rng = rng_seed(entropy(), 0);
    network_alloc(&v->before, &v->shape);
    network_alloc(&v->after, &v->shape);
    if (v->before.w.w1 && v->after.w.w1 && blind_span_open(&v->span, &v->shape, plan) == 0 &&
        oracle_step_open(&v->oracle, &v->shape, plan->batch) == 0)
        return 0;
    reverify_close(v);
    return error_set(e, EXIT_INTERNAL, "out of memory for checking training steps");
}

void reverify_close(struct reverify *v)
{
    network_free(&v->before);
    network_free(&v->after);
    blind_span_close(&v->span);
    oracle_step_close(&v->oracle);
}

void reverify_begin_epoch(struct reverify *v, int epoch, bool last_epoch)
{
    v->epoch = epoch;
    v->last_too = last_epoch;
}
