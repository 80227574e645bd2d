/* SPDX-License-Identifier: MIT
 *
 * The network's parameters and their start values. */
#ifndef LB_NETWORK_H
#define LB_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "backend.h"

/* Sizes of the network inputs-hidden-classes. */
struct shape {
    int inputs, hidden, classes;
};

/* Allocates parameters and optimizer state in one block, zeroed; NULL members when out of memory (check
 * m->w.w1). Free with network_free. */
void network_alloc(struct model *m, const struct shape *s);
void network_free(struct model *m);

/* Glorot-uniform weights (limit sqrt(6 / (fan_in + fan_out))), zero biases, zero optimizer state, as Keras'
 * Dense layers start. */
void network_init(struct model *m, const struct shape *s, uint64_t seed);

void network_copy(struct model *to, const struct model *from, const struct shape *s);

/* The four tensors in turn, for code that treats them alike. */
enum { TENSOR_W1, TENSOR_B1, TENSOR_W2, TENSOR_B2, TENSOR_COUNT };
float *tensor_data(const struct tensors *t, int which);
size_t tensor_count(const struct shape *s, int which);
const char *tensor_name(int which); /* "w1", "b1", "w2", "b2" */

/* Floating-point operations of the matrix products of one training step on `rows` images, a multiply-add
 * counted as two (the gradient with respect to the images is not needed and not counted). */
double network_train_flop(const struct shape *s, double rows);

#endif
