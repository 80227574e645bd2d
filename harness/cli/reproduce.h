/* SPDX-License-Identifier: MIT
 *
 * A failing case of the proof, for people: where its result is wrong, and the command that shows it again. */
#ifndef LB_REPRODUCE_H
#define LB_REPRODUCE_H

#include <stdio.h>

#include "backends/registry.h"
#include "cli/options.h"
#include "proof/prove.h"

/* The map of the wrong region with its scale; nothing where there is none. */
void reproduce_print_map(FILE *out, const struct proof_failure *f);

/* The `bench prove` line that runs exactly this case again: options that differ from their defaults are
 * repeated, and whatever the environment set. Broken, on a terminal, so that a shell still takes it. */
void reproduce_print_command(FILE *out, const struct options *o, const struct registry_entry *entry,
                             const char *case_text);

/* The first cases of a row that deviate from a rule, with map and command each. */
void reproduce_print_deviations(FILE *out, const struct options *o, const struct registry_entry *entry,
                                const struct proof_row *row);

/* One line on a backend whose only failures are declared deviations; else nothing. */
void reproduce_warn_deviation(FILE *out, const struct registry_entry *entry,
                              const struct proof_verdict *verdict);

#endif
