/* SPDX-License-Identifier: MIT
 *
 * The training step of avx512 without products of zero pixels. */
#include "backend.h"
#include "fused_sizes_avx512.h"
#include "gemm_sizes_avx512.h"
#include "vec_avx512.h"

#define SKIPS_ZEROS 1

#include "sparse_backend.inc.h"

extern const struct backend backend_avx512_sparse;
const struct backend backend_avx512_sparse = SPARSE_BACKEND(
    "avx512_sparse", "avx512", ISA_AVX2 | ISA_FMA | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL);
