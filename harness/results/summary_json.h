/* SPDX-License-Identifier: MIT
 *
 * summary.json: every derived figure of a run, for the report, the charts and other programs.
 * results/README.md is its dictionary. */
#ifndef LB_SUMMARY_JSON_H
#define LB_SUMMARY_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "results/record.h"
#include "results/summary.h"
#include "results/target_results.h"

/* A new reference; NULL when out of memory. record: of the same run, with what machine.json says of it; its
 * root may be NULL. target: NULL when the run has none. */
json_t *summary_json(const struct summary *s, const struct record *record,
                     const struct target_results *target, int exit_code);

/* A row of the proof, for bench prove --json. */
json_t *summary_json_proof_row(const struct registry_entry *entry, const struct proof_row *row);

/* Writes dir/summary.json, whole or not at all: the last file of a run. root NULL: out of memory. 0 or e.
 */
int summary_json_write(const json_t *root, const char *dir, struct error *e);

#endif
