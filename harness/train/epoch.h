/* SPDX-License-Identifier: MIT
 *
 * THE ONE TRAINING LOOP: Keras' fit() for one epoch, and its validation pass. */
#ifndef LB_EPOCH_H
#define LB_EPOCH_H

#include <stdatomic.h>

#include "data/dataset.h"
#include "train/trainer.h"

/* Read by the progress display: written by the training loop after each step with relaxed stores, so that
 * watching costs the loop nothing but these stores. Lives in memory shared between processes. */
struct progress {
    _Atomic int phase; /* enum progress_phase */
    _Atomic int epoch, epochs;
    _Atomic int step, steps;
    _Atomic long long samples;
    _Atomic double loss_sum;
    _Atomic long long correct;
    _Atomic double phase_start; /* clock_seconds() */
    _Atomic int proof_done, proof_total;
};
enum progress_phase { PROGRESS_IDLE, PROGRESS_PROOF, PROGRESS_TRAIN, PROGRESS_VALIDATE };

struct epoch_result {
    int epoch; /* from 1 */
    int steps;
    long long samples;
    double train_seconds, val_seconds;
    double loss, accuracy;         /* running means over the epoch's samples */
    double val_loss, val_accuracy; /* after the epoch */
    uint64_t train_ticks;          /* the time stamp counter over the same as train_seconds */
    uint64_t order_hash;           /* epoch_order_hash() of the order that was trained in */
};

/* The order of the samples in an epoch (from 1): a permutation of 0..count-1 that depends on seed and epoch
 * alone. */
void epoch_order(uint32_t *order, uint32_t count, uint64_t seed, int epoch);

/* FNV-1a, 64 bits. */
uint64_t epoch_order_hash(const uint32_t *order, uint32_t count);

/* An observer of single training steps. The clock stands still while it works. */
struct epoch_watch {
    void *context;
    /* Before step `step` (from 0) of `steps`: whether `after` is to be called for it. May store from t. */
    bool (*before)(void *context, struct trainer *t, int step, int steps);
    /* What b points to lasts until the end of the pass, but for b->next, which is the call's. */
    void (*after)(void *context, struct trainer *t, const struct batch *b, const struct step_result *r);
};

/* Trains one epoch in that order, the last partial batch included, then validates on the test split. Every
 * batch but the last of either announces the one after it (batch.next).
 * order: scratch of max(train.count, test.count) entries. progress may be NULL. stop, if not NULL, ends the
 * loop early when it becomes non-zero (the result is then meaningless). Shuffling happens outside the timed
 * region. */
void epoch_run(struct trainer *t, const struct dataset *d, int batch, uint64_t seed, int epoch,
               uint32_t *order, struct progress *progress, const volatile int *stop, struct epoch_result *r);

/* The same, watched. */
void epoch_run_watched(struct trainer *t, const struct dataset *d, int batch, uint64_t seed, int epoch,
                       uint32_t *order, struct progress *progress, const volatile int *stop,
                       const struct epoch_watch *watch, struct epoch_result *r);

#endif
