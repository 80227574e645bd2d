/* SPDX-License-Identifier: MIT */
#include "proof/prove_training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "proof/tost.h"
#include "train/epoch.h"

/* MNIST's counts. With fewer test images an accuracy is too coarse for the margin: one of 10,000 is 0.01
 * points. */
enum { ENOUGH_TRAIN = 60000, ENOUGH_TEST = 10000 };

static const char op[] = "training";

bool training_has_data(const struct dataset *data, const struct plan *plan)
{
    return data && data->train.count >= ENOUGH_TRAIN && data->test.count >= ENOUGH_TEST &&
           data->rows * data->cols == plan->inputs;
}

int prove_training_parts(const struct proof *p)
{
    const struct proof_options *o = p->options;
    const bool wanted = o->exhaustive && o->reference && o->training_epochs > 0 &&
                        training_has_data(o->data, p->plan) && proof_wanted(p, op);
    return wanted ? 2 * TRAINING_SEEDS : 0;
}

/* One of the two that train, and what it needs to. */
struct trainee {
    struct contender contender; /* of its own: the proof's has been through much */
    struct trainer *trainer;
};

struct trial {
    struct proof *proof;
    struct trainee tested, reference;
    struct model start;
    uint32_t *order;
    int epochs;
    double tested_points[TRAINING_SEEDS], reference_points[TRAINING_SEEDS]; /* accuracies in percent */
};

static int trainee_open(struct trainee *t, const struct proof *p, const struct backend *b, struct error *e)
{
    if (contender_open(&t->contender, b, p->fallback, p->plan, e)) return (int)e->code;
    t->trainer = trainer_new(&t->contender, false);
    return t->trainer ? 0 : error_set(e, EXIT_INTERNAL, "out of memory for the training of %s", b->name);
}

static void trainee_close(struct trainee *t)
{
    trainer_free(t->trainer);
    contender_close(&t->contender);
}

static int trial_open(struct trial *t, struct proof *p, struct error *e)
{
    const struct backend *reference = p->options->reference;
    const struct dataset *data = p->options->data;
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    *t = (struct trial){.proof = p, .epochs = p->options->training_epochs};
    network_alloc(&t->start, &shape);
    t->order =
        calloc(data->train.count > data->test.count ? data->train.count : data->test.count, sizeof *t->order);
    if (!t->start.w.w1 || !t->order) return error_set(e, EXIT_INTERNAL, "out of memory for whole trainings");
    if (trainee_open(&t->tested, p, p->backend, e)) return (int)e->code;
    return trainee_open(&t->reference, p, reference, e);
}

static void trial_close(struct trial *t)
{
    trainee_close(&t->tested);
    trainee_close(&t->reference);
    network_free(&t->start);
    free(t->order);
}

/* Accuracy on the test images after the last epoch, in percent. */
static double train(struct trial *t, struct trainee *who, uint64_t seed)
{
    const struct proof *p = t->proof;
    struct epoch_result result = {0};
    trainer_load(who->trainer, &t->start);
    for (int epoch = 1; epoch <= t->epochs; epoch++)
        epoch_run(who->trainer, p->options->data, p->plan->batch, seed, epoch, t->order, NULL, NULL, &result);
    return 100.0 * result.val_accuracy;
}

static void train_pairs(struct trial *t, void (*done)(struct proof *p))
{
    struct proof *p = t->proof;
    const struct shape shape = {p->plan->inputs, p->plan->hidden, p->plan->classes};
    for (int i = 0; i < TRAINING_SEEDS; i++) {
        const uint64_t seed = proof_case_seed(p);
        network_init(&t->start, &shape, seed);
        t->tested_points[i] = train(t, &t->tested, seed);
        done(p);
        t->reference_points[i] = train(t, &t->reference, seed);
        done(p);
    }
}

static double mean(const double *x)
{
    double sum = 0.0;
    for (int i = 0; i < TRAINING_SEEDS; i++) sum += x[i];
    return sum / TRAINING_SEEDS;
}

/* What a network attains that always answers with the most frequent class. */
static double idle_points(const struct split *test)
{
    uint32_t counts[DATASET_CLASSES] = {0}, most = 0;
    for (uint32_t i = 0; i < test->count; i++) counts[test->labels[i]]++;
    for (int i = 0; i < DATASET_CLASSES; i++) most = counts[i] > most ? counts[i] : most;
    return 100.0 * most / test->count;
}

static void judge(struct trial *t, struct proof_row *row)
{
    struct proof *p = t->proof;
    const struct tost r =
        tost_paired(t->tested_points, t->reference_points, TRAINING_SEEDS, TRAINING_MARGIN, TRAINING_ALPHA);
    const double tested = mean(t->tested_points), reference = mean(t->reference_points);
    const double share = r.reach / TRAINING_MARGIN;
    row->worst_of_bound = row->worst_of_loose = share <= COMPARE_HOPELESS ? share : COMPARE_HOPELESS;
    snprintf(row->measured, sizeof row->measured,
             "%.3f %% against %.3f %%, difference %+.3f points, deviation %.3f, TOST p = %.2g, margin %g",
             tested, reference, r.mean, r.deviation, r.p, TRAINING_MARGIN);
    if (!(reference > idle_points(&p->options->data->test) + TRAINING_MARGIN))
        case_fail(p, row, "MISTRUSTED, the reference does not learn: %.3f %% right", reference);
    else if (!r.equivalent)
        case_fail(p, row, "not shown to be equivalent: %.3f %% against %.3f %%, p = %.2g, not below %g",
                  tested, reference, r.p, TRAINING_ALPHA);
}

int prove_training(struct proof *p, void (*done)(struct proof *p), struct error *e)
{
    struct proof_row row;
    struct trial trial;
    char cases[sizeof row.cases];
    if (prove_training_parts(p) == 0) return 0;
    snprintf(cases, sizeof cases, "like %.12s, %d seeds x %d epoch%s", p->options->reference->name,
             TRAINING_SEEDS, p->options->training_epochs, p->options->training_epochs == 1 ? "" : "s");
    row_begin(p, &row, op, cases, false);
    proof_begin_stream(p, op, "accuracy");
    if (trial_open(&trial, p, e) == 0 &&
        case_begin(p, "%s seeds=%d epochs=%d reference=%s", op, TRAINING_SEEDS, trial.epochs,
                   p->options->reference->name)) {
        train_pairs(&trial, done);
        judge(&trial, &row);
        case_end(p, &row);
    }
    trial_close(&trial);
    if (e->code == 0) row_end(p, &row);
    return (int)e->code;
}
