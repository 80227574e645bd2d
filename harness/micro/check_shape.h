/* SPDX-License-Identifier: MIT */
#ifndef LB_CHECK_SHAPE_H
#define LB_CHECK_SHAPE_H

#include "micro/micro.h"

/* Whether the contender's gemm is right for this shape, on the very operands that it will be timed on: every
 * element is finite, and each of a sample (all of a small product; of a large one at least one in every row
 * and every column) lies within its derived bound of a sum in double. The proof has tried gemm on shapes of
 * its own before; this is for what it cannot know. True, or false with one line in message[size]. */
bool check_shape(struct contender *c, const struct micro_operands *o, const struct gemm_shape *shape,
                 char *message, size_t size);

#endif
