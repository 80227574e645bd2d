/* SPDX-License-Identifier: MIT
 *
 * The table of provers, expanded from ops.def: an op without classes of cases does not link, one without an
 * oracle does not compile. */
#include "proof/prove_ops.h"

#include "proof/oracle.h"
#include "proof/prove_gemm.h"
#include "proof/prove_pointwise.h"

static const struct case_class *const classes[OP_COUNT] = {
#define OP(name) [OP_##name] = classes_##name,
#include "ops.def"
#undef OP
};

/* What takes minutes: of an op, in the proof of the backend that it is from. */
static const struct {
    enum op_id op;
    struct case_class class;
} exhaustive[] = {
    {OP_gemm, {"every m, n, k to 67", gemm_every_residue}},
    {OP_vexp, {"every float", vexp_every_float}},
    {OP_vlog, {"every float", vlog_every_float}},
};
enum { EXHAUSTIVE = sizeof exhaustive / sizeof *exhaustive };

/* Never called: names oracle_<op> for every op. */
static inline void every_op_has_an_oracle(void)
{
#define OP(name) (void)&oracle_##name;
#include "ops.def"
#undef OP
}

static bool exhaustive_wanted(const struct proof *p, int i)
{
    const enum op_id op = exhaustive[i].op;
    return p->options->exhaustive && !p->contender.inherited[op] && proof_wanted(p, op_name(op));
}

int prove_ops_classes(const struct proof *p)
{
    int count = 0;
    (void)every_op_has_an_oracle;
    for (int op = 0; op < OP_COUNT; op++)
        for (int i = 0; proof_wanted(p, op_name((enum op_id)op)) && classes[op][i].run; i++) count++;
    for (int i = 0; i < EXHAUSTIVE; i++) count += exhaustive_wanted(p, i);
    return count;
}

static void prove_class(struct proof *p, enum op_id op, const struct case_class *class)
{
    struct proof_row row;
    row_begin(p, &row, op_name(op), class->cases, p->contender.inherited[op]);
    proof_begin_stream(p, op_name(op), class->cases);
    class->run(p, &row);
    row_end(p, &row);
}

void prove_ops(struct proof *p, void (*done)(struct proof *p))
{
    for (int op = 0; op < OP_COUNT; op++) {
        if (!proof_wanted(p, op_name((enum op_id)op))) continue;
        for (const struct case_class *class = classes[op]; class->run && !proof_may_stop(p); class ++) {
            if (proof_cases_wanted(p, class->cases)) prove_class(p, (enum op_id)op, class);
            done(p);
        }
    }
    for (int i = 0; i < EXHAUSTIVE; i++) {
        if (!exhaustive_wanted(p, i) || proof_may_stop(p)) continue;
        if (proof_cases_wanted(p, exhaustive[i].class.cases))
            prove_class(p, exhaustive[i].op, &exhaustive[i].class);
        done(p);
    }
}
