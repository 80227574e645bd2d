/* SPDX-License-Identifier: MIT
 *
 * Sizes of gemm's tiles and blocks for AVX2; parameters.inc.h says what each means. Includes nothing of the
 * ISA, so that the arithmetic on them is tested on any CPU. */
#ifndef LB_GEMM_SIZES_H
#define LB_GEMM_SIZES_H

#include "backend.h"

#define MAX_TILE_ROWS 12
#define MAX_TILE_VECS 8
#define SHALLOW_VECS  3

/* Up to 12 sums. One vector wide and 12 high for narrow products, 8 wide for products of one row. */
#define FOR_EACH_GEMM_WIDTH(X) X(1, 12) X(2, 6) X(3, 4) X(4, 2) X(8, 1)

/* 6 x 16: no other tile has been measured against it in products as deep as those of training. */
#define PREFERRED_VECS 2
#define FOR_EACH_PREFERENCE(X)

/* One thread of Granite Rapids, GFLOP/s, kc 1024 -> 512 with mc 96 -> 256: 128x512x784 97 -> 102, 16x512x784
 * 83 -> 94; 2048 square 107 with both.
 * A macro, for it also initialises the backend. */
#define GEMM_DEFAULT                                                                                         \
    {                                                                                                        \
        .mc = 256, .nc = 2048, .kc = 512                                                                     \
    }
static const struct blocking_choices gemm_choices = {
    .mr = (const int[]){2, 4, 6, 0},
    .nr = (const int[]){16, 24, 32, 0},
    .mc = (const int[]){96, 128, 256, 512, 0},
    .nc = (const int[]){512, 1024, 2048, 4096, 0},
    .kc = (const int[]){256, 384, 512, 1024, 2048, 0},
};

#endif
