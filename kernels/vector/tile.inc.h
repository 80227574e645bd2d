/* SPDX-License-Identifier: MIT
 *
 * The register tile: the one place where multiply-adds of matrix products happen. Everything else only
 * decides which tile comes next and what to do with the sums. */
#ifndef LB_TILE_INC_H
#define LB_TILE_INC_H

#include "parameters.inc.h"

/* rows x vecs sums. The ISA's file lists the shapes that are used, chosen so that the sums, the vectors of
 * the shorter side and one more fit the registers. */
typedef struct {
    vf at[MAX_TILE_ROWS][MAX_TILE_VECS];
} tile;

/* One step of k of a tile that is at least as high as wide: vectors of b stay in registers, a is broadcast
 * once for a whole row of sums. */
ALWAYS_INLINE void tile_step_high(tile *sum, int rows, int vecs, const float *a, size_t a_row, const vf *bv)
{
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
        const vf ar = vf_set1(a[(size_t)r * a_row]);
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) sum->at[r][v] = vf_fma(ar, bv[v], sum->at[r][v]);
    }
}

/* The same for a tile wider than high: broadcasts of a stay in registers, each vector of b is used at once.
 */
ALWAYS_INLINE void tile_step_wide(tile *sum, int rows, int vecs, const float *a, size_t a_row, const float *b,
                                  float *copy)
{
    vf ar[MAX_TILE_ROWS];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) ar[r] = vf_set1(a[(size_t)r * a_row]);
#pragma GCC unroll 8
    for (int v = 0; v < vecs; v++) {
        const vf bv = vf_load(b + v * VL);
        if (copy) vf_store(copy + v * VL, bv);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) sum->at[r][v] = vf_fma(ar[r], bv, sum->at[r][v]);
    }
}

/* One step of k. With copy != NULL (a literal where it is not), the vectors of b are also written there:
 * packing costs nothing, because the FMAs hide it. */
ALWAYS_INLINE void tile_step(tile *sum, int rows, int vecs, const float *a, size_t a_row, const float *b,
                             float *copy)
{
    if (rows < vecs) {
        tile_step_wide(sum, rows, vecs, a, a_row, b, copy);
        return;
    }
    vf bv[MAX_TILE_VECS];
#pragma GCC unroll 8
    for (int v = 0; v < vecs; v++) bv[v] = vf_load(b + v * VL);
    if (copy) {
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) vf_store(copy + v * VL, bv[v]);
    }
    tile_step_high(sum, rows, vecs, a, a_row, bv);
}

/* sum[r][v] += sum over p < k of a[r * a_row + p * a_k] * b[p * ldb + v * VL ...], in the order of p, one FMA
 * each. rows and vecs must be literals, so that the loops unroll and the sums stay in registers. copy as for
 * tile_step, vecs * VL floats a step. With ahead != NULL (a literal where it is not), each step also
 * prefetches a line into L2: that of ahead[p * ld_ahead].
 *
 * Unrolled by more than 4, GCC would find a step of the larger tiles too long and not unroll at all. */
ALWAYS_INLINE void tile_multiply(tile *sum, int rows, int vecs, int k, const float *a, size_t a_row,
                                 size_t a_k, const float *b, size_t ldb, float *copy, const float *ahead,
                                 size_t ld_ahead)
{
#pragma GCC unroll 4
    for (int p = 0; p < k; p++) {
        if (ahead) {
            _mm_prefetch((const char *)ahead, _MM_HINT_T1);
            ahead += ld_ahead;
        }
        tile_step(sum, rows, vecs, a, a_row, b, copy);
        if (copy) copy += vecs * VL;
        a += a_k;
        b += ldb;
    }
}

ALWAYS_INLINE void tile_zero(tile *sum, int rows, int vecs)
{
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) sum->at[r][v] = vf_zero();
}

#endif
