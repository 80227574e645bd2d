/* SPDX-License-Identifier: MIT */
#include "results/verified.h"

#include <stdio.h>

/* "" when there is none, or more is wrong than that. */
static const char *deviation(const struct proof_verdict *v, char text[PROOF_DEVIATION_TEXT])
{
    return proof_deviation(proof_passed(v) ? v->deviating : 0, text);
}

void csv_verified(struct csv *c, const struct proof_verdict *verdict)
{
    char text[PROOF_DEVIATION_TEXT];
    if (*deviation(verdict, text))
        csv_text(c, text);
    else
        csv_integer(c, proof_passed(verdict));
}

json_t *json_verified(const struct proof_verdict *verdict)
{
    char text[PROOF_DEVIATION_TEXT];
    return *deviation(verdict, text) ? json_string(text) : json_boolean(proof_passed(verdict));
}

const char *verified_text(const struct proof_verdict *verdict, char text[PROOF_DEVIATION_TEXT])
{
    if (!*deviation(verdict, text))
        snprintf(text, PROOF_DEVIATION_TEXT, "%s", proof_passed(verdict) ? "yes" : "NO");
    return text;
}
