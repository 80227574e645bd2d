/* SPDX-License-Identifier: MIT
 *
 * The Fortran and the C face of BLAS SGEMM in front of one backend, so that testers written by others can
 * judge it: preload this library into them.
 *
 *   BENCH_BLAS_BACKEND  the backend, by default naive; the process ends with 77 when it cannot run here
 *   OMP_NUM_THREADS     its threads, by default 1
 *   BENCH_BLAS_COUNT    a file that receives the number of products computed, when the process exits
 *   BENCH_BLAS_BREAK    makes the library wrong on purpose, to see that the tester notices: "column" adds to
 * the last column of every result, "bf16" computes from operands cut to bfloat16 (of dense row-major
 * operands), "arguments" does not report illegal arguments
 *
 * Columns first or rows first is a matter of names: a column-major matrix is its row-major transpose, so
 * C = A B by columns is C' = B' A' by rows. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/contender.h"
#include "backends/registry.h"
#include "machine/cpu.h"
#include "../support/plan.h"

enum { ROW_MAJOR = 101, COLUMN_MAJOR = 102, CBLAS_NO_TRANS = 111, CBLAS_TRANS = 112, CBLAS_CONJ_TRANS = 113 };

/* Error handlers that BLAS lets every program replace, if the program or its BLAS has them. */
extern void xerbla_(const char *routine, const int *argument, size_t routine_length) __attribute__((weak));
extern void cblas_xerbla(int argument, const char *routine, const char *format, ...) __attribute__((weak));

/* Part of reference CBLAS' interface: by these its handlers know where a complaint comes from. */
extern int RowMajorStrg, CBLAS_CallFromC;
int RowMajorStrg, CBLAS_CallFromC;

void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
            const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
            const float *beta, float *c, const int *ldc);
void cblas_sgemm(int order, int transa, int transb, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc);
long bench_blas_calls(void);

static struct contender contender;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static long calls;

static void give_up(enum exit_code code, const char *name, const char *why)
{
    fprintf(stderr, "blas_shim: backend %s: %s\n", name, why);
    _exit((int)code);
}

static void open_backend(void)
{
    const char *const chosen = getenv("BENCH_BLAS_BACKEND");
    const char *const name = chosen && chosen[0] ? chosen : "naive";
    const char *const threads = getenv("OMP_NUM_THREADS");
    const char *const cap = getenv("BENCH_MAX_ISA");
    struct error e = {0};
    char why[256];
    if (cap && cpu_set_cap(cap, "BENCH_MAX_ISA", &e)) give_up(e.code, name, e.text);
    const struct registry_entry *const entry = registry_resolve(name, &e);
    if (!entry) give_up(e.code, name, e.text);
    if (registry_status(entry, why, sizeof why) != BACKEND_READY) give_up(EXIT_NOTHING, name, why);
    const struct plan plan =
        TEST_PLAN(.threads = threads && atoi(threads) > 0 ? atoi(threads) : 1, .inputs = 784, .hidden = 128,
                  .classes = 10, .batch = 128, .argument = entry->argument, .isa = cpu_usable());
    if (contender_open(&contender, entry->backend, registry_fallback_for(entry->backend), &plan, &e))
        give_up(e.code, name, e.text);
}

static int broken(const char *how)
{
    const char *const wanted = getenv("BENCH_BLAS_BREAK");
    return wanted && strcmp(wanted, how) == 0;
}

/* A copy of rows x cols elements with the lower 16 bits of each cut off; NULL when out of memory. */
static float *cut_to_bf16(int rows, int cols, const float *x, int ld)
{
    float *const copy = malloc((size_t)rows * (size_t)ld * sizeof *copy + sizeof *copy);
    for (int i = 0; copy && i < rows; i++)
        for (int j = 0; j < cols; j++) {
            const size_t at = (size_t)i * (size_t)ld + (size_t)j;
            uint32_t bits;
            memcpy(&bits, &x[at], sizeof bits);
            bits &= 0xffff0000u;
            memcpy(&copy[at], &bits, sizeof bits);
        }
    return copy;
}

/* Row-major. The arguments are legal and there is something to do. */
static void product(enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,
                    int lda, const float *b, int ldb, float beta, float *c, int ldc, int last_is_row)
{
    float *low_a = NULL, *low_b = NULL;
    if (broken("bf16") && alpha != 0.0f && k > 0) {
        low_a = ta ? cut_to_bf16(k, m, a, lda) : cut_to_bf16(m, k, a, lda);
        low_b = tb ? cut_to_bf16(n, k, b, ldb) : cut_to_bf16(k, n, b, ldb);
    }
    CONTENDER_CALL(&contender, gemm, ta, tb, m, n, k, alpha, low_a ? low_a : a, lda, low_b ? low_b : b, ldb,
                   beta, c, ldc);
    if (broken("column")) {
        const int count = last_is_row ? n : m;
        for (int i = 0; i < count; i++) {
            float *const x = last_is_row ? &c[(size_t)(m - 1) * (size_t)ldc + (size_t)i]
                                         : &c[(size_t)i * (size_t)ldc + n - 1];
            *x += 0.01f * (1.0f + *x * *x);
        }
    }
    free(low_a);
    free(low_b);
}

/* 0 or 1 for NO_TRANS or TRANS, -1 for what is neither. */
static int transpose_of(char letter)
{
    if (letter == 'N' || letter == 'n') return NO_TRANS;
    return letter != 0 && strchr("TtCc", letter) ? TRANS : -1;
}

static int at_least_one(int x)
{
    return x > 1 ? x : 1;
}

/* The number of the first illegal argument of Fortran's SGEMM, 0 when all are legal. */
static int illegal_argument(int ta, int tb, int m, int n, int k, int lda, int ldb, int ldc)
{
    if (ta < 0) return 1;
    if (tb < 0) return 2;
    if (m < 0) return 3;
    if (n < 0) return 4;
    if (k < 0) return 5;
    if (lda < at_least_one(ta ? k : m)) return 8;
    if (ldb < at_least_one(tb ? n : k)) return 10;
    return ldc < at_least_one(m) ? 13 : 0;
}

static void complain_fortran(int argument)
{
    if (broken("arguments")) return;
    if (xerbla_)
        xerbla_("SGEMM ", &argument, 6);
    else
        fprintf(stderr, "blas_shim: SGEMM: argument %d has an illegal value\n", argument);
}

/* Column-major, by rows swapped; rows_first: the caller thinks in rows and has swapped once already. */
static void checked(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                    int ldb, float beta, float *c, int ldc, int rows_first)
{
    const int illegal = illegal_argument(ta, tb, m, n, k, lda, ldb, ldc);
    if (illegal) {
        complain_fortran(illegal);
        return;
    }
    if (m == 0 || n == 0 || ((alpha == 0.0f || k == 0) && beta == 1.0f)) return;
    pthread_once(&once, open_backend);
    pthread_mutex_lock(&one_at_a_time);
    product((enum transpose)tb, (enum transpose)ta, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc,
            !rows_first);
    calls++;
    pthread_mutex_unlock(&one_at_a_time);
}

void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
            const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
            const float *beta, float *c, const int *ldc)
{
    checked(transpose_of(*transa), transpose_of(*transb), *m, *n, *k, *alpha, a, *lda, b, *ldb, *beta, c,
            *ldc, 0);
}

static void complain_c(int argument, const char *what, int value)
{
    if (broken("arguments")) return;
    if (cblas_xerbla)
        cblas_xerbla(argument, "cblas_sgemm", "illegal %s, %d\n", what, value);
    else
        fprintf(stderr, "blas_shim: cblas_sgemm: illegal %s, %d\n", what, value);
}

static void tell_handler(int from_c, int rows_first)
{
    CBLAS_CallFromC = from_c;
    RowMajorStrg = rows_first;
}

static int known_transpose(int t)
{
    return t == CBLAS_NO_TRANS || t == CBLAS_TRANS || t == CBLAS_CONJ_TRANS;
}

/* Illegal sizes are found behind the swap and reported by Fortran's numbers; the handler, told so,
 * translates. */
void cblas_sgemm(int order, int transa, int transb, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc)
{
    const int rows_first = order == ROW_MAJOR, ta = transa != CBLAS_NO_TRANS, tb = transb != CBLAS_NO_TRANS;
    tell_handler(1, rows_first);
    if (!rows_first && order != COLUMN_MAJOR)
        complain_c(1, "order", order);
    else if (!known_transpose(transa))
        complain_c(2, "transpose of A", transa);
    else if (!known_transpose(transb))
        complain_c(3, "transpose of B", transb);
    else if (rows_first)
        checked(tb, ta, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc, 1);
    else
        checked(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, 0);
    tell_handler(0, 0);
}

/* Products computed by the backend so far. */
long bench_blas_calls(void)
{
    return calls;
}

__attribute__((destructor)) static void write_count(void)
{
    const char *const path = getenv("BENCH_BLAS_COUNT");
    FILE *const f = path ? fopen(path, "w") : NULL;
    if (!f) return;
    fprintf(f, "%ld\n", calls);
    fclose(f);
}
