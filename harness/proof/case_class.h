/* SPDX-License-Identifier: MIT
 *
 * For each op of ops.def a list of classes of cases, classes_<op>, in the file of its prover. */
#ifndef LB_CASE_CLASS_H
#define LB_CASE_CLASS_H

#include "proof/proof_context.h"

/* One class of cases of one op: one row of the report. Lists end with a NULL run. */
struct case_class {
    const char *cases;
    void (*run)(struct proof *p, struct proof_row *row);
};

#define OP(name) extern const struct case_class classes_##name[];
#include "ops.def"
#undef OP

#endif
