/* SPDX-License-Identifier: MIT
 *
 * Sizes of gemm's tiles and blocks for AVX-512; parameters.inc.h says what each means. Includes nothing of
 * the ISA, so that the arithmetic on them is tested on any CPU. */
#ifndef LB_GEMM_SIZES_H
#define LB_GEMM_SIZES_H

#include "backend.h"

#define MAX_TILE_ROWS 16
#define MAX_TILE_VECS 8
#define SHALLOW_VECS  4

/* Up to 28 sums. One vector wide and 16 high for narrow products, 8 wide for products of two rows. */
#define FOR_EACH_GEMM_WIDTH(X) X(1, 16) X(2, 14) X(3, 8) X(4, 6) X(8, 2)

/* 6 x 64 on Granite Rapids: one thread, GFLOP/s, 8 x 32 with kc 512 -> 6 x 64: 784x512x128 transposed 162 ->
 * 173, 2048 square 167 -> 181, 256 square 183 -> 176; kc 384 or 784 instead, 2048 square: 179, 185 to 186.
 * 8 x 48 on Zen 5: one thread, in turn with onednn, share of its speed, 6 x 64 -> 8 x 48: 128x512x784 .998 ->
 * 1.001, 784x512x128 transposed .978 -> .992, 1024 square .976 -> .984, 2048 square .951 -> .953. */
#define PREFERRED_VECS         4
#define FOR_EACH_PREFERENCE(X) X(CPU_AMD, 0x1a, 3)

/* Cache blocks where the plan knows no caches: those of 1 MiB of L2. On Zen 5, mc 128 to 512, nc 512 to 4096
 * and kc 128 to 2048 stayed within 3 % of each other at 1024 square, and kc 512 was best or equal everywhere.
 * A macro, for it also initialises the backend. */
#define GEMM_DEFAULT                                                                                         \
    {                                                                                                        \
        .mc = 256, .nc = 2048, .kc = 512                                                                     \
    }
static const struct blocking_choices gemm_choices = {
    .mr = (const int[]){6, 8, 14, 0},
    .nr = (const int[]){32, 48, 64, 0},
    .mc = (const int[]){96, 128, 256, 512, 0},
    .nc = (const int[]){512, 1024, 2048, 4096, 0},
    .kc = (const int[]){256, 384, 512, 1024, 2048, 0},
};

#endif
