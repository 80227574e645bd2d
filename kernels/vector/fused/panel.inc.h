/* SPDX-License-Identifier: MIT
 *
 * The fused step's products: a tile of sums over vectors that lie apart, each with a k of its own. */
#ifndef LB_FUSED_PANEL_INC_H
#define LB_FUSED_PANEL_INC_H

#include "../tile.inc.h"

/* sum[r][v] += sum over p < k of a[r * a_row + p * a_k] * b[v * b_vec + p * b_k ...], in the order of p, one
 * FMA each. rows and vecs must be literals, so that the loops unroll and the sums stay in registers.
 *
 * Unrolled by more than 4, GCC would find a step of the larger tiles too long and not unroll at all. It must
 * not know where the pointers come from: else it ends the loop by comparing addresses, and counts at every
 * entry how many turns are left over. */
ALWAYS_INLINE void panel_multiply(tile *sum, int rows, int vecs, int k, const float *a, size_t a_row,
                                  size_t a_k, const float *b, size_t b_vec, size_t b_k)
{
    __asm__("" : "+r"(a), "+r"(b));
#pragma GCC unroll 4
    for (int p = 0; p < k; p++, a += a_k, b += b_k) {
        vf bv[MAX_PANEL_VECS];
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) bv[v] = vf_load(b + (size_t)v * b_vec);
        tile_step_high(sum, rows, vecs, a, a_row, bv);
    }
}

#endif
