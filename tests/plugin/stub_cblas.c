/* SPDX-License-Identifier: MIT
 *
 * A CBLAS library whose gemm is right but for what STUB_BREAKS says. It reads A and B although alpha is 0; so
 * does STUB_PLAIN, which is also wrong for ordinary numbers of one shape, that of dw2 at --hidden 16, where
 * STUB_CRASH crashes. STUB_OUTSIDE, where something lies between the rows of C, keeps to that rule but writes
 * there. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define STUB_RULE    1
#define STUB_PLAIN   2
#define STUB_OUTSIDE 3
#define STUB_CRASH   4

enum { TRANSPOSED = 112 };

void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc);

void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc)
{
    (void)order; /* rows first: the caller knows no other */
    const bool outside = STUB_BREAKS == STUB_OUTSIDE && alpha == 0.0f && ldc > n && m > 1;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float sum = 0.0f;
            for (int p = 0; !outside && p < k; p++) {
                const float x = ta == TRANSPOSED ? a[(ptrdiff_t)p * lda + i] : a[(ptrdiff_t)i * lda + p];
                const float y = tb == TRANSPOSED ? b[(ptrdiff_t)j * ldb + p] : b[(ptrdiff_t)p * ldb + j];
                sum += x * y;
            }
            float *out = &c[(ptrdiff_t)i * ldc + j];
            *out = alpha * sum + (beta == 0.0f ? 0.0f : beta * *out);
        }
    if (STUB_BREAKS == STUB_PLAIN && m == 16 && n == 10) *c += 1.0f;
    if (outside) c[n] = 1.0f;
    if (STUB_BREAKS == STUB_CRASH && m == 16 && n == 10) raise(SIGSEGV);
}
