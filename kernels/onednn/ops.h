/* SPDX-License-Identifier: MIT
 *
 * The ops of level 1 that can be had for any shape without making a primitive per shape. That is the GEMM,
 * through the library's BLAS-like entry; gather is the plain loop that the training step uses. The
 * element-wise ops are inherited: oneDNN has them only as primitives of one shape each, and its exp and log
 * are not within 1 ulp. */
#ifndef LANEBENCH_ONEDNN_OPS_H
#define LANEBENCH_ONEDNN_OPS_H

#include "backend.h"
#include "library.h"

/* C = beta * C, without reading it where beta is 0. */
static void scale_rows(int threads, int m, int n, float beta, float *c, int ldc)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int i = 0; i < m; i++) {
        float *row = c + (size_t)i * (size_t)ldc;
        for (int j = 0; j < n; j++) row[j] = beta == 0.0f ? 0.0f : beta * row[j];
    }
}

static void gemm_rows(int threads, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    if (m == 0 || n == 0) return;
    if (k == 0 || alpha == 0.0f) { /* the library would read A and B, or leave C as it was */
        scale_rows(threads, m, n, beta, c, ldc);
        return;
    }
    const dnnl_status_t status =
        dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (status != dnnl_success) library_abort("dnnl_sgemm", status);
}

#endif
