/* SPDX-License-Identifier: MIT
 *
 * Prints finished runs side by side. */
#ifndef LB_COMPARE_VIEW_H
#define LB_COMPARE_VIEW_H

#include <stdio.h>

#include "console/table.h"
#include "results/run_comparison.h"

/* The runs and how they differ, the table, why a speed is not stated, and what the comparison cannot tell. */
void compare_print(const struct run_comparison *c, FILE *out);

/* The table alone; free with table_free. */
void compare_table(struct table *t, const struct run_comparison *c);

#endif
