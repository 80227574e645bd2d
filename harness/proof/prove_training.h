/* SPDX-License-Identifier: MIT
 *
 * Whole trainings: does a network trained by this backend end up as accurate as one trained by a reference?
 * Each of ten seeds gives both the same weights to start from and the same order of images; the accuracies on
 * the test images are compared pair by pair (tost.h). Roundings separate two correct backends within an
 * epoch, so there is no bound on a single training; the outcomes must agree on average. */
#ifndef LB_PROVE_TRAINING_H
#define LB_PROVE_TRAINING_H

#include "proof/proof_context.h"

enum {
    TRAINING_SEEDS = 10,
    TRAINING_EPOCHS = 20,
    TRAINING_EPOCHS_SLOW = 1, /* where one of the two is the slow reference backend of the registry */
};

/* Percentage points, and the level of each of the two tests. */
#define TRAINING_MARGIN 0.2
#define TRAINING_ALPHA  0.05

/* Whether the data are enough for it: as many images as MNIST has, of the plan's size. */
bool training_has_data(const struct dataset *data, const struct plan *plan);

/* Parts of the progress; 0 when options leave it out (not exhaustive, no reference, too little data). */
int prove_training_parts(const struct proof *p);

/* One row, of one case. done is called after each part. 0, or e when the reference cannot be opened or memory
 * is short. */
int prove_training(struct proof *p, void (*done)(struct proof *p), struct error *e);

#endif
