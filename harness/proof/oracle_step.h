/* SPDX-License-Identifier: MIT
 *
 * THE ORACLE of level 2: one training step of the network in double, with a running error bound: beside each
 * value stands how far a correct float implementation may be from it, carried through from layer to layer.
 * Sums may be taken in any order, with or without FMA; zero pixels and inactive units add no error. */
#ifndef LB_ORACLE_STEP_H
#define LB_ORACLE_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "train/network.h"

/* A tensor, dense row-major, and the bound of each element. */
struct oracle_tensor {
    double *value, *bound;
};

struct oracle_step {
    struct shape shape;
    int batch, rows; /* capacity; used by the last oracle_forward */
    /* the images' nonzero pixels, per row: how many, which columns, their values */
    int *nonzero_count, *nonzero_column;
    double *nonzero_value;
    struct oracle_tensor z1;      /* rows x hidden, before the ReLU */
    struct oracle_tensor hidden;  /* rows x hidden, after it */
    struct oracle_tensor logits;  /* rows x classes */
    struct oracle_tensor prob;    /* rows x classes */
    struct oracle_tensor dlogits; /* rows x classes, of the mean loss */
    struct oracle_tensor dhidden; /* rows x hidden, before the ReLU */
    struct oracle_tensor gradient[TENSOR_COUNT];
    double loss_sum, loss_bound;
    uint32_t correct_min, correct_max; /* rows that are surely, and possibly, predicted right */
    long long ambiguous;               /* hidden units whose ReLU may be on or off within the bound of z1 */
    double *scratch;                   /* hidden */
};

/* For batches of up to batch rows. 0, or -1 when out of memory. */
int oracle_step_open(struct oracle_step *o, const struct shape *shape, int batch);
void oracle_step_close(struct oracle_step *o);

/* z1, hidden, logits, prob, loss, correct, dlogits for the batch with weights w. */
void oracle_forward(struct oracle_step *o, const struct tensors *w, const struct batch *b);

/* The gradients, after oracle_forward with the same weights. */
void oracle_backward(struct oracle_step *o, const struct tensors *w);

#endif
