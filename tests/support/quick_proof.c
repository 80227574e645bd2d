/* SPDX-License-Identifier: MIT
 *
 * Linked into copies of the program, with --wrap=prove_backend, for tests of what comes before and after the
 * proof, in a tenth of the time: of each op only the training's own shapes, the steps in lockstep, the rules
 * of special values, which a backend may break, and on request teams of other sizes than the run's. A proof
 * that was asked for in particular (cases, exhaustive) is as ever.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proof/prove.h"

int __real_prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                         const struct proof_options *options, struct proof_verdict *verdict, struct error *e);
int __wrap_prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                         const struct proof_options *options, struct proof_verdict *verdict, struct error *e);

/* As in proof_options. Rows of gemm follow each other; the teams come last, so that what they leave behind is
 * there when the backend is timed. */
static const struct {
    const char *only, *only_cases;
    const char *wish; /* a variable of the environment without which it is left out */
} parts[] = {{"gemm", "rules of NaN, Inf, alpha, beta", NULL},
             {NULL, "training shapes", NULL},
             {NULL, "same bits, 1 to 33 threads", "QUICK_PROOF_TEAMS"}};

static void add(struct proof_verdict *sum, const struct proof_verdict *part)
{
    sum->cases += part->cases;
    sum->failed += part->failed;
    sum->deviating += part->deviating;
    sum->worst_of_bound = fmax(sum->worst_of_bound, part->worst_of_bound);
    sum->worst_of_loose = fmax(sum->worst_of_loose, part->worst_of_loose);
    sum->composed_skipped |= part->composed_skipped;
}

int __wrap_prove_backend(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                         const struct proof_options *options, struct proof_verdict *verdict, struct error *e)
{
    struct proof_options quick = *options;
    if (quick.only_cases || quick.only_case || quick.exhaustive)
        return __real_prove_backend(b, fallback, plan, options, verdict, e);
    *verdict = (struct proof_verdict){0};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct proof_verdict part;
        if (parts[i].wish && !getenv(parts[i].wish)) continue;
        if (parts[i].only && options->only && strcmp(parts[i].only, options->only) != 0) continue;
        quick.only = parts[i].only ? parts[i].only : options->only;
        quick.only_cases = parts[i].only_cases;
        if (__real_prove_backend(b, fallback, plan, &quick, &part, e)) return (int)e->code;
        if (part.cases == 0)
            return error_set(e, EXIT_INTERNAL, "the proof has no class '%s' any more", parts[i].only_cases);
        add(verdict, &part);
        if (quick.stop_when_wrong && part.failed > 0) break;
    }
    return 0;
}
