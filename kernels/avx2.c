/* SPDX-License-Identifier: MIT
 *
 * AVX2 and FMA: 8 floats a vector, 16 registers.
 *
 * Tile 6 x 2 vectors: 12 sums, 2 vectors of b and one broadcast fill 15 of the 16 registers. A block of 16
 * rows is 6 + 5 + 5: the 10 sums of a 5 x 2 tile cover two FMAs a cycle of latency 4. */
#include "vec_avx2.h"
#include "backend.h"

enum { TILE_ROWS = 6, TILE_VECS = 2, MOST_TILE_ROWS = 12, MOST_TILE_VECS = 8, SHALLOW_VECS = 3 };
#define FOR_EACH_TILE_OF_BLOCK(X) X(6, 0) X(5, 6) X(5, 11)

/* gemm, vectors and most rows: up to 12 sums. One vector wide and 12 high for narrow products, 8 wide for
 * products of one row. */
#define FOR_EACH_GEMM_WIDTH(X) X(1, 12) X(2, 6) X(3, 4) X(4, 2) X(8, 1)

/* One thread of Granite Rapids, GFLOP/s, kc 1024 -> 512 with mc 96 -> 256: 128x512x784 97 -> 102, 16x512x784
 * 83 -> 94; 2048 square 107 with both.
 * A macro, for it also initialises the backend below. */
#define GEMM_DEFAULT                                                                                         \
    {                                                                                                        \
        .mr = 6, .nr = 16, .mc = 256, .nc = 2048, .kc = 512                                                  \
    }
static const struct blocking_choices gemm_choices = {
    .mr = (const int[]){2, 4, 6, 0},
    .nr = (const int[]){16, 24, 32, 0},
    .mc = (const int[]){96, 128, 256, 512, 0},
    .nc = (const int[]){512, 1024, 2048, 4096, 0},
    .kc = (const int[]){256, 384, 512, 1024, 2048, 0},
};

#include "vector_backend.h"

extern const struct backend backend_avx2;
const struct backend backend_avx2 =
    VECTOR_BACKEND("avx2", "AVX2 and FMA intrinsics, fused training step", ISA_AVX2 | ISA_FMA);
