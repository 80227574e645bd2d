/* SPDX-License-Identifier: MIT
 *
 * The proof: is this opened contender numerically equivalent to the oracle, at both levels of the contract?
 */
#ifndef LB_PROVE_H
#define LB_PROVE_H

#include "proof/proof.h"

/* Runs everything on an opened contender with the given plan. Opens further instances of the same backend for
 * plans of its own. Returns 0 when it could run to its end (the verdict says how), else e. */
int prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                  const struct proof_options *options, struct proof_verdict *verdict, struct error *e);

#endif
