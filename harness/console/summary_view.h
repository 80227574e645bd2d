/* SPDX-License-Identifier: MIT
 *
 * The table at the end of a run. */
#ifndef LB_SUMMARY_VIEW_H
#define LB_SUMMARY_VIEW_H

#include <stdio.h>

#include "console/table.h"
#include "results/summary.h"

/* The table alone, to be printed or exported; free with table_free. */
void summary_table(struct table *t, const struct summary *s);

/* The table, what is notable about each contender below it. 0, or -1 where no memory was left for the table,
 * which is then missing. */
int summary_print(const struct summary *s, FILE *out);

#endif
