/* SPDX-License-Identifier: MIT
 * AVX-512: sixteen floats, 24 sums in 32 registers. */
#include <immintrin.h>

typedef __m512 roof_vec;
enum { ROOF_LANES = 16, ROOF_SUMS = 24 };
#define roof_set1(x)               _mm512_set1_ps(x)
#define roof_multiply_add(a, b, c) _mm512_fmadd_ps(a, b, c)
#define roof_divide(a, b)          _mm512_div_ps(a, b)
#define roof_square_root(a)        _mm512_sqrt_ps(a)
#define roof_add(a, b)             _mm512_add_ps(a, b)

#include "roof/register_loops.h"
#include "roof/memory_loops.h"

const struct roof_loops loops_avx512 = ROOF_LOOPS;
