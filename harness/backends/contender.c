/* SPDX-License-Identifier: MIT */
#include "backends/contender.h"

#include <string.h>

#include "base/clean_text.h"

static struct contender_trace private_trace;
struct contender_trace *contender_trace = &private_trace;

static const char *const op_names[OP_COUNT] = {
#define OP(name) #name,
#include "ops.def"
#undef OP
};

const char *op_name(enum op_id op)
{
    return op_names[op];
}

const char *contender_point_name(int point)
{
    static const char *const steps[] = {"step()", "load()", "predict()", "store()"};
    _Static_assert(sizeof steps / sizeof *steps == TRACE_COUNT - OP_COUNT, "every trace_point has a name");
    if (point < 0 || point >= (int)TRACE_COUNT) return NULL;
    return point < (int)OP_COUNT ? op_names[point] : steps[point - (int)OP_COUNT];
}

bool backend_has_op(const struct backend *b, enum op_id op)
{
    switch (op) {
#define OP(name)                                                                                             \
    case OP_##name:                                                                                          \
        return b->ops.name != NULL;
#include "ops.def"
#undef OP
    case OP_COUNT:
        break;
    }
    return false;
}

static int open_one(const struct backend *b, const struct plan *plan, void **state, struct error *e)
{
    char why[256] = "";
    *state = NULL;
    if (b->open && b->open(plan, state, why, sizeof why) != 0) {
        why[sizeof why - 1] = 0;
        return error_set(e, EXIT_NOTHING, "%s", why[0] ? clean_text(why) : "no reason given");
    }
    return 0;
}

int contender_open(struct contender *c, const struct backend *b, const struct backend *fallback,
                   const struct plan *plan, struct error *e)
{
    memset(c, 0, sizeof *c);
    c->plan = *plan;
    c->plan.struct_size = sizeof c->plan;
    if (open_one(b, &c->plan, &c->state, e)) return (int)e->code;
    if (open_one(fallback, &c->plan, &c->fallback_state, e)) {
        if (b->close) b->close(c->state);
        return (int)e->code;
    }
#define OP(name)                                                                                             \
    c->inherited[OP_##name] = b->ops.name == NULL;                                                           \
    c->ops.name = b->ops.name ? b->ops.name : fallback->ops.name;                                            \
    c->op_state[OP_##name] = b->ops.name ? c->state : c->fallback_state;
#include "ops.def"
#undef OP
    c->backend = b; /* only now: one that is half open owes no contender_close */
    c->fallback = fallback;
    return 0;
}

void contender_close(struct contender *c)
{
    if (!c->backend) return;
    if (c->backend->close) c->backend->close(c->state);
    if (c->fallback->close) c->fallback->close(c->fallback_state);
    memset(c, 0, sizeof *c);
}

struct blocking contender_blocking(const struct backend *b, const struct plan *plan)
{
    struct blocking is = b->blocking;
    const struct blocking *asked = &plan->blocking;
    if (b->blocking_of) return b->blocking_of(plan);
    if (!b->choices) return is;
    if (asked->mr) is.mr = asked->mr;
    if (asked->nr) is.nr = asked->nr;
    if (asked->mc) is.mc = asked->mc;
    if (asked->nc) is.nc = asked->nc;
    if (asked->kc) is.kc = asked->kc;
    return is;
}
