/* SPDX-License-Identifier: MIT
 *
 * Single training steps of the plan's network and of ragged ones. */
#include "proof/prove_step.h"

#include <stdio.h>

static const char *const check_names[CHECK_COUNT] = {
    [CHECK_STORAGE] = "load and store", [CHECK_PREDICT] = "probabilities",
    [CHECK_LOSS] = "loss and count",    [CHECK_GRADIENT] = "gradients",
    [CHECK_UPDATE] = "update",          [CHECK_AGAIN] = "predict and step again",
};

static const char *step_name(bool composed)
{
    return composed ? "composed step" : "step";
}

static void begin_rows(struct proof *p, struct proof_row *rows, bool composed, const char *network)
{
    proof_begin_stream(p, step_name(composed), network);
    for (int i = 0; i < CHECK_COUNT; i++) {
        char cases[40];
        snprintf(cases, sizeof cases, "%s: %s", network, check_names[i]);
        row_begin(p, &rows[i], step_name(composed), cases, false);
    }
}

static void end_rows(struct proof *p, struct proof_row *rows)
{
    for (int i = 0; i < CHECK_COUNT; i++) row_end(p, &rows[i]);
}

/* All checks of one batch. Each starts from the same model, which the last one replaces. */
static void check_all(struct step_rig *r, struct proof_row *rows, struct rng *rng, int batch_rows,
                      enum rig_batch kind, enum rig_model model, float gain)
{
    char words[64];
    const uint64_t seed = proof_case_seed(r->proof);
    step_rig_draw(r, rng, batch_rows, kind);
    step_rig_fill_model(r, seed, model, gain);
    snprintf(words, sizeof words, "kind=%d model=%d gain=%g seed=0x%llx", kind, model, (double)gain,
             (unsigned long long)seed);
    check_storage(r, &rows[CHECK_STORAGE], words);
    check_predict(r, &rows[CHECK_PREDICT], &rows[CHECK_LOSS], words);
    check_gradient(r, &rows[CHECK_GRADIENT], &rows[CHECK_LOSS], words);
    check_update(r, &rows[CHECK_UPDATE], &rows[CHECK_LOSS], words);
    check_again(r, &rows[CHECK_AGAIN], words);
}

int prove_step_plan(struct proof *p, bool composed, struct error *e)
{
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    const struct {
        int rows;
        enum rig_batch kind;
        enum rig_model model;
        float gain;
    } batches[] = {{p->plan->batch, BATCH_PLAIN, MODEL_PLAIN, 1.0f},
                   {96, BATCH_WITH_ZERO_IMAGE, MODEL_PLAIN, 1.0f},
                   {p->plan->batch, BATCH_REPEATED_IMAGE, MODEL_PLAIN, 3.0f},
                   {16, BATCH_PLAIN, MODEL_PLAIN, 1.0f},
                   {1, BATCH_PLAIN, MODEL_PLAIN, 1.0f},
                   {p->plan->batch, BATCH_PLAIN, MODEL_TIED, 1.0f}};
    struct proof_row rows[CHECK_COUNT];
    struct step_rig rig;
    struct rng rng = rng_seed(p->options->seed, 63);
    if (step_rig_open(&rig, p, step_name(composed), &shape, p->plan->batch, composed, e)) return (int)e->code;
    begin_rows(p, rows, composed, "plan");
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        if (batches[i].rows <= p->plan->batch)
            check_all(&rig, rows, &rng, batches[i].rows, batches[i].kind, batches[i].model, batches[i].gain);
    step_rig_close(&rig);
    end_rows(p, rows);
    return 0;
}

/* Short sums leave no room for low precision or a lost term; odd sizes none for a wrong tail. */
int prove_step_ragged(struct proof *p, bool composed, struct error *e)
{
    static const struct {
        struct shape shape;
        int batch;
    } networks[] = {{{13, 7, 3}, 5},     {{33, 17, 10}, 19},   {{64, 48, 16}, 33}, {{100, 65, 2}, 9},
                    {{50, 130, 10}, 65}, {{261, 31, 10}, 130}, {{1, 9, 4}, 16}};
    struct proof_row rows[CHECK_COUNT];
    struct rng rng = rng_seed(p->options->seed, 64);
    begin_rows(p, rows, composed, "ragged");
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        const int batch = networks[i].batch, some[] = {batch, batch / 2 + 1, 1};
        struct error refusal = {0};
        struct step_rig rig;
        if (step_rig_open(&rig, p, step_name(composed), &networks[i].shape, batch, composed, &refusal)) {
            case_begin(p, "%s %d-%d-%d batch=%d", step_name(composed), networks[i].shape.inputs,
                       networks[i].shape.hidden, networks[i].shape.classes, batch);
            case_fail(p, &rows[CHECK_STORAGE], "%s", refusal.text);
            case_end(p, &rows[CHECK_STORAGE]);
            continue;
        }
        for (size_t j = 0; j < sizeof some / sizeof *some; j++)
            check_all(&rig, rows, &rng, some[j], (enum rig_batch)(j % BATCH_KINDS), MODEL_PLAIN, 1.0f);
        step_rig_close(&rig);
    }
    end_rows(p, rows);
    return (int)e->code;
}
