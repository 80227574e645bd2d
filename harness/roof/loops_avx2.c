/* SPDX-License-Identifier: MIT
 * AVX2 and FMA: eight floats, 12 sums in 16 registers. */
#include <immintrin.h>

typedef __m256 roof_vec;
enum { ROOF_LANES = 8, ROOF_SUMS = 12 };
#define roof_set1(x)               _mm256_set1_ps(x)
#define roof_multiply_add(a, b, c) _mm256_fmadd_ps(a, b, c)
#define roof_divide(a, b)          _mm256_div_ps(a, b)
#define roof_square_root(a)        _mm256_sqrt_ps(a)
#define roof_add(a, b)             _mm256_add_ps(a, b)

#include "roof/register_loops.h"
#include "roof/memory_loops.h"

const struct roof_loops loops_avx2 = ROOF_LOOPS;
