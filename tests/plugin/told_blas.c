/* SPDX-License-Identifier: MIT
 *
 * A CBLAS library of plain loops that keeps, as real ones do, one number of threads for the whole process,
 * and writes to the file TOLD_LOG what it was last told whenever a product sees a change, and at the end:
 * "CALL of product number N: told T". */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRANSPOSED = 112 };

void openblas_set_num_threads(int threads);
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc);

static int told, seen = -1;
static long calls;

static void write_down(const char *what)
{
    const char *path = getenv("TOLD_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    if (!log) return;
    fprintf(log, "%s %ld: told %d\n", what, calls, told);
    fclose(log);
}

void openblas_set_num_threads(int threads)
{
    told = threads;
}

void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc)
{
    (void)order;
    if (told != seen) write_down("product");
    seen = told;
    calls++;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            float sum = 0.0f, *to = &c[i * ldc + j];
            for (ptrdiff_t p = 0; alpha != 0.0f && p < k; p++)
                sum += (ta == TRANSPOSED ? a[p * lda + i] : a[i * lda + p]) *
                       (tb == TRANSPOSED ? b[j * ldb + p] : b[p * ldb + j]);
            *to = (alpha != 0.0f ? alpha * sum : 0.0f) + (beta != 0.0f ? beta * *to : 0.0f);
        }
}

__attribute__((destructor)) static void at_the_end(void)
{
    if (calls) write_down("end");
}
