/* SPDX-License-Identifier: MIT
 *
 * Amdahl's law applied to two backends, as a sentence. */
#ifndef LB_AMDAHL_VIEW_H
#define LB_AMDAHL_VIEW_H

#include <stdio.h>

#include "results/amdahl.h"

/* "FAST against SLOW: GEMM 12x as fast, epoch 4.1x: 38 % of the epoch is now rmsprop (5 % before)", in lines
 * of so many columns (0: one line). */
void amdahl_print(FILE *out, int width, const struct amdahl *a, const struct amdahl_side *slow,
                  const struct amdahl_side *fast);

#endif
