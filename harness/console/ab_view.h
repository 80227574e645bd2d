/* SPDX-License-Identifier: MIT
 *
 * Prints the judgement of bench ab. */
#ifndef LB_AB_VIEW_H
#define LB_AB_VIEW_H

#include <stdio.h>

#include "results/ab_results.h"

/* The verdict in the first line, what it rests on below. */
void ab_print(const struct ab_results *r, FILE *out);

/* "+1.3 %" of an effect, with as many digits as an error of `half_width` (an effect too) leaves a meaning.
 * Returns text. */
char *ab_percent(double effect, double half_width, char *text, size_t size);

#endif
