/* SPDX-License-Identifier: MIT
 *
 * What the files of the gemm proof share. */
#ifndef LB_PROVE_GEMM_H
#define LB_PROVE_GEMM_H

#include "proof/gemm_cases.h"
#include "proof/case_class.h"
#include "proof/sparse.h"

/* Runs one case and adds it to the row. */
void gemm_run(struct proof *p, struct proof_row *row, const struct gemm_case *c);

/* Everything but sizes and fill, at random. */
struct gemm_case gemm_random_case(struct proof *p, struct rng *r, enum gemm_fill fill);

/* Whether operands of this case fit the memory of the proof. */
bool gemm_fits(const struct proof *p, const struct gemm_case *c);

/* ---- operands */

struct gemm_operands {
    struct matrix a, b, c;
    struct sparse distant; /* where one of them is */
};

/* False when the system refuses the address space for a distant one; gemm_release in either case. */
bool gemm_place(struct proof *p, const struct gemm_case *c, struct gemm_operands *o);
void gemm_release(struct gemm_operands *o);

/* Applies guarded_protect or guarded_release to A and B, but for distant ones. */
void gemm_protect(struct proof *p, const struct gemm_case *c, void (*set)(struct guarded *g));

/* Adds what was written around C. */
void gemm_check_surroundings(struct proof *p, const struct gemm_case *c, const struct gemm_operands *o,
                             struct comparison *result);

/* ---- classes */

/* prove_gemm_rules.c: the class of the rules. */
void gemm_rules(struct proof *p, struct proof_row *row);

/* prove_gemm_extents.c */
void gemm_each_extent(struct proof *p, struct proof_row *row);
void gemm_around_the_plan(struct proof *p, struct proof_row *row);
void gemm_thin_giants(struct proof *p, struct proof_row *row);
void gemm_large_in_two(struct proof *p, struct proof_row *row);
void gemm_large_in_all(struct proof *p, struct proof_row *row);
void gemm_one_row_or_column(struct proof *p, struct proof_row *row);
void gemm_small_products(struct proof *p, struct proof_row *row);

/* prove_gemm_values.c */
void gemm_any_factors(struct proof *p, struct proof_row *row);
void gemm_zeros_and_nan(struct proof *p, struct proof_row *row);
void gemm_special_values(struct proof *p, struct proof_row *row);
void gemm_subnormal_operands(struct proof *p, struct proof_row *row);
void gemm_structural_zeros(struct proof *p, struct proof_row *row);

/* prove_gemm_memory.c */
void gemm_shared_operands(struct proof *p, struct proof_row *row);
void gemm_other_contents(struct proof *p, struct proof_row *row);
void gemm_distant_rows(struct proof *p, struct proof_row *row);

/* Every m, n, k of 1..67, for options->exhaustive. */
void gemm_every_residue(struct proof *p, struct proof_row *row);

#endif
