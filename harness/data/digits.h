/* SPDX-License-Identifier: MIT
 *
 * The built-in data set: stroke-drawn digits in MNIST's shape, the same bytes on every machine, for those
 * without MNIST. About as hard to learn for a small network as MNIST, and with its share of non-zero pixels.
 */
#ifndef LB_DIGITS_H
#define LB_DIGITS_H

#include <stdint.h>

enum {
    DIGITS_SIDE = 28,
    DIGITS_PIXELS = DIGITS_SIDE * DIGITS_SIDE,
    DIGITS_TRAIN_COUNT = 60000,
    DIGITS_TEST_COUNT = 10000,
};

/* Values are RNG streams, part of the data's definition. */
enum digits_split { DIGITS_TRAIN = 1, DIGITS_TEST = 2 };

/* Draws images first .. first+count-1 of a split: pixels receives count x 784 bytes, row-major, ink = 255 on
 * paper = 0; labels receives count values 0..9. Image i depends on (split, i) alone, so any part of a split
 * can be drawn by itself and in any order. */
void digits_draw(enum digits_split split, uint32_t first, uint32_t count, uint8_t *pixels, uint8_t *labels);

#endif
