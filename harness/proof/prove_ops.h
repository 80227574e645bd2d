/* SPDX-License-Identifier: MIT
 *
 * The proof of level 1: the classes of cases of all ops. */
#ifndef LB_PROVE_OPS_H
#define LB_PROVE_OPS_H

#include "proof/proof_context.h"

/* Number of classes of all wanted ops, for the progress. */
int prove_ops_classes(const struct proof *p);

/* Runs them all; done is called after each class. */
void prove_ops(struct proof *p, void (*done)(struct proof *p));

#endif
