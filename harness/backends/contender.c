/* SPDX-License-Identifier: MIT */
#include "backends/contender.h"

#include <string.h>

#include "backends/clean_text.h"

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
        return error_set(e, EXIT_INTERNAL, "backend %s: cannot be opened: %s", b->name,
                         why[0] ? clean_text(why) : "no reason given");
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
    c->backend = b;
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
