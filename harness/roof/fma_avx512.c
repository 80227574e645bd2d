/* SPDX-License-Identifier: MIT
 * AVX-512: sixteen floats, 24 sums in 32 registers. */
#include <immintrin.h>

typedef __m512 roof_vec;
enum { ROOF_LANES = 16, ROOF_SUMS = 24 };
#define roof_set1(x)               _mm512_set1_ps(x)
#define roof_multiply_add(a, b, c) _mm512_fmadd_ps(a, b, c)

#include "roof/fma_loop.h"

const struct fma_loop fma_avx512 = {multiply_add, 2 * ROOF_LANES *ROOF_SUMS};
