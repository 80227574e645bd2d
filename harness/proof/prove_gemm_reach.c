/* SPDX-License-Identifier: MIT
 *
 * gemm where a kernel that was tried on its own training step alone may end: factors, extents and strides
 * that no step uses, one matrix as both operands, and products large enough to be cut into fewer
 * multiplications. */
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_gemm.h"
#include "proof/sparse.h"

static int from_to(struct rng *r, int least, int most)
{
    return least + (int)rng_below(r, (uint32_t)(most - least + 1));
}

/* ---- alpha and beta drawn */

/* Any sign and size from 2^-24 to 2^7, a third of them within 1. */
static float draw_factor(struct rng *r)
{
    if (rng_below(r, 3) == 0) return rng_float(r, -1.0f, 1.0f);
    return cases_log_uniform(r, -24, 7);
}

/* Powers of two that leave nothing to round: |sum| < 2^23 and |C| < 2^10, so that alpha sum + beta C has 24
 * bits at most where beta is alpha's multiple by up to 2^13. */
static void draw_exact_factors(struct rng *r, struct gemm_case *c)
{
    const int exponent = from_to(r, -20, 8);
    c->alpha = ldexpf(rng_below(r, 2) ? 1.0f : -1.0f, exponent);
    c->beta = ldexpf(rng_below(r, 2) ? 1.0f : -1.0f, exponent + from_to(r, 0, 13));
}

void gemm_drawn_factors(struct proof *p, struct proof_row *row)
{
    static const enum gemm_fill fills[] = {FILL_INTEGERS, FILL_UNIFORM, FILL_ODD_A, FILL_POSITIVE};
    enum { CASES = 160 };
    struct rng r = rng_seed(p->options->seed, 29);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, fills[i % 4]);
        c.m = from_to(&r, 1, 67);
        c.n = from_to(&r, 1, 67);
        c.k = i % 16 ? from_to(&r, 1, 67) : from_to(&r, 500, 900); /* more than one block of k */
        if (cases_exact(c.fill)) {
            draw_exact_factors(&r, &c);
        } else {
            c.alpha = draw_factor(&r);
            c.beta = draw_factor(&r);
        }
        if (i % 5 == 0) c.beta = i % 10 ? 1.0f : 0.0f;
        gemm_run(p, row, &c);
    }
}

/* ---- subnormal numbers in one operand; a power of two in the other brings them back */

void gemm_subnormals(struct proof *p, struct proof_row *row)
{
    enum { CASES = 64 };
    struct rng r = rng_seed(p->options->seed, 35);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, i % 2 ? FILL_TINY_A : FILL_TINY_B);
        c.m = from_to(&r, 1, 67);
        c.n = from_to(&r, 1, 67);
        c.k = from_to(&r, 1, 67);
        gemm_run(p, row, &c);
    }
}

/* ---- extents around the plan's, and beyond */

/* Extents that a kernel may have been made for, both sides of each, and numbers drawn between powers of two.
 * Returns how many. */
static int extents(const struct proof *p, struct rng *r, int *list)
{
    const int own[] = {p->plan->inputs, p->plan->hidden, p->plan->batch, p->plan->classes};
    int count = 0;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        for (int d = -1; d <= 1; d++)
            if (own[i] + d > 0 && own[i] + d <= GEMM_LONGEST) list[count++] = own[i] + d;
    for (int power = 128; power < GEMM_LONGEST; power *= 2) {
        for (int d = -1; d <= 1; d++) list[count++] = power + d;
        for (int i = 0; i < 2; i++) list[count++] = from_to(r, power + 2, 2 * power - 2);
    }
    list[count++] = 8193;
    list[count++] = from_to(r, 8194, GEMM_LONGEST);
    return count;
}

/* The plan's first product with each extent one more or one less, for all four pairs of transposes. */
static void beside_the_plan(struct proof *p, struct proof_row *row, struct rng *r)
{
    for (int i = 0; i < 4; i++) {
        struct gemm_case c = gemm_random_case(p, r, FILL_SMALL_INTEGERS);
        c.ta = i & 1 ? TRANS : NO_TRANS;
        c.tb = i & 2 ? TRANS : NO_TRANS;
        c.m = p->plan->batch + (rng_below(r, 2) ? 1 : -1);
        c.n = p->plan->hidden + (rng_below(r, 2) ? 1 : -1);
        c.k = p->plan->inputs + (rng_below(r, 2) ? 1 : -1);
        if (gemm_fits(&c)) gemm_run(p, row, &c);
    }
}

/* One long extent in turn of m, n and k, the others a few; then two of middling length and a short one. All
 * fills are exact: a bound for a long sum would forgive a lost term. */
void gemm_beyond_the_plan(struct proof *p, struct proof_row *row)
{
    enum { PAIRS = 24 };
    int list[CASES_MAX_COUNTS];
    struct rng r = rng_seed(p->options->seed, 30);
    const int count = extents(p, &r, list);
    for (int i = 0; i < 3 * count + PAIRS; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_SMALL_INTEGERS);
        int extent[3] = {from_to(&r, 2, 5), from_to(&r, 2, 5), from_to(&r, 2, 5)};
        extent[i % 3] = i < 3 * count ? list[i / 3] : from_to(&r, 100, 1000);
        if (i >= 3 * count) extent[(i + 1) % 3] = from_to(&r, 100, 1000);
        c.m = extent[0];
        c.n = extent[1];
        c.k = extent[2];
        c.special = i; /* of no meaning for this fill: numbers the case */
        if (gemm_fits(&c)) gemm_run(p, row, &c);
    }
    beside_the_plan(p, row, &r);
}

/* ---- rows 2^30 floats and more apart */

enum far_operand { FAR_A, FAR_B, FAR_C, FAR_COUNT };
enum { FAR_ROWS = 5, FAR_COLUMNS = 40, PAGE_FLOATS = 1024 };

/* The rows of a matrix, each at the end of a page that nothing follows. */
static float *back_rows(struct sparse *s, int rows, int cols, int ld)
{
    uint8_t *first = NULL;
    for (int i = 0; i < rows; i++) {
        const size_t at = ((size_t)i * (size_t)ld + PAGE_FLOATS - (size_t)cols) * sizeof(float);
        uint8_t *row = sparse_back(s, at, (size_t)cols * sizeof(float));
        if (!row) return NULL;
        if (i == 0) first = row;
    }
    return (float *)(void *)first;
}

static void copy_rows(float *to, int ldto, const float *from, int ldfrom, int rows, int cols)
{
    for (int i = 0; i < rows; i++)
        memcpy(to + (size_t)i * (size_t)ldto, from + (size_t)i * (size_t)ldfrom, (size_t)cols * sizeof *to);
}

/* The case's operands close together, as the oracle takes them, and the one that is far. */
struct far {
    float a[FAR_ROWS * FAR_COLUMNS], b[FAR_ROWS * FAR_COLUMNS], c[FAR_ROWS * FAR_COLUMNS];
    int lda, ldb;
};

static void check_far(struct proof *p, struct proof_row *row, const struct gemm_case *c, const struct far *f,
                      const float *got, int ld)
{
    struct comparison result;
    oracle_gemm(c->ta, c->tb, c->m, c->n, c->k, c->alpha, f->a, f->lda, f->b, f->ldb, c->beta, f->c, c->n,
                p->value, p->bound);
    for (int i = 0; i < c->m * c->n; i++) p->bound[i] = BOUND_EXACT;
    compare_begin(&result, "C", (long long)c->m * c->n, c->n, 0);
    compare_matrix(&result, c->m, c->n, got, ld, p->value, p->bound);
    case_check(p, row, &result);
}

static void run_far(struct proof *p, struct proof_row *row, struct sparse *s, const struct gemm_case *c,
                    enum far_operand which, int ld)
{
    static struct far f;
    f.lda = c->ta ? c->m : c->k;
    f.ldb = c->tb ? c->k : c->n;
    cases_gemm_fill(c, f.a, f.lda, f.b, f.ldb, f.c, c->n);
    const int a_rows = c->ta ? c->k : c->m, b_rows = c->tb ? c->n : c->k;
    const int rows = which == FAR_A ? a_rows : which == FAR_B ? b_rows : c->m;
    const int cols = which == FAR_A ? f.lda : which == FAR_B ? f.ldb : c->n;
    float *far = back_rows(s, rows, cols, ld);
    if (!far) {
        case_fail(p, row, "%d rows %d floats apart: no such address space (ulimit -v?)", rows, ld);
        return;
    }
    copy_rows(far, ld, which == FAR_A ? f.a : which == FAR_B ? f.b : f.c, cols, rows, cols);
    float near_c[FAR_ROWS * FAR_COLUMNS];
    memcpy(near_c, f.c, sizeof near_c);
    float *const out = which == FAR_C ? far : near_c;
    const int ldc = which == FAR_C ? ld : c->n;
    CONTENDER_CALL(&p->contender, gemm, c->ta, c->tb, c->m, c->n, c->k, c->alpha, which == FAR_A ? far : f.a,
                   which == FAR_A ? ld : f.lda, which == FAR_B ? far : f.b, which == FAR_B ? ld : f.ldb,
                   c->beta, out, ldc);
    check_far(p, row, c, &f, out, ldc);
}

/* Rows that pass 2^31 and 2^32 floats; of a library with an LP64 interface, only 2^32 bytes: its indices are
 * int, and OpenBLAS 0.3.21 crashes where a product of two of them does not fit. */
static int far_stride(const struct proof *p, struct rng *r, int i)
{
    if (p->backend->flags & BACKEND_MAY_DEVIATE) return (1 << 28) - PAGE_FLOATS * from_to(r, 0, 1 << 12);
    return i % 2 ? 1 << 30 : (1 << 29) + PAGE_FLOATS * from_to(r, 1, (1 << 20) + (1 << 19) - 1);
}

/* Each operand with rows so far apart that its offsets do not fit into 32 bits. */
void gemm_far_rows(struct proof *p, struct proof_row *row)
{
    static const char *const names[FAR_COUNT] = {"A", "B", "C"};
    struct rng r = rng_seed(p->options->seed, 31);
    for (int i = 0; i < FAR_COUNT * 4 * 2; i++) {
        const enum far_operand which = (enum far_operand)(i % FAR_COUNT);
        const int ld = far_stride(p, &r, i);
        struct gemm_case c = gemm_random_case(p, &r, FILL_INTEGERS);
        struct sparse s;
        char text[200];
        c.ta = i / FAR_COUNT % 2 ? TRANS : NO_TRANS;
        c.tb = i / FAR_COUNT / 2 % 2 ? TRANS : NO_TRANS;
        c.m = which == FAR_C || !c.ta ? FAR_ROWS : from_to(&r, 1, FAR_COLUMNS);
        c.n = which == FAR_B && c.tb ? FAR_ROWS : from_to(&r, 1, FAR_COLUMNS);
        c.k = (which == FAR_A && c.ta) || (which == FAR_B && !c.tb) ? FAR_ROWS : from_to(&r, 1, FAR_ROWS);
        if (c.m > FAR_ROWS && c.n > FAR_ROWS) c.n = FAR_ROWS; /* C has its place, too */
        cases_gemm_text(&c, text, sizeof text);
        if (!case_begin(p, "gemm %s, rows of %s %d floats apart", text, names[which], ld)) continue;
        if (sparse_open(&s, ((size_t)FAR_ROWS * (size_t)ld + PAGE_FLOATS) * sizeof(float)) == 0) {
            run_far(p, row, &s, &c, which, ld);
            sparse_close(&s);
        } else {
            case_fail(p, row, "rows %d floats apart: no such address space (ulimit -v?)", ld);
        }
        case_end(p, row);
    }
}

/* ---- one matrix as A and B: S S^T, S^T S, S S, S^T S^T */

void gemm_one_matrix(struct proof *p, struct proof_row *row)
{
    enum { CASES = 24 };
    struct rng r = rng_seed(p->options->seed, 32);
    for (int i = 0; i < CASES; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_INTEGERS);
        char text[200];
        c.ta = i & 1 ? TRANS : NO_TRANS;
        c.tb = i & 2 ? TRANS : NO_TRANS;
        const int rows = from_to(&r, 2, 70), cols = c.ta == c.tb ? rows : from_to(&r, 2, 70);
        c.m = c.n = c.ta ? cols : rows;
        c.k = c.ta ? rows : cols;
        cases_gemm_text(&c, text, sizeof text);
        if (!case_begin(p, "gemm %s, one matrix as A and B", text)) continue;
        const struct matrix both = place_matrix(p, ARENA_A, rows, cols, c.slack_a, c.place);
        const struct matrix out = place_matrix(p, ARENA_C, c.m, c.n, c.slack_c, c.place);
        struct rng data = rng_seed(c.seed, 12);
        cases_integers(&data, both.data, rows, cols, both.ld);
        if (c.beta != 0.0f) cases_integers(&data, out.data, c.m, c.n, out.ld);
        memcpy(p->before, out.data, matrix_floats(c.m, c.n, out.ld) * sizeof(float));
        CONTENDER_CALL(&p->contender, gemm, c.ta, c.tb, c.m, c.n, c.k, c.alpha, both.data, both.ld, both.data,
                       both.ld, c.beta, out.data, out.ld);
        oracle_gemm(c.ta, c.tb, c.m, c.n, c.k, c.alpha, both.data, both.ld, both.data, both.ld, c.beta,
                    p->before, out.ld, p->value, p->bound);
        for (int j = 0; j < c.m * c.n; j++) p->bound[j] = BOUND_EXACT;
        struct comparison result;
        compare_begin(&result, "C", (long long)c.m * c.n, c.n, 0);
        compare_matrix(&result, c.m, c.n, out.data, out.ld, p->value, p->bound);
        check_surroundings(p, &result, ARENA_C, &out);
        case_check(p, row, &result);
        case_end(p, row);
    }
}

/* ---- products cut into fewer multiplications, as Strassen's: what must be an exact zero is a difference of
 * large numbers there */

void gemm_large_zeros(struct proof *p, struct proof_row *row)
{
    struct rng r = rng_seed(p->options->seed, 33);
    const int sizes[][3] = {{160, 160, 160},
                            {256, 256, 256},
                            {from_to(&r, 129, 200), from_to(&r, 129, 300), from_to(&r, 129, 260)},
                            {from_to(&r, 129, 140), from_to(&r, 400, 600), from_to(&r, 129, 140)},
                            {from_to(&r, 257, 320), from_to(&r, 257, 320), from_to(&r, 257, 320)},
                            {520, from_to(&r, 513, 540), 514}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct gemm_case c = gemm_random_case(p, &r, FILL_ZERO_LINES);
        c.m = sizes[i][0];
        c.n = sizes[i][1];
        c.k = sizes[i][2];
        c.beta = 0.0f;
        gemm_run(p, row, &c);
    }
}
