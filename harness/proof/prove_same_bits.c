/* SPDX-License-Identifier: MIT
 *
 * The same bits as another backend: both train side by side, on the same batches, for hundreds of steps. No
 * tolerance: loss and count of every step, probabilities, weights and means of squares are compared bit by
 * bit. Between two comparisons of the parameters there are many steps, because store() may complete postponed
 * work. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/registry.h"
#include "proof/cases.h"
#include "proof/prove_step.h"

/* Images stay for STRETCH steps; one kind of them follows the other. The loads come long after a store, which
 * may complete postponed work. */
enum { STEPS = 240, STRETCH = 16, LOADED_AGAIN = 110, IMAGES = 160, MAX_ROWS = 128, FEW_UNITS = 136 };

static const int teams[] = {1, 2, 3, 7, 16};
enum { TEAMS = sizeof teams / sizeof *teams };

struct twins {
    struct proof *proof;
    struct plan plan;
    struct shape shape;
    const struct backend *backend[2]; /* this one and the one whose bits it promises */
    struct contender contender[2];
    struct trainer *trainer[2];
    struct model given, stored[2];
    float *prob[2];
    uint8_t *pixels, *labels;
    uint32_t *index;
    char wrong[160]; /* the first difference; "" while there is none */
};

static int twins_open(struct twins *t, struct error *e)
{
    const size_t rows = (size_t)t->plan.batch, classes = (size_t)t->shape.classes;
    bool all = true;
    t->pixels = malloc((size_t)IMAGES * (size_t)t->shape.inputs);
    t->labels = malloc(IMAGES);
    t->index = malloc(rows * sizeof *t->index);
    network_alloc(&t->given, &t->shape);
    for (int i = 0; i < 2; i++) {
        if (contender_open(&t->contender[i], t->backend[i], registry_fallback_for(t->backend[i]), &t->plan,
                           e))
            return (int)e->code;
        t->trainer[i] = trainer_new(&t->contender[i], false);
        network_alloc(&t->stored[i], &t->shape);
        t->prob[i] = malloc(rows * classes * sizeof(float));
        all = all && t->trainer[i] && t->stored[i].w.w1 && t->prob[i];
    }
    if (!all || !t->pixels || !t->labels || !t->index || !t->given.w.w1)
        return error_set(e, EXIT_INTERNAL, "proof of %s: out of memory", t->proof->backend->name);
    return 0;
}

static void twins_close(struct twins *t)
{
    for (int i = 0; i < 2; i++) {
        trainer_free(t->trainer[i]);
        contender_close(&t->contender[i]);
        network_free(&t->stored[i]);
        free(t->prob[i]);
    }
    network_free(&t->given);
    free(t->pixels);
    free(t->labels);
    free(t->index);
}

/* ---- images */

/* Set pixels in 100; real images, as they are or inverted. Random pixels use all of an image; of real ones a
 * third of the pixels is black for a stretch, when the second and the third load come. */
enum { REAL = -1, INVERTED = -2 };
static const int kinds[] = {REAL, 10, REAL, 25, 0, 50, REAL, 100, INVERTED, 60, REAL, 75, 0, REAL, 40};

static void draw_image(const struct twins *t, struct rng *rng, int kind, int stretch, int i)
{
    const struct dataset *d = t->proof->options->data;
    const bool real = d && d->rows * d->cols == t->shape.inputs && d->train.count > 0;
    const int in = t->shape.inputs;
    uint8_t *image = t->pixels + (size_t)i * (size_t)in;
    t->labels[i] = (uint8_t)rng_below(rng, (uint32_t)t->shape.classes);
    if (kind >= 0)
        for (int p = 0; p < in; p++)
            image[p] = rng_below(rng, 100) < (uint32_t)kind ? (uint8_t)(1 + rng_below(rng, 255)) : 0;
    else if (real)
        memcpy(image, d->train.pixels + (size_t)rng_below(rng, d->train.count) * (size_t)in, (size_t)in);
    else
        cases_image(rng, image, in);
    for (int p = 0; kind == INVERTED && p < in; p++) image[p] = (uint8_t)(255 - image[p]);
    for (int p = 0; kind == REAL && stretch > 0 && p < in; p++)
        if (p / 8 % 3 == stretch % 3) image[p] = 0;
}

static struct batch draw_batch(const struct twins *t, struct rng *rng, int step)
{
    const uint32_t most = (uint32_t)t->plan.batch;
    const int rows = step % 4 == 3 ? 1 + (int)rng_below(rng, most) : (int)most;
    for (int i = 0; step % STRETCH == 0 && i < IMAGES; i++)
        draw_image(t, rng, kinds[step / STRETCH % (int)(sizeof kinds / sizeof *kinds)], step / STRETCH, i);
    for (int i = 0; i < rows; i++) t->index[i] = rng_below(rng, IMAGES);
    return (struct batch){.pixels = t->pixels, .labels = t->labels, .index = t->index, .rows = rows};
}

/* ---- comparisons */

static void compare_results(struct twins *t, const char *call, int step, const struct step_result *r)
{
    if (t->wrong[0]) return;
    if (memcmp(&r[0].loss_sum, &r[1].loss_sum, sizeof r->loss_sum) == 0 && r[0].correct == r[1].correct)
        return;
    snprintf(t->wrong, sizeof t->wrong, "%s %d: loss %.17g and %u right, %s has %.17g and %u", call, step + 1,
             r[0].loss_sum, r[0].correct, t->backend[1]->name, r[1].loss_sum, r[1].correct);
}

static void compare_floats(struct twins *t, const char *name, int step, const float *got, const float *want,
                           size_t count)
{
    size_t i = 0;
    if (t->wrong[0] || memcmp(got, want, count * sizeof *got) == 0) return;
    while (memcmp(&got[i], &want[i], sizeof *got) == 0) i++;
    snprintf(t->wrong, sizeof t->wrong, "after step %d: %s[%zu] is %a, %s has %a", step + 1, name, i,
             (double)got[i], t->backend[1]->name, (double)want[i]);
}

static void predict_both(struct twins *t, const struct batch *b, int step)
{
    struct step_result r[2] = {{0.0, 0}, {0.0, 0}};
    for (int i = 0; i < 2; i++) trainer_predict(t->trainer[i], b, t->prob[i], &r[i]);
    compare_results(t, "prediction", step, r);
    compare_floats(t, "prob", step, t->prob[0], t->prob[1], (size_t)b->rows * (size_t)t->shape.classes);
}

static void store_both(struct twins *t, int step)
{
    for (int i = 0; i < 2; i++) trainer_store(t->trainer[i], &t->stored[i]);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const size_t count = tensor_count(&t->shape, i);
        char name[16];
        compare_floats(t, tensor_name(i), step, tensor_data(&t->stored[0].w, i),
                       tensor_data(&t->stored[1].w, i), count);
        snprintf(name, sizeof name, "v of %s", tensor_name(i));
        compare_floats(t, name, step, tensor_data(&t->stored[0].v, i), tensor_data(&t->stored[1].v, i),
                       count);
    }
}

static void load_both(struct twins *t, struct rng *rng)
{
    network_init(&t->given, &t->shape, rng_u64(rng));
    for (size_t i = 0; i < tensor_count(&t->shape, TENSOR_W1); i++)
        t->given.v.w1[i] = fabsf(cases_log_uniform(rng, -60, 0));
    for (int i = 0; i < 2; i++) trainer_load(t->trainer[i], &t->given);
}

static void train_both(struct twins *t, struct rng *rng)
{
    for (int step = 0; step < STEPS && !t->wrong[0]; step++) {
        struct step_result r[2] = {{0.0, 0}, {0.0, 0}};
        if (step % LOADED_AGAIN == 0) load_both(t, rng);
        const struct batch b = draw_batch(t, rng, step);
        for (int i = 0; i < 2; i++) trainer_step(t->trainer[i], &b, &r[i]);
        compare_results(t, "step", step, r);
        if (step % 10 == 9) predict_both(t, &b, step);
        if (step % STRETCH == STRETCH / 2 - 1 && step / STRETCH % 2 == 1) store_both(t, step);
    }
    store_both(t, STEPS - 1);
}

/* ---- the row */

/* Every other team trains a network of so few units that its threads share vectors of them. */
static void prove_team(struct proof *p, struct proof_row *row, const struct backend *other, int team)
{
    const struct plan *own = p->plan;
    const int units = team % 2 && own->hidden > FEW_UNITS ? FEW_UNITS : own->hidden;
    struct twins t = {
        .proof = p, .shape = {own->inputs, units, own->classes}, .backend = {p->backend, other}};
    struct error refusal = {0};
    struct rng rng = rng_seed(proof_case_seed(p), 1);
    t.plan = step_fixture_plan(p, &t.shape, own->batch < MAX_ROWS ? own->batch : MAX_ROWS);
    t.plan.threads = teams[team];
    if (!case_begin(p, "step same bits as %s: %d-%d-%d rows=%d threads=%d", other->name, t.shape.inputs,
                    t.shape.hidden, t.shape.classes, t.plan.batch, t.plan.threads))
        return;
    if (twins_open(&t, &refusal))
        snprintf(t.wrong, sizeof t.wrong, "%.150s", refusal.text);
    else
        train_both(&t, &rng);
    if (t.wrong[0]) case_fail(p, row, "%s", t.wrong);
    twins_close(&t);
    case_end(p, row);
}

int prove_same_bits(struct proof *p, bool composed, struct error *e)
{
    const char *name = p->backend->same_bits_as;
    char why[160];
    struct proof_row row;
    (void)composed;
    (void)e;
    if (!name) return 0;
    const struct registry_entry *other = registry_find(name);
    row_begin(p, &row, "step", "", false);
    snprintf(row.cases, sizeof row.cases, "same bits as %.*s", BACKEND_NAME_MAX - 6, name);
    proof_begin_stream(p, "step", "same bits as");
    if (other && registry_status(other, why, sizeof why) == BACKEND_READY) {
        for (int i = 0; i < TEAMS; i++) prove_team(p, &row, other->backend, i);
    } else if (case_begin(p, "step same bits as %.*s", BACKEND_NAME_MAX, name)) {
        case_fail(p, &row, "there is no such backend, or it cannot run here");
        case_end(p, &row);
    }
    row_end(p, &row);
    return 0;
}
