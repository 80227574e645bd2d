/* SPDX-License-Identifier: MIT
 *
 * gemm of level 1 for one vector ISA: cache blocking and packing around tile.inc.h, for any shape and any
 * stride.
 *
 * C is cut into a grid of threads (rows x columns, never k). Inside a thread's part: columns by nc, k by kc,
 * rows by mc, or by more where k is shorter than kc; the kc x nc part of op(B) is packed into panels as wide
 * as a tile while the first tile of rows multiplies with it, op(A) is read in place where its strides are
 * harmless and packed where they would map onto few cache sets. k is cut the same way whatever the threads
 * and the tiles, so the bits do not depend on these.
 */
#ifndef LB_GEMM_BLOCKED_INC_H
#define LB_GEMM_BLOCKED_INC_H

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "gemm_tiles.inc.h"
#include "state.inc.h"

struct gemm_job {
    int m, n, k;
    float alpha, beta;
    struct view a, b;
    float *c;
    size_t ldc;
};

/* The plan's sizes, the defaults where it names none, never smaller than the largest tile. */
static struct blocking gemm_blocking(const struct blocking *asked)
{
    struct blocking b = GEMM_DEFAULT;
    if (asked->mr > 0) b.mr = min_int(asked->mr, MAX_TILE_ROWS);
    if (asked->nr >= VL && gemm_heights[min_int(asked->nr / VL, MAX_TILE_VECS)])
        b.nr = min_int(asked->nr / VL, MAX_TILE_VECS) * VL;
    if (asked->mc >= MAX_TILE_ROWS) b.mc = asked->mc;
    if (asked->nc >= MAX_TILE_VECS * VL) b.nc = asked->nc;
    if (asked->kc > 0) b.kc = asked->kc;
    return b;
}

/* How one thread cuts its part: tiles of rows x vecs, blocks of mc rows, nc columns and kc of k. */
struct gemm_cut {
    int rows, vecs;
    int mc, nc, kc;
};

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* C = beta C, for the products that vanish. */
static void scale_c(const struct gemm_job *job)
{
    if (job->beta == 1.0f) return;
    const vf beta = vf_set1(job->beta);
    for (int i = 0; i < job->m; i++)
        for (int j = 0; j < job->n; j += VL) {
            float *c = job->c + (size_t)i * job->ldc + (size_t)j;
            const int width = min_int(VL, job->n - j);
            vf_store_first(c, width, job->beta == 0.0f ? vf_zero() : vf_mul(beta, vf_load_first(c, width)));
        }
}

/* With a stride of a multiple of 4 KiB all rows of A lie in the same sets of L1, and in few of L2. Smaller
 * powers of two are read in place: 256 square, one thread of Granite Rapids, packed 172, in place 191
 * GFLOP/s. */
static bool bad_stride(struct view a)
{
    const size_t stride = a.row > a.col ? a.row : a.col;
    return stride % 1024 == 0;
}

struct block {
    int i, m, j, n, p, k;
};

/* All tiles of one mc x nc block of C for one kc of k. fresh_b: B's panels of this block are still to be
 * packed; last_use: no other block will want them. When both hold, one panel serves for all and stays in the
 * cache: 128x512x784, one thread of Granite Rapids: 145 -> 165 GFLOP/s. */
static void gemm_block(const struct gemm_job *job, const struct gemm_space *space, const struct gemm_cut *cut,
                       const struct block *at, bool fresh_b, bool last_use)
{
    const struct view b = view_at(job->b, at->p, at->j);
    const struct view a = view_at(job->a, at->i, at->p);
    const int nr = cut->vecs * VL;
    const bool packed_a = at->n > nr && bad_stride(a), one_panel = fresh_b && last_use;
    if (packed_a) pack_a(a, at->m, at->k, cut->rows, space->a);
    for (int j = 0; j < at->n; j += nr) {
        const int width = min_int(nr, at->n - j), vecs = gemm_vecs_for(width);
        float *panel = space->b + (one_panel ? 0 : (size_t)j * (size_t)at->k);
        const bool in_place = width == nr && b.col == 1;
        if (fresh_b && !in_place) pack_b(view_at(b, 0, j), at->k, width, vecs * VL, panel);
        for (int i = 0; i < at->m; i += cut->rows) {
            const int rows = min_int(cut->rows, at->m - i);
            const bool first = fresh_b && in_place && i == 0;
            const bool only = last_use && rows == at->m;
            gemm_tiles[vecs][rows](&(struct gemm_tile){
                .k = at->k,
                .width = width,
                .a = packed_a ? (struct view){space->a + (size_t)i * (size_t)at->k, 1, (size_t)rows}
                              : view_at(a, i, 0),
                .b = first ? b.data + j : panel,
                .ldb = first ? b.row : (size_t)(vecs * VL),
                .copy = first && !only ? panel : NULL,
                .alpha = job->alpha,
                .beta = at->p == 0 ? job->beta : 1.0f,
                .c = job->c + (size_t)(at->i + i) * job->ldc + (size_t)(at->j + j),
                .ldc = job->ldc,
            });
        }
    }
}

static void gemm_serial(const struct gemm_job *job, const struct gemm_space *space,
                        const struct gemm_cut *cut)
{
    for (int j = 0; j < job->n; j += cut->nc)
        for (int p = 0; p < job->k; p += cut->kc)
            for (int i = 0; i < job->m; i += cut->mc) {
                const struct block at = {i, min_int(cut->mc, job->m - i), j, min_int(cut->nc, job->n - j),
                                         p, min_int(cut->kc, job->k - p)};
                gemm_block(job, space, cut, &at, i == 0, i + cut->mc >= job->m);
            }
}

/* Rows x columns of the thread grid: the split that leaves the busiest thread the least work, counting whole
 * tiles and the packing of its columns (about as dear as four rows of multiply-adds). */
static void thread_grid(int m, int n, int rows, int nr, int threads, int *grid_m, int *grid_n)
{
    double best = 0;
    for (int gm = 1; gm <= threads; gm++) {
        const int gn = threads / gm;
        const double high = (double)round_up((m + gm - 1) / gm, rows);
        const double wide = (double)round_up((n + gn - 1) / gn, nr);
        const double work = (high + 4) * wide;
        if (gm == 1 || work < best) best = work, *grid_m = gm, *grid_n = gn;
    }
}

/* Start of part i of `parts` of n, at a multiple of `unit`. */
static int part_start(int n, int unit, int parts, int i)
{
    const long long units = (n + unit - 1) / unit;
    return min_int(n, (int)(units * i / parts) * unit);
}

/* k is cut the same way for every thread and every grid. */
static struct gemm_cut gemm_cut_of(const struct blocking *blocking, const struct gemm_job *part, int kc)
{
    struct gemm_cut cut = {.kc = kc, .vecs = gemm_tile_vecs(blocking, part->m, part->n, part->k)};
    cut.rows = gemm_tile_rows(blocking, part->m, cut.vecs);
    const long long area = (long long)blocking->mc * blocking->kc; /* of A, in L2 */
    const int rows_most = (int)(area / kc / cut.rows) * cut.rows;
    cut.mc = round_up(even_part(part->m, rows_most), cut.rows);
    cut.nc = blocking->nc / (cut.vecs * VL) * cut.vecs * VL;
    return cut;
}

/* A narrow product of a transposed matrix, such as the weight gradient of the output layer: vectors along n
 * would be half empty, but the rows of A's storage run along m. So C^T = op(B)^T op(A)^T is made, mc rows of
 * C at a time, and transposed into C. One thread, 512x10x128, GFLOP/s: 114 -> 182 (AVX-512). */
static bool is_better_transposed(const struct gemm_job *job)
{
    return job->a.row == 1 && job->a.col != 1 && job->n < 2 * VL && job->n % VL != 0 && job->n < job->m;
}

static struct view transposed(struct view v)
{
    return (struct view){v.data, v.col, v.row};
}

/* C = alpha * C^T's transpose + beta * C, `m` rows. */
static void write_transposed(const struct gemm_job *job, const float *ct, int m, float *c)
{
    const struct view from = {ct, (size_t)m, 1};
    if (job->alpha == 1.0f && job->beta == 0.0f) {
        pack_columns(from, job->n, m, c, job->ldc);
        return;
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < job->n; j++) {
            float *to = c + (size_t)i * job->ldc + j;
            const float product = job->alpha * view_at(from, j, i).data[0];
            *to = job->beta == 0.0f ? product : fmaf(job->beta, *to, product);
        }
}

static void gemm_transposed(const struct gemm_job *job, const struct gemm_space *space,
                            const struct blocking *blocking)
{
    for (int i = 0; i < job->m; i += blocking->mc) {
        const int m = min_int(blocking->mc, job->m - i);
        const struct gemm_job part = {.m = job->n,
                                      .n = m,
                                      .k = job->k,
                                      .alpha = 1.0f,
                                      .a = transposed(job->b),
                                      .b = transposed(view_at(job->a, i, 0)),
                                      .c = space->transposed,
                                      .ldc = (size_t)m};
        const struct gemm_cut cut = gemm_cut_of(blocking, &part, even_part(job->k, blocking->kc));
        gemm_serial(&part, space, &cut);
        write_transposed(job, space->transposed, m, job->c + (size_t)i * job->ldc);
    }
}

static void gemm_part(const struct gemm_job *job, const struct gemm_space *space,
                      const struct blocking *blocking, int grid_m, int grid_n, int t)
{
    const int i0 = part_start(job->m, blocking->mr, grid_m, t / grid_n),
              i1 = part_start(job->m, blocking->mr, grid_m, t / grid_n + 1);
    const int j0 = part_start(job->n, blocking->nr, grid_n, t % grid_n),
              j1 = part_start(job->n, blocking->nr, grid_n, t % grid_n + 1);
    struct gemm_job part = *job;
    part.m = i1 - i0;
    part.n = j1 - j0;
    part.a = view_at(job->a, i0, 0);
    part.b = view_at(job->b, 0, j0);
    part.c = job->c + (size_t)i0 * job->ldc + (size_t)j0;
    if (part.m <= 0 || part.n <= 0) return;
    if (is_better_transposed(job)) {
        gemm_transposed(&part, space, blocking);
    } else {
        const struct gemm_cut cut = gemm_cut_of(blocking, &part, even_part(job->k, blocking->kc));
        gemm_serial(&part, space, &cut);
    }
    _mm256_zeroupper(); /* gcc copies structs through vectors, and does not see that the loops clear them */
}

/* Multiply-adds below which waking a team costs more than it gives. */
enum { GEMM_TEAM_WORTHWHILE = 1 << 18 };

static void gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const struct gemm_job job = {
        .m = m,
        .n = n,
        .k = k,
        .alpha = alpha,
        .beta = beta,
        .c = c,
        .ldc = (size_t)ldc,
        .a = {a, ta ? 1 : (size_t)lda, ta ? (size_t)lda : 1},
        .b = {b, tb ? 1 : (size_t)ldb, tb ? (size_t)ldb : 1},
    };
    if (m <= 0 || n <= 0) return;
    if (k <= 0 || alpha == 0.0f) {
        scale_c(&job);
        return;
    }
    const struct gemm_state *g = gemm_state_of(state);
    const bool small = (double)m * n * k < GEMM_TEAM_WORTHWHILE;
    const int threads = small ? 1 : g->threads;
    int grid_m = 1, grid_n = 1;
    thread_grid(m, n, g->blocking.mr, g->blocking.nr, threads, &grid_m, &grid_n);
    if (grid_m * grid_n == 1) {
        gemm_part(&job, &g->spaces[0], &g->blocking, 1, 1, 0);
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < grid_m * grid_n; t++)
        gemm_part(&job, &g->spaces[omp_get_thread_num()], &g->blocking, grid_m, grid_n, t);
}

static void gemm_close(struct gemm_state *g)
{
    for (int t = 0; g->spaces && t < g->threads; t++) {
        free(g->spaces[t].a);
        free(g->spaces[t].b);
        free(g->spaces[t].transposed);
    }
    free(g->spaces);
    g->spaces = NULL;
}

/* 0, or 1 when out of memory. */
static int gemm_open(struct gemm_state *g, const struct plan *plan)
{
    g->threads = plan->threads;
    g->blocking = gemm_blocking(&plan->blocking);
    g->spaces = calloc((size_t)g->threads, sizeof *g->spaces);
    const struct blocking *b = &g->blocking;
    for (int t = 0; g->spaces && t < g->threads; t++) {
        struct gemm_space *space = &g->spaces[t];
        /* A panel that is narrower than its tile is padded, by less than the widest tile. */
        space->a = aligned_alloc(64, (size_t)round_up(b->mc * b->kc, VL) * sizeof(float));
        space->b = aligned_alloc(64, (size_t)(b->nc + MAX_TILE_VECS * VL) * (size_t)b->kc * sizeof(float));
        space->transposed = aligned_alloc(64, (size_t)round_up(2 * b->mc, 16) * VL * sizeof(float));
        if (space->a && space->b && space->transposed) continue;
        gemm_close(g);
    }
    return !g->spaces;
}

#endif
