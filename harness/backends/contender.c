/* SPDX-License-Identifier: MIT */
#include "backends/contender.h"

#include <string.h>

#include "backends/registry.h"
#include "base/clean_text.h"

static struct contender_trace private_trace;
struct contender_trace *contender_trace = &private_trace;

const char *contender_point_name(int point)
{
    static const char *const steps[] = {"step()", "load()", "predict()", "store()"};
    _Static_assert(sizeof steps / sizeof *steps == TRACE_COUNT - OP_COUNT, "every trace_point has a name");
    if (point < 0 || point >= (int)TRACE_COUNT) return NULL;
    return point < (int)OP_COUNT ? op_name((enum op_id)point) : steps[point - (int)OP_COUNT];
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

/* Which of them brings the op. The last one has all. */
static int source_of(const struct backend *const candidates[CONTENDER_SOURCES], enum op_id op)
{
    int i = 0;
    while (i < CONTENDER_SOURCES - 1 && !backend_has_op(candidates[i], op)) i++;
    return i;
}

static int open_source(struct contender *c, int i, const struct backend *b, bool has_gemm, struct error *e)
{
    struct plan plan = c->plan;
    if (c->sources[i].backend) return 0;
    if (!has_gemm) plan.blocking = (struct blocking){0};
    if (i > 0) plan.argument = NULL;
    const int failed = open_one(b, &plan, &c->sources[i].state, e);
    if (!failed) c->sources[i].backend = b;
    return failed;
}

int contender_open(struct contender *c, const struct backend *b, const struct backend *fallback,
                   const struct plan *plan, struct error *e)
{
    const struct backend *const candidates[CONTENDER_SOURCES] = {b, fallback,
                                                                 registry_fallback_for(fallback)};
    const int of_gemm = source_of(candidates, OP_gemm);
    memset(c, 0, sizeof *c);
    c->plan = *plan;
    c->plan.struct_size = sizeof c->plan;
    int failed = open_source(c, 0, b, of_gemm == 0, e); /* whatever it brings: it may own the step */
    for (int op = 0; op < OP_COUNT && !failed; op++) {
        const int i = source_of(candidates, (enum op_id)op);
        failed = open_source(c, i, candidates[i], of_gemm == i, e);
        c->inherited[op] = i > 0;
        c->op_state[op] = c->sources[i].state;
        c->op_backend[op] = candidates[i];
    }
    if (failed) {
        contender_close(c);
        return failed;
    }
#define OP(name) c->ops.name = c->op_backend[OP_##name]->ops.name;
#include "ops.def"
#undef OP
    c->state = c->sources[0].state;
    c->backend = b;
    c->fallback = fallback;
    return 0;
}

void contender_close(struct contender *c)
{
    for (int i = 0; i < CONTENDER_SOURCES; i++)
        if (c->sources[i].backend && c->sources[i].backend->close)
            c->sources[i].backend->close(c->sources[i].state);
    memset(c, 0, sizeof *c);
}

const struct backend *contender_multiplier(const struct contender *c)
{
    return c->backend->step ? c->backend : c->op_backend[OP_gemm];
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
