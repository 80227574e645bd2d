/* SPDX-License-Identifier: MIT
 *
 * A plug-in with one op of its own: a first good GEMM for AVX2. Everything else is inherited. Compile and
 * use:
 *
 *   cc -O3 -mavx2 -mfma -fopenmp -shared -fPIC $(pkg-config --cflags lanebench) my_gemm.c -o my_gemm.so
 *   bench ab avx512 ./my_gemm.so --op gemm
 */
#include <immintrin.h>
#include <stdlib.h>

#include "backend.h"

/* A tile of MR x NR of C stays in 12 of the 16 registers; KC x NR of B, packed, is 16 KiB, half of an L1
 * cache. Threads divide C into blocks of MC rows by NR columns, and never divide k. */
enum { MR = 6, NR = 16, MC = 96, KC = 256 };

struct state {
    int threads;
};

static int min(int a, int b)
{
    return a < b ? a : b;
}

/* Packs columns j .. j+cols of kc rows of op(B) as kc x NR, zeros in the columns beyond. */
static void pack_b(int kc, int cols, const float *b, ptrdiff_t row, ptrdiff_t col, float *packed)
{
    for (int p = 0; p < kc; p++)
        for (int j = 0; j < NR; j++) packed[p * NR + j] = j < cols ? b[p * row + j * col] : 0.0f;
}

/* tile = op(A) * packed B. Rows beyond the last repeat it, so that nothing outside A is read. */
static void multiply(int rows, int kc, const float *a, ptrdiff_t row, ptrdiff_t col, const float *packed,
                     float tile[MR][NR])
{
    __m256 sum[MR][2];
    const float *line[MR];
    for (int i = 0; i < MR; i++) {
        line[i] = a + min(i, rows - 1) * row;
        sum[i][0] = sum[i][1] = _mm256_setzero_ps();
    }
    for (int p = 0; p < kc; p++) {
        const __m256 left = _mm256_loadu_ps(packed + p * NR), right = _mm256_loadu_ps(packed + p * NR + 8);
        for (int i = 0; i < MR; i++) {
            const __m256 x = _mm256_broadcast_ss(line[i] + p * col);
            sum[i][0] = _mm256_fmadd_ps(x, left, sum[i][0]);
            sum[i][1] = _mm256_fmadd_ps(x, right, sum[i][1]);
        }
    }
    for (int i = 0; i < MR; i++) {
        _mm256_storeu_ps(tile[i], sum[i][0]);
        _mm256_storeu_ps(tile[i] + 8, sum[i][1]);
    }
}

/* C = alpha * tile + beta * C; beta == 0 does not read C. */
static void update(int rows, int cols, float alpha, float tile[MR][NR], float beta, float *c, int ldc)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) {
            float *out = &c[(ptrdiff_t)i * ldc + j];
            *out = alpha * tile[i][j] + (beta == 0.0f ? 0.0f : beta * *out);
        }
}

static void gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const struct state *s = state;
    const ptrdiff_t a_row = ta == TRANS ? 1 : lda, a_col = ta == TRANS ? lda : 1; /* steps in op(A), op(B) */
    const ptrdiff_t b_row = tb == TRANS ? 1 : ldb, b_col = tb == TRANS ? ldb : 1;
    const int depth = alpha == 0.0f ? 0 : k; /* 0: A and B are not read */

#pragma omp parallel for collapse(2) num_threads(s->threads) schedule(static)
    for (int j = 0; j < n; j += NR)
        for (int top = 0; top < m; top += MC) {
            float packed[KC * NR], tile[MR][NR] = {{0.0f}};
            const int cols = min(NR, n - j), bottom = min(top + MC, m);
            for (int p = 0; p == 0 || p < depth; p += KC) {
                const int kc = min(KC, depth - p);
                if (kc > 0) pack_b(kc, cols, b + p * b_row + j * b_col, b_row, b_col, packed);
                for (int i = top; i < bottom; i += MR) {
                    const int rows = min(MR, bottom - i);
                    if (kc > 0) multiply(rows, kc, a + i * a_row + p * a_col, a_row, a_col, packed, tile);
                    update(rows, cols, kc > 0 ? alpha : 0.0f, tile, p == 0 ? beta : 1.0f,
                           c + (ptrdiff_t)i * ldc + j, ldc);
                }
            }
        }
}

static int open_state(const struct plan *plan, void **state, char *why, size_t why_size)
{
    (void)why, (void)why_size; /* a reason would go there */
    struct state *s = malloc(sizeof *s);
    if (s) s->threads = plan->threads;
    *state = s;
    return s ? 0 : -1;
}

const struct backend *lanebench_backend(void)
{
    static const struct backend my_gemm = {
        .abi_version = BACKEND_ABI_VERSION,
        .struct_size = sizeof my_gemm,
        .name = "my_gemm",
        .summary = "example plug-in: a GEMM of AVX2 tiles, the rest inherited",
        .needs = ISA_AVX2 | ISA_FMA,
        .flags =
            BACKEND_DETERMINISTIC | BACKEND_INHERITS_FASTEST, /* the other ops: the fastest ones there are */
        .blocking = {.mr = MR, .nr = NR, .mc = MC, .kc = KC},
        .open = open_state,
        .close = free,
        .ops = {.gemm = gemm},
    };
    return &my_gemm;
}
