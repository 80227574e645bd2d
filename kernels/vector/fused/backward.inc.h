/* SPDX-License-Identifier: MIT
 *
 * The fused step, backward: gradients, consumed by RMSprop where they arise. */
#ifndef LB_FUSED_BACKWARD_INC_H
#define LB_FUSED_BACKWARD_INC_H

#include "../tile.inc.h"
#include "fused.inc.h"
#include "update.inc.h"

/* Sum over the rows, a multiple of four, of VL columns: in four sums, because one would wait for the adder at
 * every row. */
ALWAYS_INLINE vf sum_of_rows(const float *m, int rows, int ld)
{
    vf sum[4] = {vf_zero(), vf_zero(), vf_zero(), vf_zero()};
    for (int row = 0; row < rows; row += 4)
        for (int i = 0; i < 4; i++) sum[i] = vf_add(sum[i], vf_load(m + (row + i) * ld));
    return vf_add(vf_add(sum[0], sum[1]), vf_add(sum[2], sum[3]));
}

/* b2 lives in every thread alike. */
static void update_b2(const struct update_constants *c, const struct fused_job *job, struct fused_thread *own)
{
    for (int v = 0; v < LOGITS; v += VL) {
        update_vector(c, sum_of_rows(own->dz + v, job->rows, LOGITS), own->vb2 + v, own->b2 + v);
    }
}

/* dy = dz w2^T where h > 0, else 0, for `rows` images of one panel. */
ALWAYS_INLINE void hidden_gradient_tile(const struct fused *f, const struct fused_thread *own, int panel,
                                        int row, int rows, int vecs)
{
    const int width = vecs * VL;
    const float *h = f->h + panel_at(f, panel, f->rows_max) + row * width;
    const float *w2 = f->w2 + panel_at(f, panel, f->plan.classes);
    float *dy = own->dy + row * width;
    tile sum;
    tile_zero(&sum, rows, vecs);
    tile_multiply(&sum, rows, vecs, f->plan.classes, own->dz + row * LOGITS, LOGITS, 1, w2, (size_t)width,
                  NULL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++) {
            const vm active = vm_gt(vf_load(h + r * width + v * VL), vf_zero());
            vf_store(dy + r * width + v * VL, vf_keep(active, sum.at[r][v]));
        }
}

/* Gradient and update of `classes` rows of w2 from class on, `vecs` vectors of one panel of `width` units
 * from column on; w2t follows. */
ALWAYS_INLINE void update_w2_tile(struct fused *f, const struct update_constants *c,
                                  const struct fused_job *job, const struct fused_thread *own, int panel,
                                  int width, int column, int vecs, int class, int classes)
{
    const size_t at = panel_at(f, panel, f->plan.classes) + (size_t)(class * width + column);
    float *w2t = f->w2t + panel_at(f, panel, LOGITS) + column * LOGITS + class;
    tile sum;
    tile_zero(&sum, classes, vecs);
    tile_multiply(&sum, classes, vecs, job->rows, own->dz + class, 1, LOGITS,
                  f->h + panel_at(f, panel, f->rows_max) + column, (size_t)width, NULL);
    for (int r = 0; r < classes; r++) {
        float *w = f->w2 + at + r * width;
        for (int v = 0; v < vecs; v++)
            update_vector(c, sum.at[r][v], f->v2 + at + r * width + v * VL, w + v * VL);
        for (int u = 0; u < vecs * VL; u++) w2t[u * LOGITS + r] = w[u];
    }
}

/* `vecs` vectors of all rows of w2; ten or five classes at a time fill the registers. */
ALWAYS_INLINE void update_w2_columns(struct fused *f, const struct update_constants *c,
                                     const struct fused_job *job, const struct fused_thread *own, int panel,
                                     int width, int column, int vecs)
{
    const int high = vecs == 1 ? 10 : 5;
    int class = 0;
    for (; class + high <= f->plan.classes; class += high)
        update_w2_tile(f, c, job, own, panel, width, column, vecs, class, high);
    for (; class < f->plan.classes; class ++)
        update_w2_tile(f, c, job, own, panel, width, column, vecs, class, 1);
}

ALWAYS_INLINE void update_w2(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                             const struct fused_thread *own, int panel, int vecs)
{
    const int pairs = vecs / 2 * 2;
    for (int v = 0; v < pairs; v += 2) update_w2_columns(f, c, job, own, panel, vecs * VL, v * VL, 2);
    if (pairs < vecs) update_w2_columns(f, c, job, own, panel, vecs * VL, pairs * VL, 1);
}

ALWAYS_INLINE void update_b1(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                             const struct fused_thread *own, int panel, int vecs)
{
    const int from = first_unit(f, panel);
    for (int v = 0; v < vecs * VL; v += VL)
        update_vector(c, sum_of_rows(own->dy + v, job->rows, vecs * VL), f->vb1 + from + v, f->b1 + from + v);
}

#define HIDDEN_GRADIENT_TILE(height, offset)                                                                 \
    hidden_gradient_tile(f, own, panel, row + (offset), height, vecs);

ALWAYS_INLINE void backward2_tiles(struct fused *f, const struct update_constants *c,
                                   const struct fused_job *job, const struct fused_thread *own, int panel,
                                   int vecs)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(HIDDEN_GRADIENT_TILE)
    }
    update_w2(f, c, job, own, panel, vecs); /* after dy: the gradient wants the weights before the update */
    update_b1(f, c, job, own, panel, vecs);
}

static void backward2_panel(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                            const struct fused_thread *own, int panel){
    DISPATCH_WIDTH(panel_vecs(f, panel), backward2_tiles, f, c, job, own, panel)}

/* Gradient of `rows` rows of w1 (pixels of one line of x) for one panel, left in now->g; on the way, updates
 * the tile before and prefetches the weights that the next call will update. */
ALWAYS_INLINE void w1_gradient_tile(const struct fused_job *job, const struct fused_thread *own,
                                    const struct update_constants *c, const float *x, int rows, int vecs,
                                    const struct pending *now, struct pending *before, struct in_flight *open)
{
    tile sum;
    const float *dy = own->dy;
    tile_zero(&sum, rows, vecs);
    for (int image = 0, at = 0; image < job->rows; image += IMAGES_PER_UPDATE, at += LINE_FLOATS) {
        tile_multiply(&sum, rows, vecs, IMAGES_PER_UPDATE, x, 1, BLOCK, dy, (size_t)vecs * VL, NULL);
        x += IMAGES_PER_UPDATE * BLOCK;
        dy += IMAGES_PER_UPDATE * vecs * VL;
        if (at < rows * vecs * VL) {
            _mm_prefetch((const char *)(now->v + at), _MM_HINT_T0);
            _mm_prefetch((const char *)(now->w + at), _MM_HINT_T0);
        }
        next_update(c, open, before);
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++) vf_store(now->g + (r * vecs + v) * VL, sum.at[r][v]);
    while (next_update(c, open, before)) {
    }
}

#define W1_GRADIENT_TILE(height, offset)                                                                     \
    {                                                                                                        \
        const struct pending now = {own->pending[turn], v + (offset)*vecs * VL, w + (offset)*vecs * VL,      \
                                    (height)*vecs, 0};                                                       \
        w1_gradient_tile(job, own, c, x + (offset), height, vecs, &now, &before, &open);                     \
        before = now;                                                                                        \
        turn ^= 1;                                                                                           \
    }

ALWAYS_INLINE void backward1_tiles(struct fused *f, const struct update_constants *c,
                                   const struct fused_job *job, struct fused_thread *own, int panel, int vecs)
{
    struct pending before = {0};
    struct in_flight open = {vf_zero(), vf_set1(1.0f), own->spare};
    int turn = 0;
    for (int p = 0; p < f->blocks; p++) {
        const float *x = own->x + (size_t)p * line_stride(job);
        const size_t at = panel_at(f, panel, f->blocks * BLOCK) + (size_t)(p * BLOCK * vecs * VL);
        float *w = f->w1 + at, *v = f->v1 + at;
        FOR_EACH_TILE_OF_BLOCK(W1_GRADIENT_TILE)
    }
    while (next_update(c, &open, &before)) {
    }
    finish_update(c, &open);
}

static void backward1_panel(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                            struct fused_thread *own, int panel)
{
    DISPATCH_WIDTH(panel_vecs(f, panel), backward1_tiles, f, c, job, own, panel)
}

#endif
