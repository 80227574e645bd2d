/* SPDX-License-Identifier: MIT
 * Baseline x86-64: four floats, separate multiplication and addition, 12 sums in 16 registers. */
#include <xmmintrin.h>

typedef __m128 roof_vec;
enum { ROOF_LANES = 4, ROOF_SUMS = 12 };
#define roof_set1(x)               _mm_set1_ps(x)
#define roof_multiply_add(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define roof_divide(a, b)          _mm_div_ps(a, b)
#define roof_square_root(a)        _mm_sqrt_ps(a)
#define roof_add(a, b)             _mm_add_ps(a, b)

#include "roof/register_loops.h"
#include "roof/memory_loops.h"

const struct roof_loops loops_baseline = ROOF_LOOPS;
