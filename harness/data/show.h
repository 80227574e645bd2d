/* SPDX-License-Identifier: MIT */
#ifndef LB_SHOW_H
#define LB_SHOW_H

#include <stdio.h>

#include "data/dataset.h"

/* Prints a data set for people (`bench data`): where it comes from; shape, type and ends of its
 * arrays; counts, a few digits drawn with characters, checksums. 0, or EXIT_INTERNAL when writing failed. */
int data_show(const struct dataset *d, FILE *out);

#endif
