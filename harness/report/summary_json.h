/* SPDX-License-Identifier: MIT
 *
 * summary.json: every derived figure of a run, for the report, the charts and other programs.
 * results/README.md is its dictionary. */
#ifndef LB_SUMMARY_JSON_H
#define LB_SUMMARY_JSON_H

#include <jansson.h>

#include "report/record.h"
#include "report/summary.h"

/* A new reference; NULL when out of memory. record: of the same run, with what machine.json says of it. */
json_t *summary_json(const struct summary *s, const struct record *record, int exit_code);

/* Writes folder/summary.json, whole or not at all: the last file of a run. 0 or e. */
int summary_json_write(const struct summary *s, const struct record *record, const char *folder,
                       int exit_code, struct error *e);

#endif
