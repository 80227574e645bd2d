/* SPDX-License-Identifier: MIT
 *
 * AVX-512 (F, BW, DQ, VL): 16 floats a vector, 32 registers.
 *
 * Tile 8 x 2 vectors: 16 sums, 2 vectors of b, one broadcast, and room for an RMSprop update in the middle of
 * it. It divides everything in the training step (128 = 16 x 8, 96 = 12 x 8, 784 = 98 x 8, 512 = 16 x 32),
 * and 16 independent sums cover two FMAs a cycle of latency 4 twice over. */
#include "vec_avx512.h"
#include "backend.h"

enum { TILE_ROWS = 8, TILE_VECS = 2, MOST_TILE_ROWS = 16, MOST_TILE_VECS = 8, SHALLOW_VECS = 4 };
#define FOR_EACH_TILE_OF_BLOCK(X) X(8, 0) X(8, 8)

/* gemm, vectors and most rows: up to 28 sums. One vector wide and 16 high for narrow products, 8 wide for
 * products of one or two rows. */
#define FOR_EACH_GEMM_WIDTH(X) X(1, 16) X(2, 14) X(3, 8) X(4, 6) X(8, 2)

/* One thread of Granite Rapids, GFLOP/s, 8 x 32 with kc 512 -> 6 x 64: 784x512x128 transposed 162 -> 173,
 * 2048 square 167 -> 181, 256 square 183 -> 176; kc 384 or 784 instead, 2048 square: 179, 185 to 186. A
 * macro, for it also initialises the backend below. */
#define GEMM_DEFAULT                                                                                         \
    {                                                                                                        \
        .mr = 6, .nr = 64, .mc = 256, .nc = 2048, .kc = 512                                                  \
    }
static const struct blocking_choices gemm_choices = {
    .mr = (const int[]){6, 8, 14, 0},
    .nr = (const int[]){32, 48, 64, 0},
    .mc = (const int[]){96, 128, 256, 512, 0},
    .nc = (const int[]){512, 1024, 2048, 4096, 0},
    .kc = (const int[]){256, 384, 512, 1024, 2048, 0},
};

#include "vector_backend.h"

extern const struct backend backend_avx512;
const struct backend backend_avx512 =
    VECTOR_BACKEND("avx512", "AVX-512 intrinsics, fused training step",
                   ISA_AVX2 | ISA_FMA | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL);
