/* SPDX-License-Identifier: MIT
 *
 * How much faster the fastest backend of a run is: the sentences at its end. */
#ifndef LB_SPEEDUP_VIEW_H
#define LB_SPEEDUP_VIEW_H

#include <stdio.h>

#include "results/figures.h"

/* A sentence for each other contender that trained, against the one with the least median: "avx512 is 1.61x
 * as fast as onednn (95 %: 1.55 to 1.66)", or "avx512 against onednn: not established: 3 later epochs, all
 * disturbed; run bench doctor", in lines of so many columns (0: one line). */
void speedups_print(const struct summary *s, int width, FILE *out);

#endif
