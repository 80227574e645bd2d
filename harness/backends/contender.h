/* SPDX-License-Identifier: MIT
 *
 * A backend that has been opened for a plan, with every op of level 1 filled in: its own or the inherited
 * one. */
#ifndef LB_CONTENDER_H
#define LB_CONTENDER_H

#include <stdbool.h>

#include "backend.h"
#include "base/error.h"

enum op_id {
#define OP(name) OP_##name,
#include "ops.def"
#undef OP
    OP_COUNT
};

/* "gemm", "gather", ... */
const char *op_name(enum op_id op);

/* Whether the backend brings this op itself. */
bool backend_has_op(const struct backend *b, enum op_id op);

struct contender {
    const struct backend *backend, *fallback;
    struct plan plan;
    void *state;              /* of the backend itself */
    void *fallback_state;     /* of the backend that inherited ops come from */
    struct ops ops;           /* none NULL */
    void *op_state[OP_COUNT]; /* first argument for each op */
    bool inherited[OP_COUNT];
};

/* Opens backend b for the plan, ops left empty taken from fallback. e is EXIT_INTERNAL with the backend's own
 * words when its open() fails. */
int contender_open(struct contender *c, const struct backend *b, const struct backend *fallback,
                   const struct plan *plan, struct error *e);
void contender_close(struct contender *c);

/* Calls an op of contender c: CONTENDER_CALL(c, gemm, NO_TRANS, ...). */
#define CONTENDER_CALL(c, op, ...) ((c)->ops.op((c)->op_state[OP_##op], __VA_ARGS__))

#endif
