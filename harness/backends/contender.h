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

/* Opens backend b for the plan, ops left empty taken from fallback. e is EXIT_NOTHING, which only this
 * means to a worker, with the backend's own words when its open() fails. */
int contender_open(struct contender *c, const struct backend *b, const struct backend *fallback,
                   const struct plan *plan, struct error *e);
void contender_close(struct contender *c);

/* The sizes at which its gemm changes path under this plan: the plan's where b lets itself be tuned, else
 * those that b has for such a plan. */
struct blocking contender_blocking(const struct backend *b, const struct plan *plan);

/* What runs besides ops: the functions of a backend's own training step. */
enum trace_point { TRACE_STEP = OP_COUNT, TRACE_LOAD, TRACE_PREDICT, TRACE_STORE, TRACE_COUNT };

/* "gemm", ..., "step()", ...; NULL for what is neither an op nor a trace_point. */
const char *contender_point_name(int point);

/* Which op is running, for the message about a process that died or hangs. */
struct contender_trace {
    volatile int op;         /* enum op_id or trace_point, + 1; 0: none */
    volatile uint64_t calls; /* of all of them so far, the running one included */
};

/* Where calls are noted: memory of this process, unless it is pointed elsewhere. */
extern struct contender_trace *contender_trace;

static inline void contender_enter(int point)
{
    contender_trace->op = point + 1;
    contender_trace->calls = contender_trace->calls + 1;
}

static inline void contender_leave(void)
{
    contender_trace->op = 0;
}

/* Calls an op of contender c: CONTENDER_CALL(c, gemm, NO_TRANS, ...). */
#define CONTENDER_CALL(c, op, ...)                                                                           \
    (contender_enter(OP_##op), (c)->ops.op((c)->op_state[OP_##op], __VA_ARGS__), contender_leave())

#endif
