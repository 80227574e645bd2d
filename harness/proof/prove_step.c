/* SPDX-License-Identifier: MIT
 *
 * Single training steps: of the plan's network, of ragged ones, of networks drawn from the seed, with large
 * values, and with exact zeros where other sums are large. */
#include "proof/prove_step.h"

#include <math.h>
#include <stdio.h>

static const char *const check_names[CHECK_COUNT] = {
    [CHECK_STORAGE] = "load and store",
    [CHECK_PREDICT] = "probabilities",
    [CHECK_LOSS] = "loss and count",
    [CHECK_GRADIENT] = "gradients",
    [CHECK_UPDATE] = "update",
    [CHECK_UNSTORED] = "predict before store",
    [CHECK_AGAIN] = "predict and step again",
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
static void check_all(struct step_fixture *r, struct proof_row *rows, struct rng *rng, int batch_rows,
                      enum fixture_batch kind, enum fixture_model model, float gain)
{
    char parameters[64];
    const uint64_t seed = proof_case_seed(r->proof);
    step_fixture_draw(r, rng, batch_rows, kind);
    step_fixture_fill_model(r, seed, model, gain);
    snprintf(parameters, sizeof parameters, "kind=%d model=%d gain=%g seed=0x%llx", kind, model, (double)gain,
             (unsigned long long)seed);
    check_storage(r, &rows[CHECK_STORAGE], parameters);
    check_predict(r, &rows[CHECK_PREDICT], &rows[CHECK_LOSS], parameters);
    check_gradient(r, &rows[CHECK_GRADIENT], &rows[CHECK_LOSS], parameters);
    check_update(r, &rows[CHECK_UPDATE], &rows[CHECK_LOSS], parameters);
    check_unstored(r, &rows[CHECK_UNSTORED], parameters, seed);
    check_again(r, &rows[CHECK_AGAIN], parameters);
}

int prove_step_plan(struct proof *p, bool composed, struct error *e)
{
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    const struct {
        int rows;
        enum fixture_batch kind;
        enum fixture_model model;
        float gain;
    } batches[] = {{p->plan->batch, BATCH_PLAIN, MODEL_PLAIN, 1.0f},
                   {96, BATCH_WITH_ZERO_IMAGE, MODEL_PLAIN, 1.0f},
                   {p->plan->batch, BATCH_REPEATED_IMAGE, MODEL_PLAIN, 3.0f},
                   {16, BATCH_PLAIN, MODEL_PLAIN, 1.0f},
                   {1, BATCH_PLAIN, MODEL_PLAIN, 1.0f},
                   {p->plan->batch, BATCH_PLAIN, MODEL_TIED, 1.0f}};
    struct proof_row rows[CHECK_COUNT];
    struct step_fixture fixture;
    struct rng rng = rng_seed(p->options->seed, 63);
    const struct plan plan = step_fixture_plan(p, &shape, p->plan->batch);
    if (step_fixture_open(&fixture, p, step_name(composed), &plan, composed, e)) return (int)e->code;
    begin_rows(p, rows, composed, "plan");
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        if (batches[i].rows <= p->plan->batch)
            check_all(&fixture, rows, &rng, batches[i].rows, batches[i].kind, batches[i].model,
                      batches[i].gain);
    step_fixture_close(&fixture);
    end_rows(p, rows);
    return 0;
}

/* Opens the fixture; a backend that will not have this plan has failed a case. */
static bool open_fixture(struct step_fixture *fixture, struct proof *p, struct proof_row *rows,
                         const struct plan *plan, bool composed)
{
    struct error refusal = {0};
    if (step_fixture_open(fixture, p, step_name(composed), plan, composed, &refusal) == 0) return true;
    case_begin(p, "%s %d-%d-%d batch=%d", step_name(composed), plan->inputs, plan->hidden, plan->classes,
               plan->batch);
    case_fail(p, &rows[CHECK_STORAGE], "%s", refusal.text);
    case_end(p, &rows[CHECK_STORAGE]);
    return false;
}

/* Short sums show low precision and a lost term; odd sizes show a wrong tail. */
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
        const struct plan plan = step_fixture_plan(p, &networks[i].shape, batch);
        struct step_fixture fixture;
        if (!open_fixture(&fixture, p, rows, &plan, composed)) continue;
        for (size_t j = 0; j < sizeof some / sizeof *some; j++)
            check_all(&fixture, rows, &rng, some[j], (enum fixture_batch)j, MODEL_PLAIN, 1.0f);
        step_fixture_close(&fixture);
    }
    end_rows(p, rows);
    return (int)e->code;
}

static int from_to(struct rng *rng, int least, int most)
{
    return least + (int)rng_below(rng, (uint32_t)(most - least + 1));
}

/* One less than a multiple of vectors and blocks, the multiple, or one more. */
static int around_multiple(struct rng *rng)
{
    static const int multiples[] = {256, 384, 512, 768, 1024};
    return multiples[rng_below(rng, 5)] - 1 + (int)rng_below(rng, 3);
}

/* Constants of which none is the usual one. */
static void draw_constants(struct plan *plan, struct rng *rng)
{
    plan->rho =
        rng_below(rng, 6) == 0 ? 0.0f : 1.0f - ldexpf(rng_float(rng, 1.0f, 2.0f), -from_to(rng, 1, 9));
    plan->epsilon = ldexpf(rng_float(rng, 1.0f, 2.0f), -from_to(rng, 3, 20));
    plan->lr = ldexpf(rng_float(rng, 1.0f, 2.0f), -from_to(rng, 4, 12));
}

/* Where sizes of the plan's kind and beyond may be handled in another way than small ones: each extent at a
 * time is large, the others are small, so that many can be tried. */
enum drawn_kind {
    DRAWN_FEWER_INPUTS, /* than the plan's, by one */
    DRAWN_MORE_INPUTS,
    DRAWN_FEWER_HIDDEN,
    DRAWN_MORE_HIDDEN,
    DRAWN_BATCH,
    DRAWN_LARGE_BATCH,
    DRAWN_MANY_INPUTS,
    DRAWN_MANY_HIDDEN,
    DRAWN_SMALL,
    DRAWN_SMALL_TOO,
    DRAWN_KINDS
};

static struct plan draw_network(const struct proof *p, struct rng *rng, enum drawn_kind kind)
{
    struct shape shape = {from_to(rng, 1, 40), from_to(rng, 1, 67), from_to(rng, 2, 16)};
    int batch = from_to(rng, 1, 40);
    switch (kind) {
    case DRAWN_FEWER_INPUTS:
    case DRAWN_MORE_INPUTS:
        shape.inputs = p->plan->inputs + (kind == DRAWN_MORE_INPUTS ? 1 : -1);
        batch = from_to(rng, 127, 129);
        break;
    case DRAWN_FEWER_HIDDEN:
    case DRAWN_MORE_HIDDEN:
        shape.hidden = p->plan->hidden + (kind == DRAWN_MORE_HIDDEN ? 1 : -1);
        break;
    case DRAWN_BATCH:
        batch = around_multiple(rng);
        break;
    case DRAWN_LARGE_BATCH:
        batch = from_to(rng, 513, 1100);
        break;
    case DRAWN_MANY_INPUTS:
        shape = (struct shape){from_to(rng, 4097, 8200), from_to(rng, 1, 5), shape.classes};
        batch = from_to(rng, 1, 7);
        break;
    case DRAWN_MANY_HIDDEN:
        shape = (struct shape){from_to(rng, 1, 5), from_to(rng, 600, 4200), shape.classes};
        batch = from_to(rng, 1, 7);
        break;
    case DRAWN_SMALL_TOO:
        shape.classes = from_to(rng, 1, 2);
        break;
    default:
        break;
    }
    shape.inputs += shape.inputs == 0; /* one less than one */
    shape.hidden += shape.hidden == 0;
    struct plan plan = step_fixture_plan(p, &shape, batch);
    draw_constants(&plan, rng);
    return plan;
}

/* One network of each kind, each with full batches and part of one, every kind of batch in turn. */
int prove_step_drawn(struct proof *p, bool composed, struct error *e)
{
    struct proof_row rows[CHECK_COUNT];
    struct rng rng = rng_seed(p->options->seed, 67);
    const int networks = (p->options->exhaustive ? 20 : 1) * DRAWN_KINDS;
    int tried = (int)rng_below(&rng, BATCH_KINDS);
    begin_rows(p, rows, composed, "drawn");
    for (int i = 0; i < networks; i++) {
        const struct plan plan = draw_network(p, &rng, (enum drawn_kind)(i % DRAWN_KINDS));
        struct step_fixture fixture;
        if (!open_fixture(&fixture, p, rows, &plan, composed)) continue;
        check_all(&fixture, rows, &rng, plan.batch, BATCH_PLAIN, MODEL_PLAIN, 1.0f);
        for (int j = 0; j < 2; j++)
            check_all(&fixture, rows, &rng, j ? from_to(&rng, 1, plan.batch) : plan.batch,
                      (enum fixture_batch)(tried++ % BATCH_KINDS), MODEL_PLAIN, 1.0f);
        step_fixture_close(&fixture);
    }
    end_rows(p, rows);
    return (int)e->code;
}

/* Sums are short, so that large values have small bounds. The rate moves weights of such a size. */
int prove_step_large(struct proof *p, bool composed, struct error *e)
{
    struct proof_row rows[CHECK_COUNT];
    struct rng rng = rng_seed(p->options->seed, 68);
    begin_rows(p, rows, composed, "large");
    for (int i = 0; i < 3; i++) {
        const struct shape shape = {from_to(&rng, 3, 20), from_to(&rng, 8, 70), from_to(&rng, 3, 16)};
        struct plan plan = step_fixture_plan(p, &shape, from_to(&rng, 20, 60));
        struct step_fixture fixture;
        plan.lr = 0x1p-4f;
        if (!open_fixture(&fixture, p, rows, &plan, composed)) continue;
        check_all(&fixture, rows, &rng, plan.batch, BATCH_PLAIN, MODEL_LARGE, 1.0f);
        check_all(&fixture, rows, &rng, plan.batch, BATCH_WITH_ZERO_IMAGE, MODEL_LARGE, 1.0f);
        step_fixture_close(&fixture);
    }
    end_rows(p, rows);
    return (int)e->code;
}

/* A network larger in each extent than what is likely to be one block, and the plan's own. */
int prove_step_zeros(struct proof *p, bool composed, struct error *e)
{
    struct proof_row rows[CHECK_COUNT];
    struct rng rng = rng_seed(p->options->seed, 69);
    const struct shape shapes[] = {{from_to(&rng, 257, 320), from_to(&rng, 140, 220), from_to(&rng, 8, 16)},
                                   {p->plan->inputs, p->plan->hidden, p->plan->classes}};
    const int batches[] = {from_to(&rng, 140, 170), p->plan->batch};
    begin_rows(p, rows, composed, "zeros");
    for (int i = 0; i < 2; i++) {
        struct plan plan = step_fixture_plan(p, &shapes[i], batches[i]);
        struct step_fixture fixture;
        plan.lr = 0x1p-4f;
        if (!open_fixture(&fixture, p, rows, &plan, composed)) continue;
        step_fixture_blacken(&fixture, &rng);
        check_all(&fixture, rows, &rng, plan.batch, BATCH_WITH_ZERO_IMAGE, MODEL_ZEROS, 1.0f);
        step_fixture_close(&fixture);
    }
    end_rows(p, rows);
    return (int)e->code;
}
