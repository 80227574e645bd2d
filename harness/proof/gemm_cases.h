/* SPDX-License-Identifier: MIT
 *
 * The cases of gemm: extents, factors, strides and data of one call. */
#ifndef LB_GEMM_CASES_H
#define LB_GEMM_CASES_H

#include "proof/cases.h"

enum gemm_fill {
    FILL_UNIFORM,     /* (-1, 1) */
    FILL_POSITIVE,    /* (0, 1): no cancellation, errors add up */
    FILL_EXPONENTS,   /* both signs, magnitudes 2^-40 .. 2^40 */
    FILL_HUGE_ROW,    /* uniform, one row of A 2^60 times as large */
    FILL_CANCEL,      /* the second half of k takes away the first, up to 2^-7 */
    FILL_ACTIVATIONS, /* A as images: 19 % of pixels / 255, else 0; B small */
    FILL_INTEGERS,    /* A within 64, B within 128, less where k or alpha is large: exact */
    FILL_ODD_A,       /* A odd integers of 12 bits, B -1, 0, 1: exact; bf16 and tf32 cannot hold A */
    FILL_ODD_B,       /* the same with A and B exchanged */
    FILL_ONE_HOT,     /* column `special` of A ones, else 0; B numbered: C is row `special` of B */
    FILL_IDENTITY_A,  /* A identity, B numbered */
    FILL_IDENTITY_B,  /* A numbered, B identity */
    FILL_SUBNORMAL,   /* products are small multiples of 2^-140: exact, 0 when subnormals are flushed */
    FILL_TINY_A,      /* A multiples of 2^-149, B powers of two: exact, 0 when subnormals count as 0 */
    FILL_TINY_B,      /* the same with A and B exchanged */
    FILL_POWERS,      /* powers of two: even rows of A at index `special` of k, else 0; odd rows of C, else 0.
                       * Exact for any alpha and beta */
    FILL_ZERO_LINES,  /* uniform, one row of A and one column of B zero: exact zeros there */
    FILL_ZEROS_A,     /* uniform, zeros in A as `special` says, one NaN or Inf in most columns of B */
    FILL_ZEROS_B,     /* the same with A and B exchanged */
    FILL_SPECIAL,     /* uniform, some NaN, Inf, zeros and subnormal numbers in A, B and C */
    FILL_NAN_A,       /* uniform, one NaN in A: its row NaN, no other */
    FILL_NAN_B,       /* uniform, one NaN in B: its column NaN, no other */
    FILL_NAN_INPUTS,  /* A and B all NaN, for alpha = 0: they must not be read */
    FILL_INF_ZERO, /* uniform, one Inf in A and one zero column in B: NaN where they meet, Inf in the row */
    FILL_INF_PAIR, /* A's row has +Inf first and -Inf last, B is positive: NaN in that row */
    FILL_OVERFLOW, /* every product is 2^200 with the sign of its column: Inf of that sign */
    FILL_NONFINITE_C, /* uniform, C with a NaN and an infinity: these elements, no other */
    FILL_INFINITE_C,  /* uniform, C infinite for beta = 0: it must not be read */
    FILL_COUNT
};

/* Where FILL_ZEROS_* puts zeros. */
enum { ZEROS_ALL, ZEROS_ROWS, ZEROS_DEPTHS, ZEROS_SCATTERED, ZEROS_PATTERNS };

/* A call with the same pointers before the one that counts, as which it is but for one thing. */
enum gemm_before {
    BEFORE_NOTHING, /* there is none */
    BEFORE_OTHER_A, /* one element of A */
    BEFORE_OTHER_B, /* one element of B */
    BEFORE_OTHER_C, /* all of C, which matters for beta != 0 */
    BEFORE_OTHER_ALPHA,
    BEFORE_OTHER_BETA,
    BEFORE_LESS_M,
    BEFORE_LESS_N,
    BEFORE_LESS_K,
    BEFORE_COUNT
};

struct gemm_case {
    enum transpose ta, tb;
    int m, n, k;
    float alpha, beta;
    int slack_a, slack_b, slack_c; /* from GEMM_DISTANT on, at most for one of them: in an unbacked mapping */
    enum placement place;
    enum gemm_fill fill;
    int special; /* see FILL_ONE_HOT, FILL_POWERS, FILL_ZEROS_*; else it numbers the cases */
    uint64_t seed;
    int rule;         /* number of the rule of special values that is tried; 0: none */
    bool shared;      /* B lies in the matrix that A is stored in, ... */
    int b_row, b_col; /* ... from this element on */
    enum gemm_before before;
};

enum { GEMM_DISTANT = 1 << 24 };

/* Whether float arithmetic has nothing to round with this fill: alpha and beta from gemm_exact_factor; with
 * FILL_POWERS any. */
bool gemm_exact(enum gemm_fill fill);

/* Factors like alpha and beta, of both signs: 1 and -1 more often than others; inside (0, 1), tiny, large.
 * An exact one is an odd number up to 15 times 2^lo .. 2^hi. */
float gemm_exact_factor(struct rng *r, int lo, int hi);
float gemm_rounding_factor(struct rng *r);

/* "NT 5x7x9 alpha=1 beta=0 slack=0,1,3 place=end fill=uniform special=0 rule=0 seed=0x..." */
enum { GEMM_CASE_TEXT = 216 };
void gemm_case_text(const struct gemm_case *c, char text[GEMM_CASE_TEXT]);

/* Fills the elements of A, B and C (not the gaps). beta == 0 leaves C as it is, but for FILL_INFINITE_C. */
void gemm_fill(const struct gemm_case *c, float *a, int lda, float *b, int ldb, float *c0, int ldc);

#endif
