/* SPDX-License-Identifier: MIT
 *
 * The ops of level 1 by number and by name. */
#ifndef LB_OP_H
#define LB_OP_H

#include <stdbool.h>
#include <stddef.h>

#include "backend.h"
#include "base/error.h"

enum op_id {
#define OP(name) OP_##name,
#include "ops.def"
#undef OP
    OP_COUNT
};

/* A set of ops: bit i is enum op_id i. */
typedef uint32_t op_set;

#define OP_ALL (((op_set)1 << OP_COUNT) - 1)

/* Bytes that hold the names of all ops. */
enum { OP_NAMES_SIZE = 256 };

/* "gemm", "gather", ... */
const char *op_name(enum op_id op);

/* Whether the backend has this op itself. */
bool backend_has_op(const struct backend *b, enum op_id op);

/* All ops that it has itself. */
op_set backend_ops(const struct backend *b);

/* The names of a set with `between` between them; "" of the empty one. Returns text. */
char *op_set_names(op_set ops, const char *between, char *text, size_t size);

/* Adds the op of this name, length bytes long. EXIT_USAGE, with the nearest name, when there is none, and
 * when the set has it already; where says in front of the line what is wrong. */
int op_set_add(op_set *ops, const char *name, size_t length, const char *where, struct error *e);

#endif
