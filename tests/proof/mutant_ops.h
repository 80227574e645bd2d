/* SPDX-License-Identifier: MIT
 *
 * What the files of broken ops share: mutant_ops.c and mutant_gemm.c (gemm), mutant_rows.c (ops that walk
 * over rows), mutant_pointwise.c (softmax_xent and element-wise ops). */
#ifndef LB_MUTANT_OPS_H
#define LB_MUTANT_OPS_H

#include "backend.h"

/* Enough floats for the largest operand of any case but gemm's in an unbacked mapping. */
enum { SCRATCH_FLOATS = 1 << 22 };

/* The ops that are broken, unbroken. */
const struct ops *right(void);

/* Floats between the first and the last element of a matrix. */
size_t extent(int rows, int cols, int ld);

/* Drops the low bits of a significand: 16 of 24 leave bf16's, 13 leave tf32's. */
void shorten(const float *from, float *to, size_t count, unsigned bits);

/* A new mutant of op; its backend is backend_plain, for the caller to break. */
struct backend *mutant_add(const char *name, const char *op, const char *killer);

/* A mutant of op that the class `cases` of its proof must reject; or the guard pages. */
#define ADD(op, function, cases) mutant_add(#function, #op, #op " / " cases)->ops.op = function
#define ADD_FAULT(op, function)  mutant_add(#function, #op, KILLED_BY_FAULT)->ops.op = function

void add_reach(void);
void add_rows(void);
void add_pointwise(void);

#endif
