/* SPDX-License-Identifier: MIT
 * Baseline x86-64: four floats, multiplication and addition apart, 12 sums in 16 registers. */
#include <xmmintrin.h>

typedef __m128 roof_vec;
enum { ROOF_LANES = 4, ROOF_SUMS = 12 };
#define roof_set1(x)               _mm_set1_ps(x)
#define roof_multiply_add(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)

#include "roof/fma_loop.h"

const struct fma_loop fma_baseline = {multiply_add, 2 * ROOF_LANES *ROOF_SUMS};
