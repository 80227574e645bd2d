/* SPDX-License-Identifier: MIT
 *
 * What files and tables say under `verified`: whether a backend was proven, or how it deviates. */
#ifndef LB_VERIFIED_H
#define LB_VERIFIED_H

#include <jansson.h>

#include "proof/prove.h"
#include "results/csv.h"

/* The field: 1, 0, or "deviates: rules (110 cases)". */
void csv_verified(struct csv *c, const struct proof_verdict *verdict);

/* The same as true, false or a text; a new reference. */
json_t *json_verified(const struct proof_verdict *verdict);

/* The same for people: "yes", "NO" or how it deviates. Returns text. */
const char *verified_text(const struct proof_verdict *verdict, char text[PROOF_DEVIATION_TEXT]);

#endif
