/* SPDX-License-Identifier: MIT
 *
 * The body of the peak measurement, included by one file per ISA with its vectors defined:
 *   roof_vec, ROOF_LANES, ROOF_SUMS (independent sums), roof_set1(x), roof_multiply_add(a, b, c) */
#ifndef LB_FMA_LOOP_H
#define LB_FMA_LOOP_H

#include "roof/fma.h"

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
    for (int i = 0; i < ROOF_SUMS; i++) {
        float lanes[ROOF_LANES];
        __builtin_memcpy(lanes, &sum[i], sizeof lanes);
        for (int j = 0; j < ROOF_LANES; j++) total += (double)lanes[j];
    }
    return total; /* used by the caller, so that nothing is optimised away */
}

#endif
