/* SPDX-License-Identifier: MIT
 *
 * AVX2 and FMA: 8 floats a vector, 16 registers. */
#include "backend.h"
#include "fused_sizes_avx2.h"
#include "gemm_sizes_avx2.h"
#include "vec_avx2.h"

#define SKIPS_ZEROS 0

#include "vector_backend.inc.h"

extern const struct backend backend_avx2;
const struct backend backend_avx2 =
    VECTOR_BACKEND("avx2", "AVX2 and FMA intrinsics, fused training step", ISA_AVX2 | ISA_FMA);
