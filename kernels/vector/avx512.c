/* SPDX-License-Identifier: MIT
 *
 * AVX-512 (F, BW, DQ, VL): 16 floats a vector, 32 registers. */
#include "backend.h"
#include "fused_sizes_avx512.h"
#include "gemm_sizes_avx512.h"
#include "vec_avx512.h"

#define SKIPS_ZEROS 0

#include "vector_backend.inc.h"

extern const struct backend backend_avx512;
const struct backend backend_avx512 =
    VECTOR_BACKEND("avx512", "AVX-512 intrinsics, fused training step",
                   ISA_AVX2 | ISA_FMA | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL);
