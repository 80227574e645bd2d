/* SPDX-License-Identifier: MIT
 *
 * Linked into copies of the program, with --wrap=prove_backend, for tests of what comes before and after the
 * proof: of each op only the training's own shapes are proven, in a tenth of the time. A proof that was asked
 * for in particular (cases, all of an op, exhaustive) is as ever. */
#include "proof/prove.h"

int __real_prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                         const struct proof_options *options, struct proof_verdict *verdict, struct error *e);
int __wrap_prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                         const struct proof_options *options, struct proof_verdict *verdict, struct error *e);

int __wrap_prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                         const struct proof_options *options, struct proof_verdict *verdict, struct error *e)
{
    struct proof_options quick = *options;
    if (!quick.only && !quick.only_cases && !quick.only_case && !quick.exhaustive)
        quick.only_cases = "training shapes";
    return __real_prove_backend(b, fallback, plan, &quick, verdict, e);
}
