/* SPDX-License-Identifier: MIT */
#include "proof/proof.h"

#include <stdio.h>

#include "proof/compare.h"

bool proof_passed(const struct proof_verdict *verdict)
{
    return verdict->cases > 0 && verdict->failed == 0;
}

double proof_worst(const struct proof_verdict *verdict)
{
    return proof_passed(verdict) ? verdict->worst_of_loose : verdict->worst_of_bound;
}

const char *proof_share_text(double worst_of_bound, char *text, size_t size)
{
    if (worst_of_bound >= COMPARE_HOPELESS) return "beyond any";
    snprintf(text, size, worst_of_bound < 1e4 ? "%.3f" : "%.3g", worst_of_bound);
    return text;
}

const char *proof_deviation(long long deviating, char text[PROOF_DEVIATION_TEXT])
{
    text[0] = 0;
    if (deviating > 0)
        snprintf(text, PROOF_DEVIATION_TEXT, "deviates: rules (%lld case%s)", deviating,
                 deviating == 1 ? "" : "s");
    return text;
}
