/* SPDX-License-Identifier: MIT
 *
 * THE ONE FILE OF TOLERANCES. Every bound is derived from the number of float roundings that the contract
 * allows; none is tuned. u = 2^-24 is the unit roundoff of float, gamma(n) = n u / (1 - n u) bounds the
 * product of n factors (1 + d), |d| <= u (Higham, Accuracy and Stability of Numerical Algorithms, ch. 3). A
 * bound of 0 means: equal. */
#ifndef LB_BOUNDS_H
#define LB_BOUNDS_H

#include <stdbool.h>

#include "proof/oracle.h"

/* Unit roundoff and least positive value of float; the least normal one. */
#define BOUND_UNIT      0x1p-24
#define BOUND_TINY      0x1p-149
#define BOUND_MIN_FLOAT 0x1p-126

/* Ops without a rounding of their own (gather is correctly rounded, relu_grad selects) must be equal to the
 * truth. */
#define BOUND_EXACT 0.0

/* The one figure here that is not derived: how far the mean loss of a batch may be from the oracle's when
 * both train on their own from the same start, over the first steps. RMSprop turns a gradient of rounding
 * size into a whole step of either sign, so roundings give no useful bound; a wrong update exceeds this
 * figure within a few steps. */
#define BOUND_FREE_RUNNING 1e-3

/* How far a result may lie below and above the truth; both >= 0. */
struct allowance {
    double below, above;
};

/* Relative error of n roundings in a row. The factor 1 + 2^-20 covers the oracle's own error: the oracle does
 * the same operations with roundings of 2^-53, so its error is at most 2^-29 of the same bound. */
double bound_gamma(double n);

/* One element of C = alpha op(A) op(B) + beta C0, gauge = |alpha| |A| |B| + |beta| |C0| at that element.
 * Tight where there is no product: beta C0 is one rounding. */
double bound_gemm(int k, float alpha, float beta, double gauge);

/* act(x + bias), exact sum z: one rounding, so the bound is tight (COMPARE_TIGHT); ReLU never increases an
 * error. */
double bound_bias_act(double z);

/* Sum of m floats whose absolute values sum to gauge. */
double bound_bias_grad(int m, double gauge);

/* Softmax over n classes. p: the true probability, shift = max - x >= 0 of that class. */
double bound_probability(int n, double p, double shift);

/* (p - y) * scale with y 0 or 1, delta = |p - y|, p_error: error of p. scale is itself a rounded 1 / rows. */
double bound_logit_gradient(double delta, double p_error, double scale);

/* log(sum of exp) - x[label], with log_sum = log(sum of exp(x - max)), shift = max - x[label]. */
double bound_loss(int n, double log_sum, double shift, double loss);

/* |sum of the computed probabilities - 1|, and of the gradient's row, whose true sum is 0. */
double bound_probability_sum(int n);
double bound_gradient_sum(int n, double scale);

/* Distance between floats around |y|, not less than that of the subnormals. */
double bound_ulp(double y);

/* exp and log: one ulp of the true value y. */
double bound_one_ulp(double y);

/* One RMSprop update of (v, w) with a gradient known up to g_error: how far the computed v', w' may lie from
 * the truth for g. That of w' is tight: beside the rounding of w - update all others are small. That of v' is
 * tight where g_error exceeds |g|: a gradient of 0 is right there, and leaves rho v. */
struct allowance bound_rmsprop_v(const struct rmsprop_constants *c, double v, double g, double g_error);
struct allowance bound_rmsprop_w(const struct rmsprop_constants *c, double v, double w, double g,
                                 double g_error);

/* The values that an unobserved value may have. */
struct range {
    double low, high;
};

/* The same update where the old v and w are known only up to a range, as they are after steps that nothing
 * has looked at. */
struct range bound_rmsprop_v_range(const struct rmsprop_constants *c, struct range v, double g,
                                   double g_error);
struct range bound_rmsprop_w_range(const struct rmsprop_constants *c, struct range v, struct range w,
                                   double g, double g_error);

/* Whether the update is surely too small to change a w other than 0. epsilon >= 2^-24. */
bool bound_rmsprop_stays(const struct rmsprop_constants *c, struct range v, double w, double g,
                         double g_error);

/* Error of a gradient read back from one update: g = (w - w') (sqrt(v') + epsilon) / lr with lr a power of
 * two. w_new, v_new: what the backend stored. */
double bound_readback(const struct rmsprop_constants *c, double g, double g_error, double v_new,
                      double w_new);

#endif
