/* SPDX-License-Identifier: MIT
 *
 * THE ORACLE of level 1: the truth of every op in double, with the gauges that the bounds need. It never
 * calls a backend and is built without vector flags. Products of two floats are exact in double. */
#ifndef LB_ORACLE_H
#define LB_ORACLE_H

#include <stdint.h>

#include "backend.h"

enum { ORACLE_MAX_CLASSES = 1100 };

/* value and gauge (|alpha| |A| |B| + |beta| |C0|), dense m x n. c holds C0, read only when beta != 0; a and b
 * are read only when alpha != 0 and k > 0. */
void oracle_gemm(enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, const float *c, int ldc, double *value,
                 double *gauge);

/* A pixel, as the float nearest to pixel / 255. */
double oracle_gather(uint8_t pixel);

/* act(x + bias); NaN stays NaN; infinite where the sum rounds beyond the largest float. */
double oracle_bias_act(float x, float bias, enum activation act);

/* d where y > 0, else 0. */
double oracle_relu_grad(float y, float d);

/* value[j] and gauge[j]: sums over i of d[i][j] and of its absolute value. */
void oracle_bias_grad(int m, int n, const float *d, int ldd, double *value, double *gauge);

/* Softmax and cross-entropy of one row of n <= ORACLE_MAX_CLASSES logits. */
struct oracle_softmax {
    double p[ORACLE_MAX_CLASSES];     /* probabilities */
    double rest[ORACLE_MAX_CLASSES];  /* 1 - p, without cancellation */
    double shift[ORACLE_MAX_CLASSES]; /* max - logit, >= 0 */
    double log_sum;                   /* log of the sum of exp(-shift) */
    double loss;                      /* -log p[label] */
};
void oracle_softmax_xent(int n, const double *logits, int label, struct oracle_softmax *s);

/* RMSprop's constants as the contract defines them: floats, 1 - rho computed in float. */
struct rmsprop_constants {
    double lr, rho, one_minus_rho, epsilon;
};
struct rmsprop_constants rmsprop_constants(float lr, float rho, float epsilon);

/* RMSprop of one element: the new v, and the new w, for gradient g. */
double oracle_rmsprop_v(const struct rmsprop_constants *c, double g, double v);
double oracle_rmsprop_w(const struct rmsprop_constants *c, double g, double v, double w);
void oracle_rmsprop(const struct rmsprop_constants *c, double g, double *v, double *w);

/* The floats that the contract names, for operands that leave nothing to round in v, lr g and epsilon's sum:
 * the root, the division and the last subtraction are each correctly rounded. */
void oracle_rmsprop_rounded(const struct rmsprop_constants *c, double g, double *v, double *w);

/* Infinite where the true value rounds beyond the largest float under any rounding. */
double oracle_vexp(float x);
double oracle_vlog(float x);

#endif
