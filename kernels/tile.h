/* SPDX-License-Identifier: MIT
 *
 * The register tile: the one place where multiply-adds of matrix products happen. Everything else only
 * decides which tile comes next and what to do with the sums. */
#ifndef LB_TILE_H
#define LB_TILE_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Widest tile: TILE_ROWS x TILE_VECS accumulators, chosen per ISA before this file is included so that
 * accumulators, TILE_VECS vectors of b and a broadcast fit the registers. */
typedef struct {
    vf at[TILE_ROWS][TILE_VECS];
} tile;

/* With copy != NULL (a literal where it is not), the vectors of b are also written there, vecs * VL floats a
 * step: packing for free, in the shadow of the FMAs.
 *
 * sum[r][v] += sum over p < k of a[r * a_row + p * a_k] * b[p * ldb + v * VL ...], in the order of p, one FMA
 * each. rows and vecs must be literals, so that the loops unroll and the sums stay in registers. */
ALWAYS_INLINE void tile_multiply(tile *sum, int rows, int vecs, int k, const float *a, size_t a_row,
                                 size_t a_k, const float *b, size_t ldb, float *copy)
{
#pragma GCC unroll 4
    for (int p = 0; p < k; p++) {
        vf bv[TILE_VECS];
#pragma GCC unroll 4
        for (int v = 0; v < vecs; v++) bv[v] = vf_load(b + v * VL);
        if (copy) {
            for (int v = 0; v < vecs; v++) vf_store(copy + v * VL, bv[v]);
            copy += vecs * VL;
        }
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            const vf ar = vf_set1(a[(size_t)r * a_row]);
#pragma GCC unroll 4
            for (int v = 0; v < vecs; v++) sum->at[r][v] = vf_fma(ar, bv[v], sum->at[r][v]);
        }
        a += a_k;
        b += ldb;
    }
}

ALWAYS_INLINE void tile_zero(tile *sum, int rows, int vecs)
{
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vecs; v++) sum->at[r][v] = vf_zero();
}

#endif
