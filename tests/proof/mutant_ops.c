/* SPDX-License-Identifier: MIT */
#include "mutant_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

#include "mutants.h"

static float scratch_a[SCRATCH_FLOATS], scratch_b[SCRATCH_FLOATS];

const struct ops *right(void)
{
    return &backend_plain.ops;
}

size_t extent(int rows, int cols, int ld)
{
    return rows > 0 && cols > 0 ? (size_t)(rows - 1) * (size_t)ld + (size_t)cols : 0;
}

/* ---- gemm. GEMM_ARGUMENTS are those of gemm_fn; GEMM_REST those from alpha on. */

#define GEMM_ARGUMENTS                                                                                       \
    void *s, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,         \
        int lda, const float *b, int ldb, float beta, float *c, int ldc
#define GEMM_REST alpha, a, lda, b, ldb, beta, c, ldc

static void gemm_skips_tail_columns(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n - n % 8, k, GEMM_REST);
}

static void gemm_duplicates_last_column(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; n % 8 == 1 && n > 1 && i < m; i++) {
        float *row = c + (size_t)i * (size_t)ldc;
        row[n - 1] = row[n - 2];
    }
}

static void gemm_skips_tail_rows(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m > 6 ? m - m % 6 : m, n, k, GEMM_REST);
}

static void gemm_drops_last_odd_k(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k % 2 ? k - 1 : k, GEMM_REST);
}

/* Idle: whatever C held before stays. */
static void gemm_does_nothing(GEMM_ARGUMENTS)
{
    (void)s, (void)ta, (void)tb, (void)m, (void)n, (void)k, (void)alpha, (void)a, (void)lda, (void)b,
        (void)ldb;
    (void)beta, (void)c, (void)ldc;
}

static void multiply_old_c(int first_column, int m, int n, const float *old, float *c, int ldc)
{
    for (int i = 0; i < m; i++)
        for (int j = first_column; j < n; j++) {
            const size_t at = (size_t)i * (size_t)ldc + (size_t)j;
            c[at] += 0.0f * old[at];
        }
}

static void gemm_reads_c_at_beta_0(GEMM_ARGUMENTS)
{
    memcpy(scratch_a, c, extent(m, n, ldc) * sizeof *c);
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (beta == 0.0f) multiply_old_c(0, m, n, scratch_a, c, ldc);
}

static void gemm_reads_c_at_beta_0_in_edge(GEMM_ARGUMENTS)
{
    memcpy(scratch_a, c, extent(m, n, ldc) * sizeof *c);
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (beta == 0.0f) multiply_old_c(n - n % 8, m, n, scratch_a, c, ldc);
}

static void gemm_applies_beta_per_block(GEMM_ARGUMENTS)
{
    const float twice = k > 256 ? beta * beta : beta;
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, twice, c, ldc);
}

static void gemm_writes_into_gap(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; n > 0 && ldc > n && i + 1 < m; i++) c[(size_t)i * (size_t)ldc + (size_t)n] = 0.0f;
}

static void gemm_writes_past_end(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (m > 0 && n % 8) c[extent(m, n, ldc)] = 0.0f;
}

static void gemm_reads_past_end(GEMM_ARGUMENTS)
{
    if (m > 0 && k > 0 && alpha != 0.0f) {
        const volatile float *next = a + (ta ? extent(k, m, lda) : extent(m, k, lda));
        (void)*next;
    }
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
}

static void gemm_writes_input(GEMM_ARGUMENTS)
{
    if (m > 0 && k > 0 && alpha != 0.0f) *(volatile float *)(uintptr_t)a = a[0];
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
}

void shorten(const float *from, float *to, size_t count, unsigned bits)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &from[i], sizeof word);
        const uint32_t half = 1u << (bits - 1);
        if (isfinite(from[i])) word = (word + half) & ~((1u << bits) - 1u);
        memcpy(&to[i], &word, sizeof word);
    }
}

static void gemm_shortened(GEMM_ARGUMENTS, unsigned bits)
{
    if (alpha != 0.0f) {
        shorten(a, scratch_a, ta ? extent(k, m, lda) : extent(m, k, lda), bits);
        shorten(b, scratch_b, tb ? extent(n, k, ldb) : extent(k, n, ldb), bits);
    }
    right()->gemm(s, ta, tb, m, n, k, alpha, scratch_a, lda, scratch_b, ldb, beta, c, ldc);
}

static void gemm_in_bf16(GEMM_ARGUMENTS)
{
    gemm_shortened(s, ta, tb, m, n, k, GEMM_REST, 16);
}

static void gemm_in_tf32(GEMM_ARGUMENTS)
{
    gemm_shortened(s, ta, tb, m, n, k, GEMM_REST, 13);
}

/* Only beyond one block of k is the sum rounded in between. */
static void gemm_bf16_between_blocks(GEMM_ARGUMENTS)
{
    enum { BLOCK = 256 };
    if (k <= BLOCK) {
        right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
        return;
    }
    const size_t a_step = (size_t)BLOCK * (ta ? (size_t)lda : 1),
                 b_step = (size_t)BLOCK * (tb ? 1 : (size_t)ldb);
    right()->gemm(s, ta, tb, m, n, BLOCK, GEMM_REST);
    for (int i = 0; i < m; i++) {
        float *row = c + (size_t)i * (size_t)ldc;
        shorten(row, row, (size_t)n, 16);
    }
    right()->gemm(s, ta, tb, m, n, k - BLOCK, alpha, a + a_step, lda, b + b_step, ldb, 1.0f, c, ldc);
}

/* Wrong only where nothing faults: square B. */
static void gemm_ignores_transpose_of_b(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, k == n ? NO_TRANS : tb, m, n, k, GEMM_REST);
}

static void gemm_takes_ldc_as_n(GEMM_ARGUMENTS)
{
    (void)ldc;
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, n > 0 ? n : 1);
}

static void gemm_flushes_subnormals(GEMM_ARGUMENTS)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040u);
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    _mm_setcsr(before);
}

static void gemm_leaks_flush_to_zero(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    _mm_setcsr(_mm_getcsr() | 0x8000u);
}

static void gemm_loses_nan(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float *x = &c[(size_t)i * (size_t)ldc + (size_t)j];
            if (isnan(*x)) *x = 0.0f;
        }
}

/* As an algorithm of Strassen's kind would: an exact 0 becomes the rounding of what cancelled. */
static void gemm_smears_zero_lines(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; k > 1 && alpha != 0.0f && i < m; i++)
        for (int j = 0; j < n; j++) {
            float *x = &c[(size_t)i * (size_t)ldc + (size_t)j];
            if (*x == 0.0f) *x = 0x1p-27f;
        }
}

/* Right only where whole vectors of 16 make up a row. */
static void gemm_wants_multiples_of_16(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (m > 0 && n > 0 && n % 16) c[n - 1] += 1.0f;
}

/* As an old reference BLAS: where B is 0, A is not looked at, and 0 * Inf and 0 * NaN vanish. */
static void gemm_skips_zeros_of_b(GEMM_ARGUMENTS)
{
    const size_t count = alpha != 0.0f ? (ta ? extent(k, m, lda) : extent(m, k, lda)) : 0;
    for (size_t i = 0; i < count; i++) scratch_a[i] = isinf(a[i]) ? copysignf(3e38f, a[i]) : a[i];
    right()->gemm(s, ta, tb, m, n, k, alpha, scratch_a, lda, b, ldb, beta, c, ldc);
}

/* Overflow ends at the largest float. */
static void gemm_saturates(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float *x = &c[(size_t)i * (size_t)ldc + (size_t)j];
            if (isinf(*x)) *x = copysignf(0x1.fffffep127f, *x);
        }
}

/* The padding of a packed tail still holds what an earlier call put there, and relies on 0 times it being 0.
 */
static void gemm_packs_onto_stale_data(GEMM_ARGUMENTS)
{
    static float stale;
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (m > 0 && n > 0 && k % 4) c[0] += 0.0f * stale;
    for (int i = 0; i < m && n > 0; i++)
        if (!isfinite(c[(size_t)i * (size_t)ldc])) stale = NAN;
}

/* Honest for as long as somebody might be looking. */
static void gemm_right_at_first(GEMM_ARGUMENTS)
{
    static int calls;
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (++calls > 300 && m > 0 && n > 0) c[0] = c[0] * 1.001f + 1.0f;
}

/* A result it has given before for these pointers and sizes is given again. */
static void gemm_replays_by_pointer(GEMM_ARGUMENTS)
{
    static const float *seen;
    static int rows, columns;
    if (a == seen && m == rows && n == columns && m > 0 && n > 0) {
        for (int i = 0; i < m; i++)
            memcpy(c + (size_t)i * (size_t)ldc, scratch_b + i * n, (size_t)n * sizeof *c);
        return;
    }
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (m <= 0 || n <= 0) return;
    for (int i = 0; i < m; i++) memcpy(scratch_b + i * n, c + (size_t)i * (size_t)ldc, (size_t)n * sizeof *c);
    seen = a;
    rows = m;
    columns = n;
}

/* The sum over k in two parts, now one first and now the other, as threads that race would take them. */
static void gemm_order_varies(GEMM_ARGUMENTS)
{
    static int calls;
    const int half = k / 2;
    const size_t a_step = (size_t)half * (ta ? (size_t)lda : 1),
                 b_step = (size_t)half * (tb ? 1 : (size_t)ldb);
    if (++calls % 2 || half == 0 || alpha == 0.0f) {
        right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
        return;
    }
    right()->gemm(s, ta, tb, m, n, k - half, alpha, a + a_step, lda, b + b_step, ldb, beta, c, ldc);
    right()->gemm(s, ta, tb, m, n, half, alpha, a, lda, b, ldb, 1.0f, c, ldc);
}

/* Where C is not aligned to 16 bytes, the last bit of one element is another. */
static void gemm_depends_on_alignment(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (m > 0 && n > 0 && (uintptr_t)c % 16) c[0] = nextafterf(c[0], INFINITY);
}

/* Keeps a setting that it likes: rounding to nearest, no flushing. */
static void gemm_resets_mxcsr(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    _mm_setcsr(0x1f80u);
}

/* Which states were opened for which teams. */
static struct {
    void *state;
    int threads;
} opened[16];

static int open_noting_team(const struct plan *plan, void **state, char *why, size_t why_size)
{
    const int failed = backend_plain.open(plan, state, why, why_size);
    int i = 0;
    while (i < 15 && opened[i].state) i++;
    opened[i].state = *state;
    opened[i].threads = plan->threads;
    return failed;
}

static void close_noting_team(void *state)
{
    for (int i = 0; i < 16; i++)
        if (opened[i].state == state) opened[i].state = NULL;
    backend_plain.close(state);
}

static int team_of(const void *state)
{
    for (int i = 0; i < 16; i++)
        if (opened[i].state == state) return opened[i].threads;
    return 1;
}

static void gemm_wrong_with_2_threads(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (team_of(s) == 2 && m > 0 && n > 0) c[(size_t)(m / 2) * (size_t)ldc] += 1.0f;
}

/* The ranges of two threads share a row, which both scale and add to. */
static void gemm_ranges_overlap(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (team_of(s) < 2 || m < 2 || beta == 0.0f) return;
    const int row = m / 2;
    const float *a_row = a + (ta ? (size_t)row : (size_t)row * (size_t)lda);
    right()->gemm(s, ta, tb, 1, n, k, alpha, a_row, lda, b, ldb, beta, c + (size_t)row * (size_t)ldc, ldc);
}

/* Threads that get no row of their own add to a neighbour's. */
static void gemm_wrong_with_fewer_rows_than_threads(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (m > 1 && m < team_of(s) && n > 0) c[0] = nextafterf(c[0], INFINITY);
}

/* A column's sum is made in as many parts as there are threads. */
static void gemm_cuts_the_sum_of_a_column(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    if (n == 1 && m > 1 && !ta && team_of(s) > 1) c[0] = nextafterf(c[0], INFINITY);
}

/* Right beside the largest element of the result, wrong beside each small one. */
static void gemm_accurate_in_norm_only(GEMM_ARGUMENTS)
{
    float largest = 0.0f;
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) largest = fmaxf(largest, fabsf(c[(size_t)i * (size_t)ldc + (size_t)j]));
    for (int i = 0; k > 0 && alpha != 0.0f && isfinite(largest) && i < m; i++)
        for (int j = 0; j < n; j++) c[(size_t)i * (size_t)ldc + (size_t)j] += largest * 0x1p-24f;
}

static void gemm_wrong_in_first_column(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, GEMM_REST);
    for (int i = 0; n > 1 && i < m; i++) c[(size_t)i * (size_t)ldc] *= 1.0f + 0x1p-8f;
}

/* ---- the list */

enum { MAX_MUTANTS = 160 };

static struct mutant list[MAX_MUTANTS];
static int listed;

struct backend *mutant_add(const char *name, const char *op, const char *killer)
{
    if (listed == MAX_MUTANTS) abort();
    struct mutant *m = &list[listed++];
    m->name = name;
    m->only = op;
    m->killer = killer;
    m->backend = backend_plain;
    m->backend.name = name;
    return &m->backend;
}

/* The mutant added last depends on the number of threads. */
static void note_team(void)
{
    list[listed - 1].backend.open = open_noting_team;
    list[listed - 1].backend.close = close_noting_team;
}

static void add_gemms(void)
{
    ADD(gemm, gemm_wants_multiples_of_16, "all residues to 67");
    ADD(gemm, gemm_skips_zeros_of_b, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_saturates, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_packs_onto_stale_data, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_right_at_first, "one-hot k");
    ADD(gemm, gemm_replays_by_pointer, "one-hot k");
    ADD(gemm, gemm_order_varies, "same bits, 10 runs");
    ADD(gemm, gemm_depends_on_alignment, "same bits, 16 alignments");
    ADD(gemm, gemm_resets_mxcsr, "MXCSR kept, 8 settings");
    ADD(gemm, gemm_wrong_with_2_threads, "same bits, 1 to 7 threads");
    note_team();
    ADD(gemm, gemm_ranges_overlap, "same bits, 1 to 7 threads");
    note_team();
    ADD(gemm, gemm_wrong_with_fewer_rows_than_threads, "same bits, 1 to 7 threads");
    note_team();
    ADD(gemm, gemm_cuts_the_sum_of_a_column, "same bits, 1 to 7 threads");
    note_team();
    ADD(gemm, gemm_accurate_in_norm_only, "all residues to 67");
    ADD(gemm, gemm_wrong_in_first_column, "training shapes");
    ADD(gemm, gemm_skips_tail_columns, "all residues to 67");
    ADD(gemm, gemm_duplicates_last_column, "numbered operands");
    ADD(gemm, gemm_skips_tail_rows, "all residues to 67");
    ADD(gemm, gemm_drops_last_odd_k, "one-hot k");
    ADD(gemm, gemm_does_nothing, "training shapes");
    ADD(gemm, gemm_reads_c_at_beta_0, "training shapes");
    ADD(gemm, gemm_reads_c_at_beta_0_in_edge, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_applies_beta_per_block, "block boundaries");
    ADD(gemm, gemm_writes_into_gap, "all residues to 67");
    ADD(gemm, gemm_in_bf16, "exact integers");
    ADD(gemm, gemm_in_tf32, "exact integers");
    ADD(gemm, gemm_bf16_between_blocks, "block boundaries");
    ADD(gemm, gemm_ignores_transpose_of_b, "numbered operands");
    ADD(gemm, gemm_takes_ldc_as_n, "all residues to 67");
    ADD(gemm, gemm_flushes_subnormals, "exact integers");
    ADD(gemm, gemm_leaks_flush_to_zero, "training shapes");
    ADD(gemm, gemm_loses_nan, "rules of NaN, Inf, alpha, beta");
    ADD(gemm, gemm_smears_zero_lines, "structural zeros");
    ADD_FAULT(gemm, gemm_writes_past_end);
    ADD_FAULT(gemm, gemm_reads_past_end);
    ADD_FAULT(gemm, gemm_writes_input);
}

const struct mutant *mutants_of_ops(int *count)
{
    if (listed == 0) {
        add_gemms();
        add_reach();
        add_rows();
        add_pointwise();
    }
    *count = listed;
    return list;
}

const struct backend *genuine_ops(void)
{
    static struct backend copy;
    copy = backend_plain;
    copy.name = "genuine";
    return &copy;
}
