/* SPDX-License-Identifier: MIT
 *
 * Prints the judgement of bench gate. */
#ifndef LB_GATE_VIEW_H
#define LB_GATE_VIEW_H

#include <stdio.h>

#include "results/gate_results.h"

void gate_print(const struct gate_line *lines, int count, const struct baseline *b, double limit, FILE *out);

#endif
