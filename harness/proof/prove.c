/* SPDX-License-Identifier: MIT
 *
 * The proof of one backend, from its ops to its training steps. */
#include "proof/prove.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "proof/prove_ops.h"
#include "proof/prove_step.h"
#include "proof/prove_training.h"
#include "proof/determinism.h"

/* The parts of level 2. name is what options->only may ask for. */
static const struct {
    const char *name, *cases; /* cases: what its rows begin with; NULL: they ask themselves */
    bool composed;
    int (*prove)(struct proof *p, bool composed, struct error *e);
} steps[] = {
    {"step", "ragged", false, prove_step_ragged},
    {"step", "plan", false, prove_step_plan},
    {"step", "drawn", false, prove_step_drawn},
    {"step", "large", false, prove_step_large},
    {"step", "zeros", false, prove_step_zeros},
    {"step", "course", false, prove_course},
    {"step", "look-ahead", false, prove_look_ahead}, /* the composed step hands no batch on */
    {"step", "same bits as", false, prove_same_bits},
    {"lockstep", NULL, false, prove_lockstep},
    {"composed step", "ragged", true, prove_step_ragged},
    {"composed step", "plan", true, prove_step_plan},
    {"composed step", "drawn", true, prove_step_drawn},
    {"composed step", "large", true, prove_step_large},
    {"composed step", "zeros", true, prove_step_zeros},
    {"composed step", "course", true, prove_course},
    {"composed lockstep", NULL, true, prove_lockstep},
    {"step", NULL, false, prove_determinism_step},
    {"composed step", NULL, true, prove_determinism_step},
};
enum { STEP_PARTS = sizeof steps / sizeof *steps };

/* A backend trains with its own step, or without one with the composed step: NAME:composed is a backend
 * without one, and proven as such. */
static bool applies(const struct proof *p, int part)
{
    if (steps[part].cases && !proof_cases_wanted(p, steps[part].cases)) return false;
    return proof_wanted(p, steps[part].name) && steps[part].composed == !p->backend->step;
}

static void start_progress(const struct proof *p)
{
    struct progress *shown = p->options->progress;
    if (!shown) return;
    int total = prove_ops_classes(p) + prove_training_parts(p);
    for (int i = 0; i < STEP_PARTS; i++) total += applies(p, i);
    atomic_store_explicit(&shown->proof_done, 0, memory_order_relaxed);
    atomic_store_explicit(&shown->proof_total, total, memory_order_relaxed);
    atomic_store_explicit(&shown->phase_start, clock_seconds(), memory_order_relaxed);
    atomic_store_explicit(&shown->phase, PROGRESS_PROOF, memory_order_relaxed);
}

static void class_done(struct proof *p)
{
    if (p->options->progress)
        atomic_fetch_add_explicit(&p->options->progress->proof_done, 1, memory_order_relaxed);
}

/* The composed step calls the ops one by one: where one of them has failed, its own failure says nothing new.
 */
static int prove_steps(struct proof *p, struct error *e)
{
    const bool op_failed = p->verdict->failed > 0;
    for (int i = 0; i < STEP_PARTS; i++) {
        if (!applies(p, i) || proof_may_stop(p)) continue;
        if (steps[i].composed && op_failed) {
            p->verdict->composed_skipped = 1;
            class_done(p);
            continue;
        }
        if (steps[i].prove(p, steps[i].composed, e)) return (int)e->code;
        class_done(p);
    }
    return 0;
}

int prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                  const struct proof_options *options, struct proof_verdict *verdict, struct error *e)
{
    struct proof p;
    *verdict = (struct proof_verdict){0};
    if (proof_open(&p, b, fallback, plan, options, verdict, e)) return (int)e->code;
    start_progress(&p);
    prove_ops(&p, class_done);
    int status = prove_determinism_ops(&p, e);
    if (status == 0) status = prove_steps(&p, e);
    if (status == 0 && !proof_may_stop(&p)) status = prove_training(&p, class_done, e);
    proof_close(&p);
    if (status == 0 && options->only_case && verdict->cases == 0)
        return error_set(e, EXIT_USAGE,
                         "--case '%.200s': the proof of %s has no such case; give it as printed, with the "
                         "same --seed, --batch, --hidden, --threads and --exhaustive, or its beginning and *",
                         options->only_case, b->name);
    return status;
}
