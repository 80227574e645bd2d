/* SPDX-License-Identifier: MIT
 * Memory for tensors: aligned, sized without overflow. */
#ifndef LB_MEMORY_H
#define LB_MEMORY_H

#include <stddef.h>

/* count * size bytes, zeroed, aligned to 64 bytes; NULL on overflow or when out of memory. Free with free().
 */
void *memory_zeroed(size_t count, size_t size);

/* Like memory_zeroed, for floats. count may be 0 (then the result is a valid pointer). */
float *memory_floats(size_t count);

#endif
