/* SPDX-License-Identifier: MIT
 *
 * Bodies of the loops that stay in registers, included by one file per ISA with its vectors defined:
 * roof_vec, ROOF_LANES, ROOF_SUMS (independent sums), roof_set1(x), roof_multiply_add(a, b, c),
 * roof_divide(a, b), roof_square_root(a), roof_add(a, b) */
#ifndef LB_REGISTER_LOOPS_H
#define LB_REGISTER_LOOPS_H

#include "roof/loops.h"

static double sum_of_lanes(const roof_vec *v)
{
    double total = 0;
    float lanes[ROOF_LANES];
    __builtin_memcpy(lanes, v, sizeof lanes);
    for (int j = 0; j < ROOF_LANES; j++) total += (double)lanes[j];
    return total;
}

/* Sums of a geometric series: every step depends on the one before, nothing overflows, nothing gets
 * subnormal. */
static double multiply_add(long steps)
{
    roof_vec sum[ROOF_SUMS];
    const roof_vec half = roof_set1(0.5f), one = roof_set1(1.0f);
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_SUMS; i++) sum[i] = roof_set1((float)i);
    for (long step = 0; step < steps; step++) {
#pragma GCC unroll 32
        for (int i = 0; i < ROOF_SUMS; i++) sum[i] = roof_multiply_add(sum[i], half, one);
    }
    double total = 0;
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_SUMS; i++) total += sum_of_lanes(&sum[i]);
    return total;
}

/* Chains that hide the divider's latency: 8 of at most 24 cycles, where one vector takes at least 3. */
enum { ROOF_CHAINS = 8 };

/* x = c / x goes back and forth between two values with long mantissas: dividers are quick with short ones.
 */
static double divide(long steps)
{
    roof_vec x[ROOF_CHAINS];
    const roof_vec c = roof_set1(3.1415927f);
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_CHAINS; i++) x[i] = roof_set1(1.1f + 0.01f * (float)i);
    for (long step = 0; step < steps; step++) {
#pragma GCC unroll 32
        for (int i = 0; i < ROOF_CHAINS; i++) x[i] = roof_divide(c, x[i]);
    }
    double total = 0;
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_CHAINS; i++) total += sum_of_lanes(&x[i]);
    return total;
}

/* x = sqrt(x + c) stays near a fixed point with a long mantissa; the addition has a pipe of its own. */
static double square_root(long steps)
{
    roof_vec x[ROOF_CHAINS];
    const roof_vec c = roof_set1(7.3f);
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_CHAINS; i++) x[i] = roof_set1(1.1f + 0.01f * (float)i);
    for (long step = 0; step < steps; step++) {
#pragma GCC unroll 32
        for (int i = 0; i < ROOF_CHAINS; i++) x[i] = roof_square_root(roof_add(x[i], c));
    }
    double total = 0;
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_CHAINS; i++) total += sum_of_lanes(&x[i]);
    return total;
}

#endif
