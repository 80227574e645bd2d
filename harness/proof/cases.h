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

/* Depths k around the backend's k block (or around 256 if it has none), and beyond two of them. */
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

/* ---- gemm */

enum gemm_fill {
    FILL_UNIFORM,     /* (-1, 1) */
    FILL_POSITIVE,    /* (0, 1): no cancellation, errors add up */
    FILL_EXPONENTS,   /* both signs, magnitudes 2^-40 .. 2^40 */
    FILL_HUGE_ROW,    /* uniform, one row of A 2^60 times as large */
    FILL_CANCEL,      /* the second half of k takes away the first, up to 2^-7 */
    FILL_ACTIVATIONS, /* A as images: 19 % of pixels / 255, else 0; B small */
    FILL_INTEGERS,    /* A within 64, B within 128: exact */
    FILL_ODD_A,       /* A odd integers of 12 bits, B -1, 0, 1: exact; bf16 and tf32 cannot hold A */
    FILL_ODD_B,       /* the same with A and B exchanged */
    FILL_ONE_HOT,     /* column `special` of A ones, else 0; B numbered: C is row `special` of B */
    FILL_IDENTITY_A,  /* A identity, B numbered */
    FILL_IDENTITY_B,  /* A numbered, B identity */
    FILL_SUBNORMAL,   /* products are small multiples of 2^-140: exact, 0 when subnormals are flushed */
    FILL_ZERO_LINES,  /* uniform, one row of A and one column of B zero: exact zeros there */
    FILL_NAN_A,       /* uniform, one NaN in A: its row NaN, no other */
    FILL_NAN_B,       /* uniform, one NaN in B: its column NaN, no other */
    FILL_NAN_INPUTS,  /* A and B all NaN, for alpha = 0: they must not be read */
    FILL_INF_ZERO,   /* uniform, one Inf in A and one zero column in B: NaN where they meet, Inf in the row */
    FILL_INF_PAIR,   /* A's row has +Inf first and -Inf last, B is positive: NaN in that row */
    FILL_OVERFLOW,   /* every product is 2^200 with the sign of its column: Inf of that sign */
    FILL_INFINITE_C, /* uniform, C infinite for beta = 0: it must not be read */
    FILL_SMALL_INTEGERS, /* A within 8, B within 16: exact with any k up to 2^17 */
    FILL_TINY_A,         /* A multiples of 2^-149, B powers of two: exact, 0 when subnormals count as 0 */
    FILL_TINY_B,         /* the same with A and B exchanged */
    FILL_ZEROS_A,        /* half of A zero, a whole row and now and then all; B with one NaN and one Inf */
    FILL_ZEROS_B,        /* the same with A and B exchanged, and a whole column */
    FILL_NONFINITE_C,    /* uniform, C with a NaN and an infinity: these elements, no other */
    FILL_COUNT
};

struct gemm_case {
    enum transpose ta, tb;
    int m, n, k;
    float alpha, beta;
    int slack_a, slack_b, slack_c;
    enum placement place;
    enum gemm_fill fill;
    int special; /* FILL_ONE_HOT: the index of k */
    uint64_t seed;
    int rule; /* number of the rule of special values that is tried; 0: none */
};

/* Whether float arithmetic has nothing to round with this fill. */
bool cases_exact(enum gemm_fill fill);

/* Whether op(A) op(B) has NaN or infinities with it. */
bool cases_nonfinite(enum gemm_fill fill);

/* Integers within 64. */
void cases_integers(struct rng *r, float *m, int rows, int cols, int ld);

/* "NT 5x7x9 alpha=1 beta=0 slack=0,1,3 place=end fill=uniform special=0 seed=0x..." */
void cases_gemm_text(const struct gemm_case *c, char *text, size_t size);

/* Fills the elements of A, B and C (not the gaps). beta == 0 leaves C as it is, but for FILL_INFINITE_C. */
void cases_gemm_fill(const struct gemm_case *c, float *a, int lda, float *b, int ldb, float *c0, int ldc);

/* ---- data of other ops */

/* Both signs, magnitude 2^lo .. 2^hi. */
float cases_log_uniform(struct rng *r, int lo, int hi);

/* A value that decides: NaN of any sign and payload, an infinity, a zero or a subnormal number of either
 * sign, one near the ends of the normal range; or 1 or -1, which cancel. */
float cases_awkward(struct rng *r);

/* An image of MNIST's kind: about 19 % of the pixels not 0. */
void cases_image(struct rng *r, uint8_t *pixels, int count);

#endif
