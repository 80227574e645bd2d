/* SPDX-License-Identifier: MIT
 *
 * gemm of level 1 for one vector ISA: cache blocking and packing around tile.inc.h, for any shape and any
 * stride.
 *
 * C is cut into a grid of threads (rows x columns, never k). Inside a thread's part: columns by nc, k by kc,
 * rows by mc, or by more where k is shorter than kc; the kc x nc part of op(B) is packed into panels as wide
 * as a tile while the first tile of rows multiplies with it, op(A) is read in place where its strides are
 * harmless and packed where they would map onto few cache sets. gemm_cut.inc.h has the arithmetic.
 */
#ifndef LB_GEMM_BLOCKED_INC_H
#define LB_GEMM_BLOCKED_INC_H

#include <cpuid.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "gemm_tiles.inc.h"
#include "gemm_vector.inc.h"
#include "state.inc.h"

struct gemm_job {
    int m, n, k;
    float alpha, beta;
    struct view a, b;
    float *c;
    size_t ldc;
};

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

/* Whether all rows of a panel of b, the gaps between them included, stay in L1 beside a: then it is read
 * where it lies each time. */
static bool stays_in_l1(const struct gemm_state *g, struct view b, int k)
{
    return b.col == 1 && (size_t)k * b.row * sizeof(float) <= g->resident_bytes;
}

/* Each of the last passes over the panel of B at column j fetches one vector of every row of the next panel,
 * and together they fetch all of it; where in the first row, or NULL for an earlier pass and for the last
 * panel. passes_left counts the pass itself. It is the vector's last float: a row need not begin with a cache
 * line, and the line that a panel begins in is the last of the panel before.
 *
 * Rows are far apart, so the hardware does not prefetch them. One thread of Zen 4, share of onednn's speed,
 * cold weights: 32x1000x4096 .80 -> 1.17, 14x1000x4096 .54 -> 1.59, 128x512x784 .88 -> .99. */
static const float *ahead_of_panel(struct view b, const struct gemm_cut *cut, int n, int j, int passes_left)
{
    const int next = j + cut->vecs * VL, vec = cut->vecs - passes_left;
    return next < n && vec >= 0 ? b.data + min_int(next + (vec + 1) * VL, n) - 1 : NULL;
}

/* All tiles of one mc x nc block of C for one kc of k. fresh_b: B's panels of this block are still to be
 * packed; last_use: no other block will want them. When both hold, one panel serves for all and stays in the
 * cache: 128x512x784, one thread of Granite Rapids: 145 -> 165 GFLOP/s. */
static void gemm_block(const struct gemm_job *job, const struct gemm_state *g, const struct gemm_space *space,
                       const struct gemm_cut *cut, const struct block *at, bool fresh_b, bool last_use)
{
    const struct view b = view_at(job->b, at->p, at->j);
    const struct view a = view_at(job->a, at->i, at->p);
    const int nr = cut->vecs * VL;
    const bool packed_a = at->n > nr && bad_stride(a), one_panel = fresh_b && last_use;
    const bool unpacked_b = stays_in_l1(g, b, at->k);
    const struct even_cut main_rows = cut_evenly(at->m, parts_of(at->m, cut->rows));
    if (packed_a) pack_a(a, &main_rows, at->k, space->a);
    for (int j = 0; j < at->n; j += nr) {
        const int width = min_int(nr, at->n - j), vecs = gemm_vecs_for(width);
        float *panel = space->b + (one_panel ? 0 : (size_t)j * (size_t)at->k);
        const bool in_place = width == vecs * VL && b.col == 1, from_b = in_place && (unpacked_b || fresh_b);
        const bool streams = from_b && !unpacked_b;
        const struct even_cut rows =
            packed_a || vecs == cut->vecs ? main_rows : gemm_row_tiles(&g->blocking, at->m, vecs);
        if (fresh_b && !in_place) pack_b(view_at(b, 0, j), at->k, width, vecs * VL, panel);
        struct gemm_tile args = {.k = at->k,
                                 .width = width,
                                 .b = from_b ? b.data + j : panel,
                                 .ldb = from_b ? b.row : (size_t)(vecs * VL),
                                 .copy = streams && !(last_use && rows.count == 1) ? panel : NULL,
                                 .ld_ahead = b.row,
                                 .alpha = job->alpha,
                                 .beta = at->p == 0 ? job->beta : 1.0f,
                                 .ldc = job->ldc};
        for (int t = 0; t < rows.count; t++) {
            const int i = even_start(&rows, t), height = even_length(&rows, t);
            args.a = packed_a ? (struct view){space->a + (size_t)i * (size_t)at->k, 1, (size_t)height}
                              : view_at(a, i, 0);
            args.c = job->c + (size_t)(at->i + i) * job->ldc + (size_t)(at->j + j);
            if (streams) args.ahead = ahead_of_panel(b, cut, at->n, j, rows.count - t);
            if (args.copy && !args.ahead)
                args.ahead = args.b; /* its own panel: a tile that copies must fetch */
            gemm_tiles[vecs][height](&args);
            if (!args.copy) continue;
            args.b = panel;
            args.ldb = (size_t)(vecs * VL);
            args.copy = NULL;
        }
    }
}

static void gemm_serial(const struct gemm_job *job, const struct gemm_state *g,
                        const struct gemm_space *space, const struct gemm_cut *cut)
{
    for (int j = 0; j < job->n; j += cut->nc)
        for (int p = 0; p < job->k; p += cut->kc)
            for (int i = 0; i < job->m; i += cut->mc) {
                const struct block at = {i, min_int(cut->mc, job->m - i), j, min_int(cut->nc, job->n - j),
                                         p, min_int(cut->kc, job->k - p)};
                gemm_block(job, g, space, cut, &at, i == 0, i + cut->mc >= job->m);
            }
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

static void gemm_transposed(const struct gemm_job *job, const struct gemm_state *g,
                            const struct gemm_space *space)
{
    const struct blocking *blocking = &g->blocking;
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
        const int vecs = gemm_tile_vecs(blocking, g->preferred_vecs, part.m, part.n, part.k);
        const struct gemm_cut cut = gemm_cut_of(blocking, vecs, part.m, part.k);
        gemm_serial(&part, g, space, &cut);
        write_transposed(job, space->transposed, m, job->c + (size_t)i * job->ldc);
    }
}

/* Part t of the grid. */
static void gemm_part(const struct gemm_job *job, const struct gemm_state *g, const struct gemm_space *space,
                      int vecs, const struct gemm_grid *grid, int t)
{
    const struct even_cut rows = cut_evenly(job->m, grid->rows),
                          cols = cut_evenly(parts_of(job->n, VL), grid->cols);
    const int i = even_start(&rows, t / grid->cols), j = even_start(&cols, t % grid->cols) * VL;
    struct gemm_job part = *job;
    part.m = even_length(&rows, t / grid->cols);
    part.n = min_int(job->n - j, even_length(&cols, t % grid->cols) * VL);
    part.a = view_at(job->a, i, 0);
    part.b = view_at(job->b, 0, j);
    part.c = job->c + (size_t)i * job->ldc + (size_t)j;
    if (is_better_transposed(job)) {
        gemm_transposed(&part, g, space);
    } else {
        const struct gemm_cut cut = gemm_cut_of(&g->blocking, vecs, part.m, part.k);
        gemm_serial(&part, g, space, &cut);
    }
    _mm256_zeroupper(); /* gcc copies structs through vectors, and does not see that the loops clear them */
}

/* ---- products that need none of this */

/* Of one panel that is whole vectors wide and stays in L1, in one block of k. */
static bool is_small(const struct gemm_job *job, const struct gemm_state *g)
{
    const int vecs = job->n / VL, most = g->blocking.nr > 0 ? g->blocking.nr / VL : widest_vecs();
    return job->n % VL == 0 && vecs <= most && gemm_heights[vecs] > 0 && job->k <= g->blocking.kc &&
           stays_in_l1(g, job->b, job->k);
}

static void gemm_small(const struct gemm_job *job, const struct gemm_state *g)
{
    const int vecs = job->n / VL;
    const struct even_cut rows = gemm_row_tiles(&g->blocking, job->m, vecs);
    for (int t = 0; t < rows.count; t++) {
        const int i = even_start(&rows, t);
        gemm_tiles[vecs][even_length(&rows, t)](&(struct gemm_tile){
            .k = job->k,
            .width = job->n,
            .a = view_at(job->a, i, 0),
            .b = job->b.data,
            .ldb = job->b.row,
            .alpha = job->alpha,
            .beta = job->beta,
            .c = job->c + (size_t)i * job->ldc,
            .ldc = job->ldc,
        });
    }
    _mm256_zeroupper(); /* as in gemm_part */
}

/* One row of C is op(B)^T times a row, one column op(A) times a column. */
static void gemm_of_vector(const struct gemm_job *job, int threads)
{
    const bool row = job->m == 1 && (job->n > 1 || job->b.row == 1);
    gemv(&(struct gemv_job){.n = row ? job->n : job->m,
                            .k = job->k,
                            .alpha = job->alpha,
                            .beta = job->beta,
                            .m = row ? job->b : transposed(job->a),
                            .x = row ? job->a.data : job->b.data,
                            .x_step = row ? job->a.col : job->b.row,
                            .y = job->c,
                            .y_step = row ? 1 : job->ldc},
         threads);
}

static void gemm_in_team(const struct gemm_job *job, const struct gemm_state *g, int parts)
{
    const int vecs = gemm_tile_vecs(&g->blocking, g->preferred_vecs, job->m, job->n, job->k);
    const struct gemm_grid grid = gemm_grid_of(job->m, job->n, vecs, parts);
    if (grid.rows * grid.cols == 1) {
        gemm_part(job, g, &g->spaces[0], vecs, &grid, 0);
        return;
    }
#pragma omp parallel for num_threads(g->threads) schedule(static)
    for (int t = 0; t < grid.rows * grid.cols; t++)
        gemm_part(job, g, &g->spaces[omp_get_thread_num()], vecs, &grid, t);
}

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
    if (m == 1 || n == 1) {
        gemm_of_vector(&job, g->threads);
        return;
    }
    const int parts = threads_worth((double)m * n * k, GEMM_WAKE, g->threads);
    if (parts == 1 && is_small(&job, g))
        gemm_small(&job, g);
    else
        gemm_in_team(&job, g, parts);
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

static int preferred_vecs_here(void)
{
    uint32_t eax = 0, vendor = 0, ecx, edx, unused;
    __get_cpuid(0, &eax, &vendor, &ecx, &edx);
    __get_cpuid(1, &eax, &unused, &ecx, &edx);
    const unsigned family = eax >> 8 & 15, extended = eax >> 20 & 255;
    return preferred_vecs(vendor, family == 15 ? family + extended : family);
}

enum { SMALLEST_L1 = 32 << 10 };

/* 0, or 1 when out of memory. */
static int gemm_open(struct gemm_state *g, const struct plan *plan)
{
    g->threads = plan->threads;
    g->blocking = gemm_blocking(plan);
    g->preferred_vecs = preferred_vecs_here();
    g->resident_bytes = (plan->l1d_bytes > 0 ? plan->l1d_bytes : SMALLEST_L1) / 2;
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
