/* SPDX-License-Identifier: MIT
 *
 * gemm of level 1 for one vector ISA: cache blocking and packing around tile.h, for any shape and any stride.
 *
 * C is cut into a grid of threads (rows x columns, never k). Inside a thread's part: columns by NC, k by KC,
 * rows by MC; the KC x NC part of op(B) is packed into panels of TILE_VECS vectors while the first tile of
 * rows multiplies with it, op(A) is read in place where its strides are harmless and packed where they would
 * map onto few cache sets. k is cut the same way whatever the thread count, so the bits do not depend on it.
 */
#ifndef LB_GEMM_BLOCKED_H
#define LB_GEMM_BLOCKED_H

enum {
    NR = TILE_VECS * VL,
    KC = 1024, /* a row tile of A, TILE_ROWS x KC floats, stays in L1 with room for the stream of B */
    MC = 96,   /* MC x KC floats of A in L2 */
    NC = 2048, /* KC x NC floats of packed B in L3 */
};

struct gemm_job {
    int m, n, k;
    float alpha, beta;
    struct view a, b;
    float *c;
    size_t ldc;
};

/* Per thread: packed B and packed A. */
struct gemm_space {
    float *b; /* KC x NC */
    float *a; /* MC x KC */
};

static int min_int(int a, int b)
{
    return a < b ? a : b;
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

/* C tile = alpha * sum + beta * C, `width` columns wide. beta == 0 does not read C. */
ALWAYS_INLINE void write_tile(const tile *sum, int rows, int vecs, int width, float alpha, float beta,
                              float *c, size_t ldc)
{
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++) {
            float *to = c + (size_t)r * ldc + v * VL;
            const vf product = vf_mul(vf_set1(alpha), sum->at[r][v]);
            const int lanes = width - v * VL;
            if (lanes >= VL) {
                vf_store(to, beta == 0.0f ? product : vf_fma(vf_set1(beta), vf_load(to), product));
            } else if (lanes > 0) {
                vf_store_first(to, lanes,
                               beta == 0.0f ? product
                                            : vf_fma(vf_set1(beta), vf_load_first(to, lanes), product));
            }
        }
}

/* A tile of C from `rows` rows of a and one panel of b. */
ALWAYS_INLINE void gemm_tile(int rows, int vecs, int k, struct view a, const float *b, size_t ldb,
                             float *copy, int width, float alpha, float beta, float *c, size_t ldc)
{
    tile sum;
    tile_zero(&sum, rows, vecs);
    tile_multiply(&sum, rows, vecs, k, a.data, a.row, a.col, b, ldb, copy);
    write_tile(&sum, rows, vecs, width, alpha, beta, c, ldc);
}

/* Every height a tile can have, for full panels (reading B in place and packing it, or reading it packed) and
 * for narrow last ones of a single vector. */
#define GEMM_TILE_OF(height)                                                                                 \
    static __attribute__((noinline)) void gemm_tile_##height(int vecs, int k, struct view a, const float *b, \
                                                             size_t ldb, float *copy, int width,             \
                                                             float alpha, float beta, float *c, size_t ldc)  \
    {                                                                                                        \
        if (vecs == 1)                                                                                       \
            gemm_tile(height, 1, k, a, b, ldb, NULL, width, alpha, beta, c, ldc);                            \
        else if (copy)                                                                                       \
            gemm_tile(height, TILE_VECS, k, a, b, ldb, copy, width, alpha, beta, c, ldc);                    \
        else                                                                                                 \
            gemm_tile(height, TILE_VECS, k, a, b, ldb, NULL, width, alpha, beta, c, ldc);                    \
    }
FOR_EACH_TILE_HEIGHT(GEMM_TILE_OF)
#undef GEMM_TILE_OF

typedef void gemm_tile_fn(int vecs, int k, struct view a, const float *b, size_t ldb, float *copy, int width,
                          float alpha, float beta, float *c, size_t ldc);

static gemm_tile_fn *const gemm_tiles[TILE_ROWS + 1] = {
#define GEMM_TILE_OF(height) [height] = gemm_tile_##height,
    FOR_EACH_TILE_HEIGHT(GEMM_TILE_OF)
#undef GEMM_TILE_OF
};

/* A stride of a multiple of 1 KiB walks over few cache sets and evicts itself. */
static bool bad_stride(struct view a)
{
    const size_t stride = a.row > a.col ? a.row : a.col;
    return stride % 256 == 0;
}

struct block {
    int i, m, j, n, p, k;
};

/* All tiles of one MC x NC block of C for one KC of k. fresh_b: B's panels of this block are still to be
 * packed. */
static void gemm_block(const struct gemm_job *job, const struct gemm_space *space, const struct block *at,
                       bool fresh_b)
{
    const float beta = at->p == 0 ? job->beta : 1.0f;
    const struct view b = view_at(job->b, at->p, at->j);
    struct view a = view_at(job->a, at->i, at->p);
    const bool packed_a = at->n > NR && bad_stride(a);
    if (packed_a) pack_a(a, at->m, at->k, TILE_ROWS, space->a);
    for (int j = 0; j < at->n; j += NR) {
        const int width = min_int(NR, at->n - j), vecs = width <= VL ? 1 : TILE_VECS;
        float *panel = space->b + (size_t)j * (size_t)at->k;
        const bool in_place = width == NR && b.col == 1;
        if (fresh_b && !in_place) pack_b(view_at(b, 0, j), at->k, width, vecs * VL, panel);
        for (int i = 0; i < at->m; i += TILE_ROWS) {
            const int rows = min_int(TILE_ROWS, at->m - i);
            const bool first = fresh_b && in_place && i == 0;
            const struct view rows_a =
                packed_a ? (struct view){space->a + (size_t)i * (size_t)at->k, 1, (size_t)rows}
                         : view_at(a, i, 0);
            gemm_tiles[rows](vecs, at->k, rows_a, first ? b.data + j : panel,
                             first ? b.row : (size_t)(vecs * VL), first ? panel : NULL, width, job->alpha,
                             beta, job->c + (size_t)(at->i + i) * job->ldc + (size_t)(at->j + j), job->ldc);
        }
    }
}

/* Length of part i when n is cut into the fewest parts of at most `most`, equal but for one. */
static int equalised(int n, int most)
{
    const int parts = (n + most - 1) / most;
    return (n + parts - 1) / parts;
}

static void gemm_serial(const struct gemm_job *job, const struct gemm_space *space)
{
    const int kc = equalised(job->k, KC);
    for (int j = 0; j < job->n; j += NC)
        for (int p = 0; p < job->k; p += kc)
            for (int i = 0; i < job->m; i += MC) {
                const struct block at = {i, min_int(MC, job->m - i), j, min_int(NC, job->n - j),
                                         p, min_int(kc, job->k - p)};
                gemm_block(job, space, &at, i == 0);
            }
}

/* Rows x columns of the thread grid: the split that leaves the busiest thread the least work, counting whole
 * tiles and the packing of its columns (about as dear as four rows of multiply-adds). */
static void thread_grid(int m, int n, int threads, int *grid_m, int *grid_n)
{
    double best = 0;
    for (int gm = 1; gm <= threads; gm++) {
        const int gn = threads / gm;
        const double rows = (double)(((m + gm - 1) / gm + TILE_ROWS - 1) / TILE_ROWS) * TILE_ROWS;
        const double cols = (double)(((n + gn - 1) / gn + NR - 1) / NR) * NR;
        const double work = (rows + 4) * cols;
        if (gm == 1 || work < best) best = work, *grid_m = gm, *grid_n = gn;
    }
}

/* Start of part i of `parts` of n, at a multiple of `unit`. */
static int part_start(int n, int unit, int parts, int i)
{
    const long long units = (n + unit - 1) / unit;
    return min_int(n, (int)(units * i / parts) * unit);
}

static void gemm_part(const struct gemm_job *job, const struct gemm_space *space, int grid_m, int grid_n,
                      int t)
{
    const int i0 = part_start(job->m, TILE_ROWS, grid_m, t / grid_n),
              i1 = part_start(job->m, TILE_ROWS, grid_m, t / grid_n + 1);
    const int j0 = part_start(job->n, NR, grid_n, t % grid_n),
              j1 = part_start(job->n, NR, grid_n, t % grid_n + 1);
    struct gemm_job part = *job;
    part.m = i1 - i0;
    part.n = j1 - j0;
    part.a = view_at(job->a, i0, 0);
    part.b = view_at(job->b, 0, j0);
    part.c = job->c + (size_t)i0 * job->ldc + (size_t)j0;
    if (part.m > 0 && part.n > 0) gemm_serial(&part, space);
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
    const bool small = (double)m * n * k < GEMM_TEAM_WORTHWHILE;
    const int threads = small ? 1 : threads_of(state);
    const struct gemm_space *spaces = gemm_spaces_of(state);
    int grid_m = 1, grid_n = 1;
    thread_grid(m, n, threads, &grid_m, &grid_n);
    if (grid_m * grid_n == 1) {
        gemm_serial(&job, &spaces[0]);
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < grid_m * grid_n; t++)
        gemm_part(&job, &spaces[omp_get_thread_num()], grid_m, grid_n, t);
}

static void gemm_spaces_free(struct gemm_space *spaces, int threads)
{
    for (int t = 0; spaces && t < threads; t++) {
        free(spaces[t].a);
        free(spaces[t].b);
    }
    free(spaces);
}

/* NULL when out of memory. */
static struct gemm_space *gemm_spaces_new(int threads)
{
    struct gemm_space *spaces = calloc((size_t)threads, sizeof *spaces);
    for (int t = 0; spaces && t < threads; t++) {
        spaces[t].a = aligned_alloc(64, (size_t)MC * KC * sizeof(float));
        spaces[t].b = aligned_alloc(64, (size_t)KC * NC * sizeof(float));
        if (spaces[t].a && spaces[t].b) continue;
        gemm_spaces_free(spaces, threads);
        return NULL;
    }
    return spaces;
}

#endif
