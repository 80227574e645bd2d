/* SPDX-License-Identifier: MIT
 *
 * AVX2 and FMA: 8 floats a vector, 16 registers.
 *
 * Tile 6 x 2 vectors: 12 sums, 2 vectors of b and one broadcast fill 15 of the 16 registers. A block of 16
 * rows is 6 + 6 + 4; the 8 sums of a 4 x 2 tile still cover two FMAs a cycle of latency 4. */
#include "vec_avx2.h"

enum { TILE_ROWS = 6, TILE_VECS = 2 };
#define FOR_EACH_TILE_HEIGHT(X)   X(1) X(2) X(3) X(4) X(5) X(6)
#define FOR_EACH_TILE_OF_BLOCK(X) X(6, 0) X(6, 6) X(4, 12)

#include "vector_backend.h"

extern const struct backend backend_avx2;
const struct backend backend_avx2 =
    VECTOR_BACKEND("avx2", "AVX2 and FMA intrinsics, fused training step", ISA_AVX2 | ISA_FMA);
