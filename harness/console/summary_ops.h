/* SPDX-License-Identifier: MIT
 *
 * The summary's sentences about ops: where the time goes now, and what measuring that cost; in lines of so
 * many columns (0: one line each). */
#ifndef LB_SUMMARY_OPS_H
#define LB_SUMMARY_OPS_H

#include <stdio.h>

#include "results/summary.h"

/* Amdahl's law on every other backend against the fastest, where that one's speed-up is established. */
void summary_print_amdahl(const struct summary *s, int width, FILE *out);

/* What reading clocks for ops.csv took of each backend's epoch, and a remark where it is not small. */
void summary_print_clocks(const struct summary *s, int width, FILE *out);

#endif
