/* SPDX-License-Identifier: MIT
 *
 * Tiles of the fused step on AVX-512.
 *
 * The training step's tile of 8 x 3 vectors, 24 sums, 3 vectors of b and one broadcast, leaves registers for
 * an RMSprop update in the middle of it and loads little: 11 times for 24 multiply-adds, for Intel's cores
 * lower their clock when both come dense. Granite Rapids, 2 threads, epoch: 8 x 2 0.353 s, 8 x 3 0.345, 6 x 4
 * with 5 x 4 0.344 (eight panels are too few to deal out), 4 x 4 0.361. */
#ifndef LB_FUSED_SIZES_AVX512_H
#define LB_FUSED_SIZES_AVX512_H

#define MAX_PANEL_VECS               3
#define MAX_PANEL_TILE               24
#define FOR_EACH_PANEL_WIDTH(X, ...) X(1, __VA_ARGS__) X(2, __VA_ARGS__) X(3, __VA_ARGS__)
#define PANEL_ROWS(vecs)             ((vecs) == 1 ? 16 : 8)

/* Images multiplied between two vectors of weights being updated: so few that a tile's 24 updates fit into a
 * batch. With 8, a third of them comes after the multiply-adds and backward1 takes 168 instead of 159 ms an
 * epoch (Granite Rapids, 2 threads). The square root and the division keep the divider busy for nine cycles
 * on Zen 5 (sixteen on Zen 4), the FMAs of four images the multipliers for 48. */
#define IMAGES_PER_UPDATE 4

/* Granite Rapids, one thread, forward1 of an epoch without and with: 255 and 248 ms; 4096 hidden units, two
 * threads, of 60 steps: 125 and 118 ms. */
#define PREFETCHES_CHUNK 1

#endif
