/* SPDX-License-Identifier: MIT
 *
 * THE CASES: which sizes, parameters and data the ops are tried with. A case is a plain struct, and its data
 * follow from that struct alone, so that its text is enough to make it again. */
#ifndef LB_CASES_H
#define LB_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "base/rng.h"
#include "proof/guarded.h"

/* ---- sizes */

/* Largest extent that cases of level 1 use beyond those of the plan. */
enum {
    CASES_MAX_EXTENT = 1100,
    CASES_MAX_FLOATS = 1 << 20,
    CASES_MAX_SIZES = 64,
    CASES_ALL_RESIDUES = 67,
    CASES_LONGEST = 1 << 21
};

/* Sizes around vector lengths and around the backend's own block sizes, each once, ascending. Returns how
 * many. */
int cases_sizes(const struct blocking *b, int *sizes);

/* Depths k around the backend's k block (or around 256 if it has none), and beyond twice that. */
int cases_depths(const struct blocking *b, int *depths);

/* Most numbers in each of the lists below. */
enum { CASES_MAX_COUNTS = 128 };

/* Counts of rows, or of columns, from `least` on: all up to 67, numbers around powers of two and drawn ones
 * up to CASES_MAX_EXTENT, a few far beyond, one of them beyond 2^16. Returns how many. */
int cases_counts(struct rng *r, int least, int *counts);

/* Lengths of vectors beyond 67: drawn ones between each power of two and the next up to 2^18, one between
 * half of CASES_LONGEST and that, and some that end a range. Returns how many. */
int cases_lengths(struct rng *r, size_t *lengths);

/* Distance between rows beyond their length. */
extern const int cases_slacks[4];

/* ---- data of other ops */

/* Both signs, magnitude 2^lo .. 2^hi. */
float cases_log_uniform(struct rng *r, int lo, int hi);

/* A value that decides: NaN of any sign and payload, an infinity, a zero or a subnormal number of either
 * sign, one near the ends of the normal range; or 1 or -1, which cancel. */
float cases_awkward(struct rng *r);

/* An image of MNIST's kind: about 19 % of the pixels not 0. */
void cases_image(struct rng *r, uint8_t *pixels, int count);

#endif
