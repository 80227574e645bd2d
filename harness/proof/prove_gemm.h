/* SPDX-License-Identifier: MIT
 *
 * What the files of the gemm proof share. */
#ifndef LB_PROVE_GEMM_H
#define LB_PROVE_GEMM_H

#include "proof/prove_ops.h"

/* Runs one case and adds it to the row. */
void gemm_run(struct proof *p, struct proof_row *row, const struct gemm_case *c);

/* Whether its operands have room. */
bool gemm_fits(const struct gemm_case *c);

/* Everything but sizes and fill, at random. */
struct gemm_case gemm_random_case(struct proof *p, struct rng *r, enum gemm_fill fill);

/* The class of the rules of special values, and that of zeros beside NaN and infinities. */
void gemm_rules(struct proof *p, struct proof_row *row);
void gemm_zeros(struct proof *p, struct proof_row *row);

/* Longest extent of any case. */
enum { GEMM_LONGEST = 16400 };

/* The classes of prove_gemm_reach.c. */
void gemm_drawn_factors(struct proof *p, struct proof_row *row);
void gemm_beyond_the_plan(struct proof *p, struct proof_row *row);
void gemm_far_rows(struct proof *p, struct proof_row *row);
void gemm_one_matrix(struct proof *p, struct proof_row *row);
void gemm_subnormals(struct proof *p, struct proof_row *row);
void gemm_large_zeros(struct proof *p, struct proof_row *row);

/* Every m, n, k of 1..67, for options->exhaustive. */
void gemm_every_residue(struct proof *p, struct proof_row *row);

#endif
