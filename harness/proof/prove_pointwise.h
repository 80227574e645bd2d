/* SPDX-License-Identifier: MIT
 *
 * What the files of the proof of vexp and vlog share. */
#ifndef LB_PROVE_POINTWISE_H
#define LB_PROVE_POINTWISE_H

#include "proof/case_class.h"

/* Elements that are special must be right in kind: NaN for NaN, the same infinity, and an exact 0 or 1. */
double pointwise_bound(float x, double truth);

/* A result as a number to compare: an infinity where the truth is finite is where the next float would be. */
double pointwise_got(float y, double truth);

/* vexp or vlog of the contender under test. */
void pointwise_call(struct proof *p, enum op_id op, size_t n, const float *x, float *y);

/* Ten million floats, one at random from each equal part of all bit patterns. */
void vexp_strata(struct proof *p, struct proof_row *row);
void vlog_strata(struct proof *p, struct proof_row *row);

/* All floats, for options->exhaustive. Both say in row->measured how large the largest error is, and where.
 */
void vexp_every_float(struct proof *p, struct proof_row *row);
void vlog_every_float(struct proof *p, struct proof_row *row);

#endif
