/* SPDX-License-Identifier: MIT
 *
 * AVX-512 (F, BW, DQ, VL): 16 floats a vector, 32 registers.
 *
 * The training step's tile of 8 x 3 vectors, 24 sums, 3 vectors of b and one broadcast, leaves registers for
 * an RMSprop update in the middle of it and loads little: 11 times for 24 multiply-adds, for Intel's cores
 * lower their clock when both come dense. Granite Rapids, 2 threads, epoch: 8 x 2 0.353 s, 8 x 3 0.345, 6 x 4
 * with 5 x 4 0.344 (eight panels are too few to deal out), 4 x 4 0.361. */
#include "backend.h"
#include "vec_avx512.h"

#define MAX_TILE_ROWS                16
#define MAX_TILE_VECS                8
#define SHALLOW_VECS                 4
#define MIN_PANEL_VECS               2
#define MAX_PANEL_VECS               3
#define MAX_PANEL_TILE               24
#define FOR_EACH_PANEL_WIDTH(X, ...) X(2, __VA_ARGS__) X(3, __VA_ARGS__)
#define FOR_EACH_TILE_OF_BLOCK(X)    X(8, 0) X(8, 8)

/* Images multiplied between two vectors of weights being updated: so few that a tile's 24 updates fit into a
 * batch. With 8, a third of them comes after the multiply-adds and backward1 takes 168 instead of 159 ms an
 * epoch (Granite Rapids, 2 threads). The square root and the division keep the divider busy for nine cycles
 * on Zen 5 (sixteen on Zen 4), the FMAs of four images the multipliers for 48. */
#define IMAGES_PER_UPDATE 4

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

#include "vector_backend.inc.h"

extern const struct backend backend_avx512;
const struct backend backend_avx512 =
    VECTOR_BACKEND("avx512", "AVX-512 intrinsics, fused training step",
                   ISA_AVX2 | ISA_FMA | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL);
