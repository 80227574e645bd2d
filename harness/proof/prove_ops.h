/* SPDX-License-Identifier: MIT
 *
 * The provers of level 1: for each op of ops.def a list of classes of cases, classes_<op>. */
#ifndef LB_PROVE_OPS_H
#define LB_PROVE_OPS_H

#include "proof/proof_context.h"

/* One class of cases of one op: one row of the report. Lists end with a NULL run. */
struct case_class {
    const char *cases;
    void (*run)(struct proof *p, struct proof_row *row);
};

#define OP(name) extern const struct case_class classes_##name[];
#include "ops.def"
#undef OP

/* Number of classes of all wanted ops, for the progress. */
int prove_ops_classes(const struct proof *p);

/* Runs them all; done is called after each class. */
void prove_ops(struct proof *p, void (*done)(struct proof *p));

#endif
