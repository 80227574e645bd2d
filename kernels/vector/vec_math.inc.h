/* SPDX-License-Identifier: MIT
 *
 * exp, log, pixel conversion and the RMSprop update on one vector, in the vocabulary of vec_*.h. */
#ifndef LB_VEC_MATH_INC_H
#define LB_VEC_MATH_INC_H

#include "parameters.inc.h"

/* exp within 0.76 ulp for every float, the worst result a subnormal one (AVX-512, all 2^32). x = n ln2 + r
 * with |r| <= ln2 / 2; ln2 in two parts so that n * hi is exact for |n| < 2^9 and the reduction loses
 * nothing. exp(r) = 1 + (r + r^2 q(r)), q of degree 5 (minimax, relative error of exp(r) 2^-34). 2^n is
 * applied in two factors, so that results in the subnormal range are rounded once; n is clamped to where the
 * result is 0 or infinite anyway. */
static inline vf vf_exp(vf x)
{
    const vf clamped = vf_max(vf_set1(-110.0f), vf_min(vf_set1(90.0f), x));
    const vf n = vf_round(vf_mul(clamped, vf_set1(0x1.715476p+0f)));
    const vf r_high = vf_fnma(n, vf_set1(0x1.62e400p-1f), clamped);
    const vf r = vf_fnma(n, vf_set1(0x1.7f7d1cp-20f), r_high);
    const vf r_low = vf_fnma(n, vf_set1(0x1.7f7d1cp-20f), vf_sub(r_high, r)); /* what rounding r lost */
    vf q = vf_set1(0x1.9f02d2p-13f);
    q = vf_fma(q, r, vf_set1(0x1.6d945ep-10f));
    q = vf_fma(q, r, vf_set1(0x1.111280p-7f));
    q = vf_fma(q, r, vf_set1(0x1.555486p-5f));
    q = vf_fma(q, r, vf_set1(0x1.555554p-3f));
    q = vf_fma(q, r, vf_set1(0.5f));
    const vf tail = vf_fma(vf_mul(r, r), q, r_low);
    const vf sum = vf_add(vf_set1(1.0f), r);
    const vf lost = vf_add(vf_sub(vf_set1(1.0f), sum), r); /* exact: 1 >= |r| */
    const vf e = vf_add(sum, vf_add(lost, tail));
    const vi whole = vi_from_vf(n);
    const vi half = vi_sar(whole, 1);
    const vi bias = vi_set1(127);
    const vf scale1 = vf_bits(vi_shl23(vi_add(half, bias)));
    const vf scale2 = vf_bits(vi_shl23(vi_add(vi_sub(whole, half), bias)));
    return vf_select(vm_nan(x), vf_add(x, x), vf_mul(vf_mul(e, scale1), scale2));
}

/* exp as above, but 0 where that is subnormal: softmax_xent allows it, and a vector with a subnormal number
 * costs Intel's cores 35 ns wherever it goes. Granite Rapids, 2 threads, avx512's training step, epochs 41 to
 * 49 of MNIST: softmax_xent 6.8 -> 2.1 ms, backward2 38 -> 6 ms, backward1 157 -> 138 ms. */
static inline vf vf_exp_normal(vf x)
{
    const vf least = vf_set1(-0x1.5d589ep+6f); /* the last one whose exponential is at least 2^-126 */
    return vf_select(vm_lt(x, least), vf_zero(), vf_exp(vf_max(least, x)));
}

/* log within 0.84 ulp for every float (AVX-512, all 2^32). x = 2^e m with sqrt(1/2) <= m < sqrt(2), f = m - 1
 * exact; log(1 + f) = f - f^2/2 + f^3 p(f), p of degree 8 (minimax, relative error 2^-30). Subnormals are
 * scaled up by 2^23 first. */
static inline vf vf_log(vf x)
{
    const vm tiny = vm_lt(x, vf_set1(0x1p-126f));
    const vf scaled = vf_select(tiny, vf_mul(x, vf_set1(0x1p23f)), x);
    const vf lift = vf_keep(tiny, vf_set1(-23.0f));
    /* adding 1 - sqrt(1/2) in the bits moves the split of the binades to sqrt(1/2) */
    const vi bits = vi_add(vi_bits(scaled), vi_set1(0x3f800000 - 0x3f3504f3));
    const vf e = vf_add(vf_from_vi(vi_sub(vi_sar(bits, 23), vi_set1(127))), lift);
    const vf m = vf_bits(vi_add(vi_and(bits, vi_set1(0x007fffff)), vi_set1(0x3f3504f3)));
    const vf f = vf_sub(m, vf_set1(1.0f));
    vf p = vf_set1(0x1.14576cp-4f);
    p = vf_fma(p, f, vf_set1(-0x1.de3c4ap-4f));
    p = vf_fma(p, f, vf_set1(0x1.e6f0a4p-4f));
    p = vf_fma(p, f, vf_set1(-0x1.fc2204p-4f));
    p = vf_fma(p, f, vf_set1(0x1.233764p-3f));
    p = vf_fma(p, f, vf_set1(-0x1.555c4ep-3f));
    p = vf_fma(p, f, vf_set1(0x1.99a4b6p-3f));
    p = vf_fma(p, f, vf_set1(-0x1.000006p-2f));
    p = vf_fma(p, f, vf_set1(0x1.555548p-2f));
    const vf f2 = vf_mul(f, f);
    vf tail = vf_mul(vf_mul(f2, f), p);
    tail = vf_fma(e, vf_set1(-0x1.05c610p-29f), tail);
    tail = vf_fnma(vf_set1(0.5f), f2, tail);
    const vf sum = vf_fma(e, vf_set1(0x1.62e430p-1f), vf_add(f, tail));
    const vf inf = vf_set1(__builtin_inff());
    vf y = vf_select(vm_eq(x, inf), inf, sum);
    y = vf_select(vm_eq(x, vf_zero()), vf_set1(-__builtin_inff()), y);
    y = vf_select(vm_lt(x, vf_zero()), vf_set1(__builtin_nanf("")), y);
    return vf_select(vm_nan(x), vf_add(x, x), y);
}

/* x / 255 for x in 0..255, correctly rounded: the reciprocal in two parts (checked for all 256 values by the
 * proof). */
static inline vf vf_pixel(vf x)
{
    const float high = 1.0f / 255.0f, low = -0x1.fdfdfep-33f; /* 1/255 - high */
    return vf_fma(x, vf_set1(high), vf_mul(x, vf_set1(low)));
}

struct rmsprop_constants {
    vf lr, rho, one_minus_rho, epsilon, v_floor;
};

/* v_floor: the square root of a subnormal number takes AMD's divider more than twice as long, and v of a
 * rarely active pixel decays into that range. From epsilon >= 2^-38 on, sqrt(v) + epsilon has the same bits
 * for every v up to 2^-126, because sqrt(2^-126) = 2^-63 is below half an ulp of epsilon (2^-62): so the root
 * may be taken of max(v, 2^-126). For a smaller epsilon the floor is 0 and changes nothing. */
static inline struct rmsprop_constants rmsprop_constants(float lr, float rho, float epsilon)
{
    return (struct rmsprop_constants){
        .lr = vf_set1(lr),
        .rho = vf_set1(rho),
        .one_minus_rho = vf_set1(1.0f - rho),
        .epsilon = vf_set1(epsilon),
        .v_floor = vf_set1(epsilon >= 0x1p-38f ? 0x1p-126f : 0.0f),
    };
}

/* rho x for 0 <= rho <= 1, correctly rounded, also where it is subnormal, without a multiplication that sees
 * a subnormal: Intel's cores take 35 ns for each of those, and the v of a rarely active pixel decays into
 * that range within 830 steps and stays there. A subnormal x is a whole number of 2^-149, the one that its
 * bits spell; 2^23 added in the same rounding leaves the product's whole number in the mantissa. */
static inline vf vf_decay(vf rho, vf x)
{
    const vf whole = vf_fma(rho, vf_from_vi(vi_bits(x)), vf_set1(0x1p23f));
    const vf subnormal = vf_bits(vi_and(vi_bits(whole), vi_set1(0x007fffff)));
    return vf_mul_or(vm_subnormal(x), subnormal, rho, x);
}

/* v = rho v + (1 - rho) g^2; returns lr g / (sqrt(v) + epsilon), to be taken from w. Square root and division
 * are the correctly rounded instructions. NaN in v stays: it is the second operand of the maximum. The square
 * of a small g is not rounded by itself: added in one FMA, it cannot be subnormal beside a normal v. */
static inline vf rmsprop_delta(const struct rmsprop_constants *c, vf g, vf *v)
{
    *v = vf_fma(vf_mul(c->one_minus_rho, g), g, vf_decay(c->rho, *v));
    return vf_div(vf_mul(c->lr, g), vf_add(vf_sqrt(vf_max(c->v_floor, *v)), c->epsilon));
}

#endif
