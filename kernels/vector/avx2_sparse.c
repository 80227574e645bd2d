/* SPDX-License-Identifier: MIT
 *
 * The training step of avx2 without products of zero pixels. */
#include "backend.h"
#include "fused_sizes_avx2.h"
#include "gemm_sizes_avx2.h"
#include "vec_avx2.h"

#define SKIPS_ZEROS 1

#include "sparse_backend.inc.h"

extern const struct backend backend_avx2_sparse;
const struct backend backend_avx2_sparse = SPARSE_BACKEND("avx2_sparse", "avx2", ISA_AVX2 | ISA_FMA);
