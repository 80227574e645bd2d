/* SPDX-License-Identifier: MIT
 *
 * Steps in lockstep: the oracle trains, rounding its parameters to float after every step; before each step
 * the backend is loaded with them, so that every step is judged alone, along a real trajectory. Before that,
 * the backend has trained on its own over the same batches; its losses are compared with the oracle's. */
#include <math.h>
#include <stdio.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_step.h"

enum {
    LOCKSTEP_STEPS = 20,
    LOCKSTEP_FREE = 20,
    LOCKSTEP_MANY = 200,
    LOCKSTEP_CYCLE = 10,
    LOCKSTEP_SHORT = 3,
    LOCKSTEP_ZERO_IMAGE = 5
};

/* The oracle's own update of r->given by its gradients of the last step, rounded to float. */
static void advance(struct step_fixture *r)
{
    const struct rmsprop_constants k = rmsprop_constants(r->plan.lr, r->plan.rho, r->plan.epsilon);
    r->oracle_knows = false;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        float *w = tensor_data(&r->given.w, i), *v = tensor_data(&r->given.v, i);
        for (size_t j = 0; j < tensor_count(&r->shape, i); j++) {
            double new_w = w[j], new_v = v[j];
            oracle_rmsprop(&k, r->oracle.gradient[i].value[j], &new_v, &new_w);
            w[j] = (float)new_w;
            v[j] = (float)new_v;
        }
    }
}

/* Batches of full size, but one of three quarters (96 of 128, as the last of an epoch) and one with empty
 * images. */
static void draw(struct step_fixture *r, struct rng *rng, int step)
{
    const int full = r->plan.batch,
              rows = step % LOCKSTEP_CYCLE == LOCKSTEP_SHORT ? (full * 3 + 3) / 4 : full;
    step_fixture_draw(r, rng, rows,
                      step % LOCKSTEP_CYCLE == LOCKSTEP_ZERO_IMAGE ? BATCH_WITH_ZERO_IMAGE : BATCH_PLAIN);
}

/* The backend alone: mean losses of the first steps from the start model. */
static void run_free(struct step_fixture *r, struct rng *rng, double *losses, int steps)
{
    trainer_load(r->trainer, &r->given);
    for (int step = 0; step < steps; step++) {
        struct step_result result = {.loss_sum = (double)NAN};
        draw(r, rng, step);
        trainer_step(r->trainer, &r->batch, &result);
        losses[step] = result.loss_sum / r->batch.rows;
    }
}

static void compare_free(struct step_fixture *r, struct proof_row *row, int step, double loss)
{
    struct comparison c;
    if (!case_begin(r->proof, "%s %d-%d-%d free-running: step %d", r->name, r->shape.inputs, r->shape.hidden,
                    r->shape.classes, step + 1))
        return;
    compare_begin(&c, "mean loss", 1, 1, 0);
    compare_element(&c, loss, r->oracle.loss_sum / r->batch.rows, BOUND_FREE_RUNNING, BOUND_FREE_RUNNING,
                    0.0);
    case_check(r->proof, row, &c);
    case_end(r->proof, row);
}

enum { ROW_GRADIENTS, ROW_UPDATES, ROW_LOSSES, ROW_FREE, ROW_COUNT };

static void run_lockstep(struct step_fixture *r, struct proof_row *rows, int steps)
{
    struct rng rng = rng_seed(r->proof->options->seed, 65), again = rng;
    const int free_steps = steps < LOCKSTEP_FREE ? steps : LOCKSTEP_FREE;
    double losses[LOCKSTEP_FREE];
    network_init(&r->given, &r->shape, r->proof->options->seed);
    case_begin(r->proof, "%s free-running", r->name);
    run_free(r, &rng, losses, free_steps);
    for (int step = 0; step < steps; step++) {
        char parameters[32];
        snprintf(parameters, sizeof parameters, "step %d", step + 1);
        draw(r, &again, step);
        check_update(r, &rows[ROW_UPDATES], &rows[ROW_LOSSES], parameters);
        check_gradient(r, &rows[ROW_GRADIENTS], &rows[ROW_LOSSES], parameters);
        ask_oracle(r, &r->given.w);
        if (step < free_steps) compare_free(r, &rows[ROW_FREE], step, losses[step]);
        advance(r);
    }
}

int prove_lockstep(struct proof *p, bool composed, struct error *e)
{
    static const char *const names[ROW_COUNT] = {"gradients", "update", "loss and count",
                                                 "free-running loss"};
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    const struct plan plan = step_fixture_plan(p, &shape, p->plan->batch);
    const int usual = p->options->exhaustive ? LOCKSTEP_MANY : LOCKSTEP_STEPS;
    const char *op = composed ? "composed lockstep" : "lockstep";
    struct proof_row rows[ROW_COUNT];
    struct step_fixture fixture;
    if (step_fixture_open(&fixture, p, op, &plan, composed, e)) return (int)e->code;
    for (int i = 0; i < ROW_COUNT; i++) row_begin(p, &rows[i], op, names[i], false);
    run_lockstep(&fixture, rows, p->options->lockstep_steps > 0 ? p->options->lockstep_steps : usual);
    step_fixture_close(&fixture);
    for (int i = 0; i < ROW_COUNT; i++) row_end(p, &rows[i]);
    return 0;
}
