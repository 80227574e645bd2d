/* SPDX-License-Identifier: MIT
 *
 * The classes that a trained network predicts for the images of each class. */
#ifndef LB_CONFUSION_H
#define LB_CONFUSION_H

#include "data/dataset.h"
#include "train/trainer.h"

/* Images by label and predicted class; an image whose probabilities hold a NaN is not counted. */
struct confusion {
    uint32_t counts[DATASET_CLASSES][DATASET_CLASSES];
};

/* Predicts every image of the split, in batches of at most `batch`, with a network of DATASET_CLASSES
 * classes. Returns 0, or -1 when out of memory. */
int confusion_count(struct confusion *c, struct trainer *t, const struct split *s, int batch);

#endif
