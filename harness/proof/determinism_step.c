/* SPDX-License-Identifier: MIT
 *
 * The same bits of the training step: some steps and a prediction from one model, with all parameters, the
 * optimizer's state, probabilities, loss and count compared. */
#include <string.h>

#include "proof/determinism.h"
#include "proof/step_fixture.h"

enum { STEPS = 2, ROWS = 61, ALIGNMENT_BYTES = 64 };

struct step_context {
    struct step_fixture fixture;
    struct contender contender[DETERMINISM_TEAMS];
    struct trainer *trainer[DETERMINISM_TEAMS];
    struct step_result results[STEPS + 1];
};

static void *copy_to(struct proof *p, int arena, const char *name, const void *from, size_t bytes, int shift)
{
    uint8_t *at = guarded_place(&p->arena[arena], name, UNIT_BYTE, bytes + ALIGNMENT_BYTES, PLACE_START);
    return memcpy(at + 4 * shift, from, bytes);
}

static void call_step(struct determinism_subject *s, int team, int shift)
{
    struct step_context *c = s->context;
    struct step_fixture *r = &c->fixture;
    struct proof *p = s->proof;
    struct trainer *t = team < 0 ? r->trainer : c->trainer[team];
    const size_t count = (size_t)r->pool.count;
    struct batch b = r->batch;
    const size_t prob_bytes = (size_t)b.rows * (size_t)r->shape.classes * sizeof(float);
    b.pixels = copy_to(p, ARENA_A, "pixels", r->pool.pixels, count * (size_t)r->shape.inputs, shift);
    b.labels = copy_to(p, ARENA_B, "labels", r->pool.labels, count, shift);
    b.index = copy_to(p, ARENA_C, "index", r->pool.index, (size_t)b.rows * sizeof *b.index, shift);
    uint8_t *prob =
        guarded_place(&p->arena[ARENA_D], "prob", UNIT_BYTE, prob_bytes + ALIGNMENT_BYTES, PLACE_START);
    prob += 4 * shift;
    trainer_load(t, &r->given);
    memset(c->results, 0, sizeof c->results);
    for (int i = 0; i < STEPS; i++) trainer_step(t, &b, &c->results[i]);
    trainer_predict(t, &b, (float *)(void *)prob, &c->results[STEPS]);
    guarded_model_store(&r->stored, t);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        determinism_output(s, tensor_data(&r->stored.model.w, i), tensor_count(&r->shape, i) * sizeof(float));
        determinism_output(s, tensor_data(&r->stored.model.v, i), tensor_count(&r->shape, i) * sizeof(float));
    }
    determinism_output(s, prob, prob_bytes);
    for (int i = 0; i <= STEPS; i++) /* one by one: the struct may have padding */
        c->results[i] = (struct step_result){c->results[i].loss_sum, c->results[i].correct};
    determinism_output(s, c->results, sizeof c->results);
}

static int open_teams(struct step_context *c, struct proof *p, bool composed, struct error *e)
{
    for (int i = 0; i < DETERMINISM_TEAMS; i++) {
        struct plan plan = c->fixture.plan;
        plan.threads = determinism_teams[i];
        if (contender_open(&c->contender[i], p->backend, p->fallback, &plan, e)) return (int)e->code;
        c->trainer[i] = trainer_new(&c->contender[i], composed);
        if (!c->trainer[i])
            return error_set(e, EXIT_INTERNAL, "proof of %s: out of memory", p->backend->name);
    }
    return 0;
}

static void close_teams(struct step_context *c)
{
    for (int i = 0; i < DETERMINISM_TEAMS; i++) {
        trainer_free(c->trainer[i]);
        contender_close(&c->contender[i]);
    }
}

bool determinism_promised(const struct proof *p, bool composed)
{
    uint32_t flags = composed ? BACKEND_DETERMINISTIC : p->backend->flags;
    for (int op = 0; composed && op < OP_COUNT; op++) flags &= p->contender.op_backend[op]->flags;
    return (flags & BACKEND_DETERMINISTIC) != 0;
}

int prove_determinism_step(struct proof *p, bool composed, struct error *e)
{
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    const struct plan plan = step_fixture_plan(p, &shape, p->plan->batch);
    const int rows = p->plan->batch < ROWS ? p->plan->batch : ROWS;
    static struct step_context c;
    struct rng rng = rng_seed(p->options->seed, 66);
    struct determinism_subject s = {.proof = p,
                                    .op = composed ? "composed step" : "step",
                                    .promised = determinism_promised(p, composed),
                                    .teams = DETERMINISM_TEAMS,
                                    .context = &c,
                                    .call = call_step};
    if (!determinism_wanted(p, DETERMINISM_TEAMS)) return 0;
    memset(&c, 0, sizeof c);
    if (step_fixture_open(&c.fixture, p, s.op, &plan, composed, e)) return (int)e->code;
    if (open_teams(&c, p, composed, e) == 0) {
        step_fixture_draw(&c.fixture, &rng, rows, BATCH_PLAIN);
        step_fixture_fill_model(&c.fixture, p->options->seed, MODEL_PLAIN, 1.0f);
        determinism_prove(&s);
    }
    close_teams(&c);
    step_fixture_close(&c.fixture);
    return (int)e->code;
}
