/* SPDX-License-Identifier: MIT
 *
 * A failed row of the proof, for people: what was wrong where, and the command that shows it again. */
#ifndef LB_REPRODUCE_H
#define LB_REPRODUCE_H

#include <stdio.h>

#include "backends/registry.h"
#include "cli/options.h"
#include "proof/prove.h"

/* Prints the count of failed cases and the first of them, up to PROOF_FAILURES_KEPT: each with its first
 * wrong element, a map of the wrong region, and the `bench prove` line that runs exactly that case again:
 * options that differ from their defaults are repeated, and whatever the environment set. */
void reproduce_print(FILE *out, const struct options *o, const struct registry_entry *entry,
                     const struct proof_row *row);

/* "0.731 of its bound"; in words where no share says how wrong it is. Returns text. */
const char *reproduce_share(double worst_of_bound, char *text, size_t size);

/* One line on a backend whose only failures are declared deviations; else nothing. */
void reproduce_warn_deviation(FILE *out, const struct registry_entry *entry,
                              const struct proof_verdict *verdict);

#endif
