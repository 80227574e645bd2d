/* SPDX-License-Identifier: MIT
 *
 * What the proofs of the ops that walk over the rows of a matrix share: their cases, and the sweeps over
 * shapes. */
#ifndef LB_PROVE_ROWS_H
#define LB_PROVE_ROWS_H

#include "proof/case_class.h"

/* A shape with the rest that all of these ops share. */
struct rows_case {
    int m, n, slack, slack2;
    enum placement place;
    int variant; /* the op's own */
    uint64_t seed;
};
typedef void run_case_fn(struct proof *p, struct proof_row *row, const struct rows_case *c);

/* Each of these runs every shape with each of the op's variants. */

/* Every row length of 1..67, and empty ones, with few rows. */
void rows_lengths(struct proof *p, struct proof_row *row, run_case_fn *run, int variants);

/* Every row count of 1..67 and some beyond, with short rows. */
void rows_counts(struct proof *p, struct proof_row *row, run_case_fn *run, int variants);

/* Row lengths beyond 67, with few rows and with many. */
void rows_longer(struct proof *p, struct proof_row *row, run_case_fn *run, int variants);

/* Batches of all row counts that training and validation use, with rows of the given length. */
void rows_batches(struct proof *p, struct proof_row *row, run_case_fn *run, int n, int variants);

/* case_begin with the text of such a case. */
bool rows_begin(struct proof *p, const char *op, const struct rows_case *c);

/* COMPARE_IDLE_IS_RIGHT on that condition. */
unsigned idle_if(bool condition);

#endif
