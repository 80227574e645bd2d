/* SPDX-License-Identifier: MIT */
#include "proof/bounds.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double u = BOUND_UNIT;

double bound_gamma(double n)
{
    return n * u / (1.0 - n * u) * (1.0 + 0x1p-20);
}

/* Whatever the order of summation, a term passes at most k additions (k products and the beta term are k + 1
 * leaves of a binary tree), one product and one multiplication by alpha: k + 2 roundings. The beta term
 * passes one product and at most k additions. FMA and blocking over k only remove or regroup roundings. A
 * rounding that underflows errs by at most 2^-150 instead; there are k + 2 of them per element and alpha or
 * beta may magnify each. Where all terms are zero there is nothing to round, and without a product only beta
 * C0 remains. */
double bound_gemm(int k, float alpha, float beta, double gauge)
{
    if (gauge == 0.0) return BOUND_EXACT;
    if (k == 0 || alpha == 0.0f) {
        return fabsf(beta) == 1.0f ? BOUND_EXACT : bound_gamma(1) * gauge + BOUND_TINY;
    }
    const double magnified = fmax(1.0, fmax(fabs((double)alpha), fabs((double)beta)));
    return bound_gamma(k + 2.0) * gauge + (k + 2.0) * magnified * BOUND_TINY;
}

double bound_bias_act(double z)
{
    return bound_gamma(1) * fabs(z); /* float addition never underflows with an error */
}

/* m floats: m - 1 additions, one more when the sum starts in a register that held another partial sum. */
double bound_bias_grad(int m, double gauge)
{
    return bound_gamma(m) * gauge;
}

/* Of the number of classes, and the same 5 up to 148 of them. */
static double log_classes(int n)
{
    return fmax(5.0, log(n));
}

/* p = e / s with e = exp(x - max), s = sum of e. In units of u: the shift is rounded once, which exp
 * magnifies to |shift|; exp errs by one ulp, at most 2. The terms of s carry the same, 2 and a mean of
 * |shift| weighted with p, which is at most log n; s has n - 1 additions. Division 1, or reciprocal and
 * product 2. Together 2 + |shift| + 2 + log n + (n - 1) + 2, with at least 5 for log n: 20 + |shift| for ten
 * classes. exp may flush a subnormal result inside softmax: s >= 1 cannot see it, p then errs by less than
 * 2^-126. Where p is 0 in double, exp is 0 in float, however large the shift. */
double bound_probability(int n, double p, double shift)
{
    if (p == 0.0) return BOUND_MIN_FLOAT;
    return bound_gamma(n + 5.0 + log_classes(n) + shift) * p + BOUND_MIN_FLOAT;
}

/* Roundings: the subtraction of y, the product, and the scale itself. */
double bound_logit_gradient(double delta, double p_error, double scale)
{
    return fabs(scale) * (p_error + bound_gamma(3) * (delta + p_error)) + BOUND_TINY;
}

/* s as in bound_probability: relative (n - 1) + 2 + log n, absolute in log s; log errs by one ulp, 2
 * u of its value; x[label] - max is rounded once, the last subtraction once. */
double bound_loss(int n, double log_sum, double shift, double loss)
{
    return bound_gamma(n + 1.0 + log_classes(n)) + bound_gamma(2) * fabs(log_sum) +
           bound_gamma(1) * (shift + fabs(loss)) + n * BOUND_MIN_FLOAT;
}

/* The p are the same computed e over the same computed s: only the n - 1 additions of s and the 1 or 2
 * roundings of each division remain: n + 1, rounded up to the customary 12 for ten classes. */
double bound_probability_sum(int n)
{
    return bound_gamma(n + 2.0) + n * BOUND_MIN_FLOAT;
}

/* As before, plus two roundings of each element; the absolute values of a row p - y sum to at most 2. */
double bound_gradient_sum(int n, double scale)
{
    return fabs(scale) * (bound_probability_sum(n) + 2.0 * bound_gamma(2)) + n * BOUND_TINY;
}

/* The power of two at or below a: its significand cleared. By bits, since this is asked for every float there
 * is. */
static double power_of_two_below(double a)
{
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits &= 0xfff0000000000000u;
    memcpy(&a, &bits, sizeof a);
    return a;
}

double bound_ulp(double y)
{
    const double a = fabs(y);
    if (!(a >= BOUND_MIN_FLOAT)) return BOUND_TINY;
    return power_of_two_below(a) * 0x1p-23;
}

/* The double reference is good to 2^-53 relative, that is 2^-29 ulp. */
double bound_one_ulp(double y)
{
    return bound_ulp(y) * (1.0 + 0x1p-28);
}

/* v' = rho v + (1 - rho) g g has terms >= 0 and at most 3 roundings on a path (two products and the sum), so
 * its relative error is gamma(3); each of its three products may underflow. v' grows with |g|. */
struct allowance bound_rmsprop_v(const struct rmsprop_constants *c, double v, double g, double g_error)
{
    const double least = fmax(0.0, fabs(g) - g_error), most = fabs(g) + g_error;
    const double truth = oracle_rmsprop_v(c, g, v);
    const double low = oracle_rmsprop_v(c, least, v), high = oracle_rmsprop_v(c, most, v);
    return (struct allowance){truth - low + bound_gamma(3) * low + 2.0 * BOUND_TINY,
                              high - truth + bound_gamma(3) * high + 2.0 * BOUND_TINY};
}

/* Rounding error of w - lr g / (sqrt(v') + epsilon) for an exact g. Relative to the update, in u: 1.5 from v'
 * through the root, 1 each for root, sum, division and lr g: 5.5, rounded up to 6. Underflow in v' moves the
 * root by at most sqrt(2^-148); in lr g or the quotient by 2^-150 each. The last subtraction is rounded once.
 */
static double update_rounding(const struct rmsprop_constants *c, double v, double w, double g)
{
    const double denominator = sqrt(oracle_rmsprop_v(c, g, v)) + c->epsilon;
    const double w_new = oracle_rmsprop_w(c, g, v, w);
    const double update = fabs(w - w_new);
    return (bound_gamma(6) + 0x1p-74 / denominator) * update + BOUND_TINY / denominator + BOUND_TINY +
           bound_gamma(1) * fabs(w_new);
}

/* g / (sqrt(a + b g g) + epsilon) grows with g for a, b, epsilon >= 0: its derivative has the sign of
 * sqrt(s) + epsilon - b g g / sqrt(s) with s = a + b g g >= b g g. So w' lies between the updates at both
 * ends of the gradient's interval. */
struct allowance bound_rmsprop_w(const struct rmsprop_constants *c, double v, double w, double g,
                                 double g_error)
{
    const double truth = oracle_rmsprop_w(c, g, v, w);
    if (g_error == 0.0) {
        const double rounding = g == 0.0 ? BOUND_EXACT : update_rounding(c, v, w, g);
        return (struct allowance){rounding, rounding};
    }
    const double low = oracle_rmsprop_w(c, g + g_error, v, w), high = oracle_rmsprop_w(c, g - g_error, v, w);
    return (struct allowance){truth - low + update_rounding(c, v, w, g + g_error),
                              high - truth + update_rounding(c, v, w, g - g_error)};
}

/* v' grows with v, and so do its bounds. */
struct range bound_rmsprop_v_range(const struct rmsprop_constants *c, struct range v, double g,
                                   double g_error)
{
    const double low = oracle_rmsprop_v(c, g, v.low) - bound_rmsprop_v(c, v.low, g, g_error).below;
    return (struct range){fmax(0.0, low),
                          oracle_rmsprop_v(c, g, v.high) + bound_rmsprop_v(c, v.high, g, g_error).above};
}

/* For each g the update shrinks as v grows, and its roundings with it: w' lies between the bounds at both
 * ends of v. */
struct range bound_rmsprop_w_range(const struct rmsprop_constants *c, struct range v, struct range w,
                                   double g, double g_error)
{
    const double ends[2] = {v.low, v.high};
    struct range after = {INFINITY, -INFINITY};
    for (int i = 0; i < 2; i++) {
        const double low =
            oracle_rmsprop_w(c, g, ends[i], w.low) - bound_rmsprop_w(c, ends[i], w.low, g, g_error).below;
        const double high =
            oracle_rmsprop_w(c, g, ends[i], w.high) + bound_rmsprop_w(c, ends[i], w.high, g, g_error).above;
        after.low = fmin(after.low, low);
        after.high = fmax(after.high, high);
    }
    return after;
}

/* The last subtraction is rounded to nearest, and the floats next to w are half an ulp of w away or more: so
 * w stays while less than a quarter is taken from it. The update is largest for the largest gradient and the
 * least v; its roundings, and the underflow of v' beside epsilon (2^-74 / 2^-24), are far below one part in
 * a thousand. */
bool bound_rmsprop_stays(const struct rmsprop_constants *c, struct range v, double w, double g,
                         double g_error)
{
    const double most = fabs(g) + g_error;
    const double update = fabs(oracle_rmsprop_w(c, most, v.low, 0.0)) + BOUND_TINY;
    return w != 0.0 && update * (1.0 + 0x1p-10) < bound_ulp(w) / 4.0;
}

/* v' is known, so the root, the sum and the division give 3 roundings (lr g is exact; a fourth for backends
 * that divide first and scale later is exact too). The last subtraction errs by u |w'|, seen through the same
 * factor. */
double bound_readback(const struct rmsprop_constants *c, double g, double g_error, double v_new, double w_new)
{
    const double factor = (sqrt(v_new) + c->epsilon) / c->lr;
    return g_error + bound_gamma(3) * (fabs(g) + g_error) + bound_gamma(1) * fabs(w_new) * factor +
           BOUND_TINY * factor;
}
