/* SPDX-License-Identifier: MIT
 *
 * The least work of an op of the training step, or a phase of a fused one, besides its multiply-adds: bytes
 * to move, and divisions. */
#ifndef LB_OP_WORK_H
#define LB_OP_WORK_H

#include "train/trainer.h"

/* Of all calls in an epoch, but for working_set. */
struct op_work {
    double bytes;       /* each operand of each call read or written once */
    double updates;     /* elements that RMSprop updates: a division and a square root each */
    double working_set; /* bytes of distinct operands of the largest call, at a whole batch */
};

/* How much was trained. */
struct op_load {
    struct shape shape;
    int batch;
    double steps, samples;
    bool skips; /* the step skips products with zero pixels */
};

/* Whether the step that has these lines updates its weights inside its backward products: a fused step all of
 * whose phases are known by name, and that has none for the update. */
bool op_updates_in_products(const char *const *names, int count);

/* The work of a line of ops.csv. False for a name that does not tell it, such as "step" or "barrier", and for
 * what works with the pixels in a step that skips: there the data decide it.
 * Biases are not counted with products. updates: op_updates_in_products() of the whole step; the gradient
 * then never reaches memory, the weight and its mean square are read and written instead. */
bool op_work_of(struct op_work *w, const char *name, bool updates, const struct op_load *load);

#endif
