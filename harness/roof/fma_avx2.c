/* SPDX-License-Identifier: MIT
 * AVX2 and FMA: eight floats, 12 sums in 16 registers. */
#include <immintrin.h>

typedef __m256 roof_vec;
enum { ROOF_LANES = 8, ROOF_SUMS = 12 };
#define roof_set1(x)               _mm256_set1_ps(x)
#define roof_multiply_add(a, b, c) _mm256_fmadd_ps(a, b, c)

#include "roof/fma_loop.h"

const struct fma_loop fma_avx2 = {multiply_add, 2 * ROOF_LANES *ROOF_SUMS};
