/* SPDX-License-Identifier: MIT
 *
 * The fused step, forward: both layers, panel by panel. Included by fused_step.h. */
#ifndef LB_FUSED_FORWARD_H
#define LB_FUSED_FORWARD_H

/* h for `rows` images from row on, one panel: the whole of k in registers. With `gather`, a literal, the
 * images of the next block are gathered on the way. */
ALWAYS_INLINE void forward1_tile(const struct fused *f, const struct fused_job *job,
                                 const struct fused_thread *own, int panel, int row, int rows, bool gather)
{
    const float *w = f->w1 + (size_t)panel * (size_t)f->blocks * BLOCK * PANEL;
    const float *x = own->x + (size_t)row * BLOCK;
    float *h = f->h + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * PANEL;
    tile sum;
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) sum.at[r][v] = vf_load(f->b1 + (size_t)panel * PANEL + v * VL);
    for (int p = 0; p < f->blocks; p++) {
        tile_multiply(&sum, rows, TILE_VECS, BLOCK, x, BLOCK, 1, w, PANEL, NULL);
        if (gather) gather_lines(f, job, own, row + BLOCK, rows, p);
        x += line_stride(job);
        w += BLOCK * PANEL;
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) vf_store(h + r * PANEL + v * VL, vf_max(vf_zero(), sum.at[r][v]));
}

/* A panel's share of the logits of `rows` images. */
ALWAYS_INLINE void forward2_tile(const struct fused *f, int panel, int row, int rows)
{
    const size_t at = (size_t)panel * (size_t)f->rows_max + (size_t)row;
    tile sum;
    tile_zero(&sum, rows, LOGIT_VECS);
    tile_multiply(&sum, rows, LOGIT_VECS, PANEL, f->h + at * PANEL, PANEL, 1,
                  f->w2t + (size_t)panel * PANEL * LOGITS, LOGITS, NULL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < LOGIT_VECS; v++)
            vf_store(f->z + (at + (size_t)r) * LOGITS + v * VL, sum.at[r][v]);
}

/* BLOCK rows by the tile heights of this ISA. */
#define FORWARD1_TILE(height, offset) forward1_tile(f, job, own, panel, row + (offset), height, false);
#define FORWARD1_GATHERING_TILE(height, offset)                                                              \
    forward1_tile(f, job, own, panel, row + (offset), height, row + BLOCK < job->rows);
#define FORWARD2_TILE(height, offset) forward2_tile(f, panel, row + (offset), height);

static void forward1_panel(const struct fused *f, const struct fused_job *job, const struct fused_thread *own,
                           int panel)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(FORWARD1_TILE)
    }
}

/* The first panel of a thread. */
static void forward1_gathering_panel(const struct fused *f, const struct fused_job *job,
                                     const struct fused_thread *own, int panel)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(FORWARD1_GATHERING_TILE)
    }
}

static void forward_panels(struct fused *f, const struct fused_job *job, const struct fused_thread *own,
                           int from, int to, double *mark)
{
    if (from == to) return;
    gather_first(f, job, own);
    book(f, PHASE_GATHER_FIRST, mark);
    forward1_gathering_panel(f, job, own, from);
    for (int panel = from + 1; panel < to; panel++) forward1_panel(f, job, own, panel);
    book(f, PHASE_FORWARD1, mark);
    for (int panel = from; panel < to; panel++)
        for (int row = 0; row < job->rows; row += BLOCK) {
            FOR_EACH_TILE_OF_BLOCK(FORWARD2_TILE)
        }
    book(f, PHASE_FORWARD2, mark);
}

#endif
