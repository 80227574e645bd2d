/* SPDX-License-Identifier: MIT
 *
 * Steps in lockstep: the oracle trains, rounding its parameters to float after every step; before each step
 * the backend is loaded with them, so that every step is judged alone, along a real trajectory. */
#include <stdio.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_step.h"

enum { LOCKSTEP_STEPS = 10, LOCKSTEP_SHORT = 3, LOCKSTEP_ZERO_IMAGE = 5 };

/* The oracle's own update of r->given by its gradients of the last step, rounded to float. */
static void advance(struct step_rig *r)
{
    const struct rmsprop_constants k = rmsprop_constants(r->plan.lr, r->plan.rho, r->plan.epsilon);
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
static void draw(struct step_rig *r, struct rng *rng, int step)
{
    const int full = r->plan.batch,
              rows = step % LOCKSTEP_STEPS == LOCKSTEP_SHORT ? (full * 3 + 3) / 4 : full;
    step_rig_draw(r, rng, rows,
                  step % LOCKSTEP_STEPS == LOCKSTEP_ZERO_IMAGE ? BATCH_WITH_ZERO_IMAGE : BATCH_PLAIN);
}

int prove_lockstep(struct proof *p, bool composed, struct error *e)
{
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    const int steps = p->options->lockstep_steps > 0 ? p->options->lockstep_steps : LOCKSTEP_STEPS;
    const char *op = composed ? "composed lockstep" : "lockstep";
    struct proof_row gradients, updates, losses;
    struct step_rig rig;
    struct rng rng = rng_seed(p->options->seed, 65);
    if (step_rig_open(&rig, p, op, &shape, p->plan->batch, composed, e)) return (int)e->code;
    row_begin(&gradients, op, "gradients", false);
    row_begin(&updates, op, "update", false);
    row_begin(&losses, op, "loss and count", false);
    network_init(&rig.given, &shape, p->options->seed);
    for (int step = 0; step < steps; step++) {
        char words[32];
        snprintf(words, sizeof words, "step %d", step + 1);
        draw(&rig, &rng, step);
        check_update(&rig, &updates, &losses, words);
        check_gradient(&rig, &gradients, &losses, words);
        if (p->options->only_case) { /* the checks may not have asked the oracle */
            oracle_forward(&rig.oracle, &rig.given.w, &rig.batch);
            oracle_backward(&rig.oracle, &rig.given.w);
        }
        advance(&rig);
    }
    step_rig_close(&rig);
    row_end(p, &gradients);
    row_end(p, &updates);
    row_end(p, &losses);
    return 0;
}
