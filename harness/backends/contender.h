/* SPDX-License-Identifier: MIT
 *
 * A backend that has been opened for a plan, with every op of level 1 filled in: its own or the inherited
 * one. */
#ifndef LB_CONTENDER_H
#define LB_CONTENDER_H

#include <stdbool.h>

#include "backends/op.h"

/* The backend itself, the fallback for the ops that it leaves empty, and the fallback's own fallback. */
enum { CONTENDER_SOURCES = 3 };

struct contender {
    const struct backend *backend, *fallback;
    struct plan plan;
    struct {
        const struct backend *backend; /* NULL: no op comes from it, so it is not open */
        void *state;
    } sources[CONTENDER_SOURCES];
    void *state;                                /* of the backend itself */
    struct ops ops;                             /* none NULL */
    void *op_state[OP_COUNT];                   /* first argument for each op */
    const struct backend *op_backend[OP_COUNT]; /* whose it is */
    bool inherited[OP_COUNT];                   /* not the backend's own */
};

/* Opens backend b for the plan, ops left empty taken from fallback, and those that the fallback leaves empty
 * from its own (registry_fallback_for). The plan's blocking goes to the backend whose gemm is used, its
 * argument to b. If the backend's open() fails, e is EXIT_NOTHING, which means only this to a worker, with
 * the backend's own message. */
int contender_open(struct contender *c, const struct backend *b, const struct backend *fallback,
                   const struct plan *plan, struct error *e);
void contender_close(struct contender *c);

/* The backend whose multiply-adds a training step does: b in its own step, else the one that supplies gemm.
 * */
const struct backend *contender_multiplier(const struct contender *c);

/* The sizes at which its gemm changes path under this plan: the plan's if b can be tuned, else b's own for
 * such a plan. */
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
