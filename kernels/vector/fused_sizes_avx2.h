/* SPDX-License-Identifier: MIT
 *
 * Tiles of the fused step on AVX2.
 *
 * A tile of 12 sums leaves registers for the vectors of b and one broadcast, of the 16. Of those, 4 x 3
 * vectors load the least: 7 times for 12 multiply-adds, and Intel's cores lower their clock by 6 % or more
 * when loads and multiply-adds are both dense. One thread of Granite Rapids over weights in L2, of the
 * multiply-add peak: 4 x 3 0.98, 6 x 2 0.94, 5 x 2 0.91, 4 x 2 0.84. The last is for the few panels that are
 * two vectors wide because the hidden units do not fill panels of three. */
#ifndef LB_FUSED_SIZES_AVX2_H
#define LB_FUSED_SIZES_AVX2_H

#define MAX_PANEL_VECS               3
#define MAX_PANEL_TILE               12
#define FOR_EACH_PANEL_WIDTH(X, ...) X(1, __VA_ARGS__) X(2, __VA_ARGS__) X(3, __VA_ARGS__)
#define PANEL_ROWS(vecs)             ((vecs) == 1 ? 8 : 4)

/* Images multiplied between two vectors of weights being updated. Granite Rapids, 2 threads, epoch: 8 images
 * 0.523 s, 16 0.509, 32 0.515, all 128 0.520. */
#define IMAGES_PER_UPDATE 16

/* Granite Rapids, one thread, forward1 of an epoch without and with: 397 and 419 ms, at 4.03 and 3.83 GHz. */
#define PREFETCHES_CHUNK 0

#endif
