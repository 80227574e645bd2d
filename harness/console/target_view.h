/* SPDX-License-Identifier: MIT
 *
 * The table of times to accuracy. */
#ifndef LB_TARGET_VIEW_H
#define LB_TARGET_VIEW_H

#include <stdio.h>

#include "console/table.h"
#include "results/target_results.h"

/* The table alone, to be printed or exported; free with table_free. */
void target_table(struct table *table, const struct target_results *t,
                  const struct registry_entry *const *entries, int count, int seeds);

/* Median and spread over the seeds, one line for each contender; seeds: how many the run was asked for. A
 * training that did not reach the target counts as slower than any that did. 0, or -1 when out of memory. */
int target_print(const struct target_results *t, const struct registry_entry *const *entries, int count,
                 int seeds, FILE *out);

#endif
