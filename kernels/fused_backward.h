/* SPDX-License-Identifier: MIT
 *
 * The fused step, backward: gradients, consumed by RMSprop where they arise. Included by fused_step.h. */
#ifndef LB_FUSED_BACKWARD_H
#define LB_FUSED_BACKWARD_H

/* b2 lives in every thread alike. */
static void update_b2(const struct update_constants *c, const struct fused_job *job, struct fused_thread *own)
{
    for (int v = 0; v < LOGITS; v += VL) {
        vf sum = vf_zero();
        for (int row = 0; row < job->rows; row++)
            sum = vf_add(sum, vf_load(own->dz + (size_t)row * LOGITS + v));
        update_vector(c, sum, own->vb2 + v, own->b2 + v);
    }
}

/* dy = dz w2^T where h > 0, else 0, for `rows` images of one panel. */
ALWAYS_INLINE void hidden_gradient_tile(const struct fused *f, const struct fused_thread *own, int panel,
                                        int row, int rows)
{
    const float *h = f->h + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * PANEL;
    const float *w2 = f->w2 + (size_t)panel * (size_t)f->plan.classes * PANEL;
    tile sum;
    tile_zero(&sum, rows, TILE_VECS);
    tile_multiply(&sum, rows, TILE_VECS, f->plan.classes, own->dz + (size_t)row * LOGITS, LOGITS, 1, w2,
                  PANEL, NULL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) {
            const vm active = vm_gt(vf_load(h + r * PANEL + v * VL), vf_zero());
            vf_store(own->dy + (size_t)(row + r) * PANEL + v * VL, vf_keep(active, sum.at[r][v]));
        }
}

/* Gradient and update of `classes` rows of w2 from class on, one panel; w2t follows. */
ALWAYS_INLINE void update_w2_tile(struct fused *f, const struct update_constants *c,
                                  const struct fused_job *job, const struct fused_thread *own, int panel,
                                  int class, int classes)
{
    const size_t at = ((size_t)panel * (size_t)f->plan.classes + (size_t) class) * PANEL;
    float *w2t = f->w2t + (size_t)panel * PANEL * LOGITS + class;
    tile sum;
    tile_zero(&sum, classes, TILE_VECS);
    tile_multiply(&sum, classes, TILE_VECS, job->rows, own->dz + class, 1, LOGITS,
                  f->h + (size_t)panel * (size_t)f->rows_max * PANEL, PANEL, NULL);
    for (int r = 0; r < classes; r++) {
        float *w = f->w2 + at + (size_t)r * PANEL;
        for (int v = 0; v < TILE_VECS; v++)
            update_vector(c, sum.at[r][v], f->v2 + at + (size_t)r * PANEL + v * VL, w + v * VL);
        for (int u = 0; u < PANEL; u++) w2t[u * LOGITS + r] = w[u];
    }
}

static void update_w2(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                      const struct fused_thread *own, int panel)
{
    int class = 0;
    for (; class + 5 <= f->plan.classes; class += 5) update_w2_tile(f, c, job, own, panel, class, 5);
    for (; class < f->plan.classes; class ++) update_w2_tile(f, c, job, own, panel, class, 1);
}

static void update_b1(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                      const struct fused_thread *own, int panel)
{
    for (int v = 0; v < PANEL; v += VL) {
        vf sum = vf_zero();
        for (int row = 0; row < job->rows; row++)
            sum = vf_add(sum, vf_load(own->dy + (size_t)row * PANEL + v));
        update_vector(c, sum, f->vb1 + (size_t)panel * PANEL + v, f->b1 + (size_t)panel * PANEL + v);
    }
}

#define HIDDEN_GRADIENT_TILE(height, offset) hidden_gradient_tile(f, own, panel, row + (offset), height);

static void backward2_panel(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                            const struct fused_thread *own, int panel)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(HIDDEN_GRADIENT_TILE)
    }
    update_w2(f, c, job, own, panel); /* after dy: the gradient wants the weights before the update */
    update_b1(f, c, job, own, panel);
}

/* Images multiplied between two vectors of the tile before being updated. The square root and the division of
 * a vector keep the divider busy for about nine cycles on Zen 5 (sixteen on Zen 4), the FMAs of eight images
 * the multipliers for as many cycles times eight: spread out like this, the divider works in the shadow of
 * the FMAs. */
enum { IMAGES_PER_UPDATE = 8 };

/* Gradient of `rows` rows of w1 (pixels of one line of x) for one panel, left in now->g; updates the tile
 * before and asks for the weights that the next call will update. */
ALWAYS_INLINE void w1_gradient_tile(const struct fused_job *job, const struct fused_thread *own,
                                    const struct update_constants *c, const float *x, int rows,
                                    const struct pending *now, struct pending *before, struct in_flight *open)
{
    tile sum;
    const float *dy = own->dy;
    tile_zero(&sum, rows, TILE_VECS);
    for (int image = 0, at = 0; image < job->rows; image += IMAGES_PER_UPDATE, at += VL) {
        tile_multiply_few(&sum, rows, TILE_VECS, IMAGES_PER_UPDATE, x, 1, BLOCK, dy, PANEL);
        x += IMAGES_PER_UPDATE * BLOCK;
        dy += IMAGES_PER_UPDATE * PANEL;
        _mm_prefetch((const char *)(now->v + at), _MM_HINT_T0);
        _mm_prefetch((const char *)(now->w + at), _MM_HINT_T0);
        next_update(c, open, before);
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) vf_store(now->g + (r * TILE_VECS + v) * VL, sum.at[r][v]);
    while (next_update(c, open, before)) {
    }
}

#define W1_GRADIENT_TILE(height, offset)                                                                     \
    {                                                                                                        \
        const struct pending now = {own->pending[turn], v + (offset)*PANEL, w + (offset)*PANEL,              \
                                    (height)*TILE_VECS, 0};                                                  \
        w1_gradient_tile(job, own, c, x + (offset), height, &now, &before, &open);                           \
        before = now;                                                                                        \
        turn ^= 1;                                                                                           \
    }

static void backward1_panel(struct fused *f, const struct update_constants *c, const struct fused_job *job,
                            struct fused_thread *own, int panel)
{
    struct pending before = {0};
    struct in_flight open = {vf_zero(), vf_set1(1.0f), own->spare};
    int turn = 0;
    for (int p = 0; p < f->blocks; p++) {
        const float *x = own->x + (size_t)p * line_stride(job);
        const size_t at = ((size_t)panel * (size_t)f->blocks + (size_t)p) * BLOCK * PANEL;
        float *w = f->w1 + at, *v = f->v1 + at;
        FOR_EACH_TILE_OF_BLOCK(W1_GRADIENT_TILE)
    }
    while (next_update(c, &open, &before)) {
    }
    finish_update(c, &open);
}

#endif
