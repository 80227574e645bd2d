/* SPDX-License-Identifier: MIT
 *
 * A plug-in that does harm. Built with EVIL_BUILD it is wrong from the start, in one of the ways below; else
 * it is a right gemm whose argument (--backend evil:KIND) says what goes wrong while it is used. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xmmintrin.h>

#include "backend.h"

/* Macros, since one of them decides in the preprocessor. */
#define EVIL_IN_USE      0
#define EVIL_NO_SYMBOL   1
#define EVIL_NULL        2
#define EVIL_ABI         3
#define EVIL_SIZE        4
#define EVIL_NAME        5
#define EVIL_TAKEN       6
#define EVIL_EMPTY       7
#define EVIL_HALF_STEP   8
#define EVIL_FLAGS       9
#define EVIL_BLOCKING    10
#define EVIL_AVX512      11
#define EVIL_CRASH       12
#define EVIL_EXIT        13
#define EVIL_HANG        14
#define EVIL_CONSTRUCTOR 15
#define EVIL_FTZ         16
#define EVIL_DASH        17
#define EVIL_LONG        18
#define EVIL_PROMISE     19
#ifndef EVIL_BUILD
#define EVIL_BUILD EVIL_IN_USE
#endif

enum { BLOCK = 4096 };

struct state {
    char kind[24];
    float *block; /* with the allocator's own data after it, which free() looks at in blocks of this size */
};

static void spin(void)
{
    for (volatile int forever = 1; forever;) continue;
}

static void sleep_forever(void)
{
    for (;;) pause();
}

/* Rows of a batch that only validation has: the test's data set is made so. */
enum { ROWS_OF_VALIDATION = 77 };

static void do_harm(const struct state *s, int m, int k, const float *a)
{
    volatile int zero = 0;
    volatile size_t beyond = 64; /* bytes; volatile, so that a sanitizer of the program sees the call */
    const char *kind = s->kind;
    const int late = strncmp(kind, "late-", 5) == 0;
    if (late && (m != ROWS_OF_VALIDATION || k != 784)) return;
    if (late) kind += 5;
    if (strcmp(kind, "segv") == 0) *(volatile int *)(uintptr_t)zero = 1;
    if (strcmp(kind, "ill") == 0) __asm__ volatile("ud2");
    if (strcmp(kind, "fpe") == 0) zero = 100 / zero;
    if (strcmp(kind, "abort") == 0) abort();
    if (strcmp(kind, "exit0") == 0) exit(0);
    if (strcmp(kind, "exit3") == 0) exit(3);
    if (strcmp(kind, "leave0") == 0) _exit(0);
    if (strcmp(kind, "hang") == 0) spin();
    if (strcmp(kind, "sleep") == 0) sleep_forever();
    if (strcmp(kind, "deaf") == 0) {
        signal(SIGTERM, SIG_IGN);
        sleep_forever();
    }
    if (strcmp(kind, "input") == 0 && m > 0 && k > 0) *(float *)(uintptr_t)a += 1.0f;
    if (strcmp(kind, "heap") == 0) memset(s->block + BLOCK, 0x5a, beyond); /* found out at the next free() */
}

/* alpha = 0 reads A and B all the same. */
static bool breaks_rule(const struct state *s)
{
    return strcmp(s->kind, "rule") == 0;
}

/* The last column, where the tail of a vector is long. */
static bool leaves_tail(const struct state *s)
{
    return strcmp(s->kind, "tail") == 0;
}

static void gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float sum = 0.0f;
            for (int p = 0; (alpha != 0.0f || breaks_rule(state)) && p < k; p++) {
                const float x = ta == TRANS ? a[(ptrdiff_t)p * lda + i] : a[(ptrdiff_t)i * lda + p];
                const float y = tb == TRANS ? b[(ptrdiff_t)j * ldb + p] : b[(ptrdiff_t)p * ldb + j];
                sum += x * y;
            }
            float *out = &c[(ptrdiff_t)i * ldc + j];
            if (leaves_tail(state) && j == n - 1 && n % 32 >= 17) continue;
            *out = alpha * sum + (beta == 0.0f ? 0.0f : beta * *out);
        }
    do_harm(state, m, k, a);
    if (strcmp(((const struct state *)state)->kind, "beyond") == 0 && m > 0 && n > 0)
        c[(ptrdiff_t)(m - 1) * ldc + n] = 0.0f;
}

static int open_evil(const struct plan *plan, void **state, char *why, size_t why_size)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s || !(s->block = malloc(BLOCK * sizeof *s->block))) abort();
    strncpy(s->kind, plan->argument ? plan->argument : "", sizeof s->kind - 1);
    *state = s;
    if (strcmp(s->kind, "refuse") != 0) return 0;
    strncpy(why, "not today\n\033[31m\xff", why_size - 1);
    free(s->block);
    free(s);
    return 1;
}

static void close_evil(void *state)
{
    struct state *s = state;
    if (strcmp(s->kind, "close-segv") == 0) raise(SIGSEGV);
    free(s->block);
    free(s);
}

static void half_load(void *state, const struct model *m)
{
    (void)state, (void)m;
}

static const struct step_ops half_step = {.load = half_load};

__attribute__((unused)) static const struct backend evil = {
    .abi_version = BACKEND_ABI_VERSION + (EVIL_BUILD == EVIL_ABI),
    .struct_size = sizeof evil - 8 * (EVIL_BUILD == EVIL_SIZE),
    .name = EVIL_BUILD == EVIL_NAME    ? "Evil One"
            : EVIL_BUILD == EVIL_DASH  ? "-x"
            : EVIL_BUILD == EVIL_LONG  ? "a-name-of-33-characters-xxxxxxxxx"
            : EVIL_BUILD == EVIL_TAKEN ? "naive"
                                       : "evil",
    .summary = "does harm\n\033[31m\xff",
    .needs = EVIL_BUILD == EVIL_AVX512 ? ISA_AVX512F : 0,
    .flags = BACKEND_DETERMINISTIC | BACKEND_TAKES_ARGUMENT | (EVIL_BUILD == EVIL_FLAGS ? 1u << 30 : 0),
    .blocking = {.mr = EVIL_BUILD == EVIL_BLOCKING ? -1 : 0},
    .open = open_evil,
    .close = close_evil,
    .ops = {.gemm = EVIL_BUILD == EVIL_EMPTY ? NULL : gemm},
    .step = EVIL_BUILD == EVIL_HALF_STEP ? &half_step : NULL,
    .same_bits_as = EVIL_BUILD == EVIL_PROMISE ? "No\033One" : NULL,
};

#if EVIL_BUILD != EVIL_NO_SYMBOL
const struct backend *lanebench_backend(void)
{
    if (EVIL_BUILD == EVIL_CRASH) raise(SIGSEGV);
    if (EVIL_BUILD == EVIL_EXIT) exit(0);
    if (EVIL_BUILD == EVIL_HANG) sleep_forever();
    return EVIL_BUILD == EVIL_NULL ? NULL : &evil;
}
#endif

__attribute__((constructor)) static void construct(void)
{
    if (EVIL_BUILD == EVIL_CONSTRUCTOR) abort();
    if (EVIL_BUILD == EVIL_FTZ) _mm_setcsr(_mm_getcsr() | 0x8040); /* as crtfastmath.o does */
}
