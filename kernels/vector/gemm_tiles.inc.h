/* SPDX-License-Identifier: MIT
 *
 * The register tiles of level 1: one function for every height and width that the ISA's file lists. */
#ifndef LB_GEMM_TILES_INC_H
#define LB_GEMM_TILES_INC_H

#include "gemm_cut.inc.h"
#include "pack.inc.h"
#include "tile.inc.h"

/* What a tile of C is made from. b: width floats a row where it is read in place, vecs * VL where packed. */
struct gemm_tile {
    int k, width; /* width: columns of C, from (vecs - 1) * VL + 1 to vecs * VL; fewer for a padded panel */
    struct view a;
    const float *b;
    size_t ldb;
    float *copy;        /* where b is packed to on the way, or NULL */
    const float *ahead; /* what to prefetch, see tile_multiply; NULL only where copy is */
    size_t ld_ahead;
    float alpha, beta;
    float *c;
    size_t ldc;
};

/* C tile = alpha * sum + beta * C. beta == 0 does not read C; alpha == 1, the usual case, is not multiplied
 * with: where k is small, that would be a tenth of all the work. */
ALWAYS_INLINE void write_tile(const tile *sum, int rows, int vecs, const struct gemm_tile *t)
{
    const vf alpha = vf_set1(t->alpha), beta = vf_set1(t->beta);
    if (t->alpha == 1.0f && t->beta == 0.0f) {
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
            for (int v = 0; v < vecs; v++) vf_store(t->c + (size_t)r * t->ldc + v * VL, sum->at[r][v]);
        return;
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) {
            float *to = t->c + (size_t)r * t->ldc + v * VL;
            const vf product = vf_mul(alpha, sum->at[r][v]);
            vf_store(to, t->beta == 0.0f ? product : vf_fma(beta, vf_load(to), product));
        }
}

/* The same where the last columns of the tile lie outside C. */
ALWAYS_INLINE void write_narrow_tile(const tile *sum, int rows, int vecs, const struct gemm_tile *t)
{
    const vf alpha = vf_set1(t->alpha), beta = vf_set1(t->beta);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) {
            float *to = t->c + (size_t)r * t->ldc + v * VL;
            const int lanes = t->width - v * VL;
            if (lanes <= 0) continue;
            const vf product = vf_mul(alpha, sum->at[r][v]);
            vf_store_first(to, lanes < VL ? lanes : VL,
                           t->beta == 0.0f
                               ? product
                               : vf_fma(beta, vf_load_first(to, lanes < VL ? lanes : VL), product));
        }
}

/* Least k at which prefetching C pays: with less, it arrives too late to be worth the loads. 2048 square, kc
 * 256, one thread of Granite Rapids: 125 -> 157 GFLOP/s. */
enum { DEEP_K = 64 };

ALWAYS_INLINE void prefetch_c(int rows, int vecs, const struct gemm_tile *t)
{
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++)
            _mm_prefetch((const char *)(t->c + (size_t)r * t->ldc + v * VL), _MM_HINT_T0);
}

/* A literal row stride of 1 (a packed, or read from its transpose) leaves the compiler constant offsets. */
ALWAYS_INLINE void gemm_tile_multiply(tile *sum, int rows, int vecs, const struct gemm_tile *t, float *copy,
                                      const float *ahead)
{
    if (t->a.row == 1)
        tile_multiply(sum, rows, vecs, t->k, t->a.data, 1, t->a.col, t->b, t->ldb, copy, ahead, t->ld_ahead);
    else
        tile_multiply(sum, rows, vecs, t->k, t->a.data, t->a.row, t->a.col, t->b, t->ldb, copy, ahead,
                      t->ld_ahead);
}

ALWAYS_INLINE void gemm_tile(int rows, int vecs, const struct gemm_tile *t)
{
    tile sum;
    tile_zero(&sum, rows, vecs);
    if (t->k >= DEEP_K) prefetch_c(rows, vecs, t);
    if (!t->ahead)
        gemm_tile_multiply(&sum, rows, vecs, t, NULL, NULL);
    else if (t->copy)
        gemm_tile_multiply(&sum, rows, vecs, t, t->copy, t->ahead);
    else
        gemm_tile_multiply(&sum, rows, vecs, t, NULL, t->ahead);
    if (t->width == vecs * VL)
        write_tile(&sum, rows, vecs, t);
    else
        write_narrow_tile(&sum, rows, vecs, t);
}

/* X(v, rows) for every height of a width. */
#define UP_TO_1_ROWS(X, v)  X(v, 1)
#define UP_TO_2_ROWS(X, v)  UP_TO_1_ROWS(X, v) X(v, 2)
#define UP_TO_4_ROWS(X, v)  UP_TO_2_ROWS(X, v) X(v, 3) X(v, 4)
#define UP_TO_6_ROWS(X, v)  UP_TO_4_ROWS(X, v) X(v, 5) X(v, 6)
#define UP_TO_8_ROWS(X, v)  UP_TO_6_ROWS(X, v) X(v, 7) X(v, 8)
#define UP_TO_12_ROWS(X, v) UP_TO_8_ROWS(X, v) X(v, 9) X(v, 10) X(v, 11) X(v, 12)
#define UP_TO_14_ROWS(X, v) UP_TO_12_ROWS(X, v) X(v, 13) X(v, 14)
#define UP_TO_16_ROWS(X, v) UP_TO_14_ROWS(X, v) X(v, 15) X(v, 16)

#define GEMM_TILE(vecs, rows)                                                                                \
    static __attribute__((noinline)) void gemm_tile_##rows##x##vecs(const struct gemm_tile *t)               \
    {                                                                                                        \
        gemm_tile(rows, vecs, t);                                                                            \
    }
#define GEMM_WIDTH(vecs, most) UP_TO_##most##_ROWS(GEMM_TILE, vecs)
FOR_EACH_GEMM_WIDTH(GEMM_WIDTH)
#undef GEMM_WIDTH
#undef GEMM_TILE

typedef void gemm_tile_fn(const struct gemm_tile *t);

static gemm_tile_fn *const gemm_tiles[MAX_TILE_VECS + 1][MAX_TILE_ROWS + 1] = {
#define GEMM_TILE(vecs, rows)  [vecs][rows] = gemm_tile_##rows##x##vecs,
#define GEMM_WIDTH(vecs, most) UP_TO_##most##_ROWS(GEMM_TILE, vecs)
    FOR_EACH_GEMM_WIDTH(GEMM_WIDTH)
#undef GEMM_WIDTH
#undef GEMM_TILE
};

#endif
