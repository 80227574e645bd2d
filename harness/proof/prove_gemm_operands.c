/* SPDX-License-Identifier: MIT
 *
 * Where the operands of a case lie: between guard pages, B within A's matrix, or rows so far apart that their
 * offsets do not fit 32 bits. */
#include <limits.h>
#include <string.h>

#include "proof/prove_gemm.h"

enum { PAGE = 4096, PAGE_FLOATS = PAGE / sizeof(float) };

static int larger(int x, int y)
{
    return x > y ? x : y;
}

/* ---- an operand in an unbacked mapping: its rows, and where a row would be looked for whose offset was cut
 * short to 32 bits, so that what goes wrong is a wrong element more often than a fault */

/* An offset cut short is -2^31 elements at least. */
static const int64_t before_distant = (int64_t)1 << 31;

/* Backs all whole pages of `count` floats at this distance from the first element and fills them with
 * canaries. True where there is nothing to back: outside the mapping. */
static bool back_pages(struct sparse *s, int64_t at, int count)
{
    const int64_t first = (at + before_distant) / PAGE_FLOATS * PAGE_FLOATS;
    const int64_t floats =
        (at + before_distant + count - first + PAGE_FLOATS - 1) / PAGE_FLOATS * PAGE_FLOATS;
    const float value = canary();
    if (first < 0 || (size_t)(first + floats) * sizeof(float) > s->bytes) return true;
    float *page =
        (float *)(void *)sparse_back(s, (size_t)first * sizeof *page, (size_t)floats * sizeof *page);
    for (int64_t i = 0; page && i < floats; i++) memcpy(&page[i], &value, sizeof value);
    return page != NULL;
}

/* So far from the mapping's start that the last element of the first row ends its page. */
static int64_t first_element(int cols)
{
    return (PAGE_FLOATS - cols % PAGE_FLOATS) % PAGE_FLOATS;
}

static bool place_distant(struct sparse *s, int rows, int cols, int ld, struct matrix *m)
{
    const int64_t start = first_element(cols), length = (int64_t)(rows - 1) * ld + cols;
    const int64_t floats = before_distant + start + length + 2 * PAGE_FLOATS;
    *m = (struct matrix){.rows = rows, .cols = cols, .ld = ld};
    bool placed = sparse_open(s, (size_t)floats * sizeof(float)) == 0;
    for (int i = 1; placed && i < rows; i++) {
        const int64_t offset = (int64_t)i * ld;
        const int64_t cut_short[] = {(int32_t)offset, (uint32_t)offset,
                                     (uint32_t)(offset * (int64_t)sizeof(float)) / sizeof(float)};
        for (int j = 0; j < 3; j++) placed = placed && back_pages(s, start + cut_short[j], cols);
    }
    for (int i = 0; placed && i < rows; i++) placed = back_pages(s, start + (int64_t)i * ld, cols);
    if (placed) m->data = (float *)(void *)s->map + before_distant + start;
    return placed;
}

/* Bytes changed beside the rows of a distant matrix, in the pages that hold them. */
static long long intruded_distant(const struct matrix *m)
{
    const float value = canary();
    long long count = 0;
    for (int i = 0; i < m->rows; i++) {
        const float *row = m->data + (int64_t)i * m->ld;
        const float *from = (const float *)((uintptr_t)row / PAGE * PAGE);
        const float *to = (const float *)(((uintptr_t)(row + m->cols) + PAGE - 1) / PAGE * PAGE);
        for (; from < to; from++)
            if ((from < row || from >= row + m->cols) && memcmp(from, &value, sizeof value) != 0)
                count += (long long)sizeof value;
    }
    return count;
}

/* ---- all three */

static bool place(struct proof *p, struct gemm_operands *o, int arena, const char *name, int rows, int cols,
                  int slack, enum placement at, struct matrix *m)
{
    if (slack >= GEMM_DISTANT) return place_distant(&o->distant, rows, cols, cols + slack, m);
    *m = place_matrix(p, arena, name, rows, cols, slack, at);
    return true;
}

bool gemm_place(struct proof *p, const struct gemm_case *c, struct gemm_operands *o)
{
    const int a_rows = c->ta ? c->k : c->m, a_cols = c->ta ? c->m : c->k;
    const int b_rows = c->tb ? c->n : c->k, b_cols = c->tb ? c->k : c->n;
    *o = (struct gemm_operands){0};
    bool placed = place(p, o, ARENA_C, "C", c->m, c->n, c->slack_c, c->place, &o->c);
    if (c->shared) {
        const int rows = larger(a_rows, c->b_row + b_rows), cols = larger(a_cols, c->b_col + b_cols);
        o->a = place_matrix(p, ARENA_A, "A and B", rows, cols, c->slack_a, c->place);
        o->b = o->a;
        o->b.data += (size_t)c->b_row * (size_t)o->a.ld + (size_t)c->b_col;
        return placed;
    }
    placed = placed && place(p, o, ARENA_A, "A", a_rows, a_cols, c->slack_a, c->place, &o->a);
    return placed && place(p, o, ARENA_B, "B", b_rows, b_cols, c->slack_b, c->place, &o->b);
}

void gemm_protect(struct proof *p, const struct gemm_case *c, void (*set)(struct guarded *g))
{
    if (c->slack_a < GEMM_DISTANT) set(&p->arena[ARENA_A]);
    if (c->slack_b < GEMM_DISTANT && !c->shared) set(&p->arena[ARENA_B]);
}

void gemm_check_surroundings(struct proof *p, const struct gemm_case *c, const struct gemm_operands *o,
                             struct comparison *result)
{
    if (c->slack_c >= GEMM_DISTANT)
        result->intruded += intruded_distant(&o->c);
    else
        check_surroundings(p, result, ARENA_C, &o->c);
}

void gemm_release(struct gemm_operands *o)
{
    sparse_close(&o->distant);
}
