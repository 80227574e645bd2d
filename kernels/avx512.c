/* SPDX-License-Identifier: MIT
 *
 * AVX-512 (F, BW, DQ, VL): 16 floats a vector, 32 registers.
 *
 * Tile 8 x 2 vectors: 16 sums, 2 vectors of b, one broadcast, and room for an RMSprop update in the middle of
 * it. It divides everything in the training step (128 = 16 x 8, 96 = 12 x 8, 784 = 98 x 8, 512 = 16 x 32),
 * and 16 independent sums cover two FMAs a cycle of latency 4 twice over. */
#include "vec_avx512.h"

enum { TILE_ROWS = 8, TILE_VECS = 2 };
#define FOR_EACH_TILE_HEIGHT(X)   X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define FOR_EACH_TILE_OF_BLOCK(X) X(8, 0) X(8, 8)

#include "vector_backend.h"

extern const struct backend backend_avx512;
const struct backend backend_avx512 =
    VECTOR_BACKEND("avx512", "AVX-512 intrinsics, fused training step",
                   ISA_AVX2 | ISA_FMA | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL);
