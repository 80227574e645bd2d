/* SPDX-License-Identifier: MIT
 *
 * The fused step, forward: both layers, panel by panel. */
#ifndef LB_FUSED_FORWARD_INC_H
#define LB_FUSED_FORWARD_INC_H

#include "../tile.inc.h"
#include "fused.inc.h"
#include "gather.inc.h"
#include "phase_clock.inc.h"

/* How far ahead the lines of x are prefetched: the tile reads a line of each of its images at once, too
 * many at a time for the hardware to have fetched them from L2 (Granite Rapids, AVX-512, tiles of 8 x 2
 * vectors over 784 pixels, GFLOP/s: 195 without, 198 one line ahead, 205 two). */
enum { LINES_AHEAD = 2 };

/* Each block of images prefetches 1 / PANEL_SHARES of the next panel, so that a batch of 128 prefetches all
 * of it. Both together, forward1 of an epoch, one thread: 266 -> 253 ms. */
enum { PANEL_SHARES = 8 };

struct next_panel {
    const float *w1;
    int floats; /* to prefetch with each line of x */
};

ALWAYS_INLINE void prefetch_lines(const struct fused_job *job, const float *x, int rows)
{
    for (int r = 0; r < rows; r++)
        _mm_prefetch((const char *)(x + LINES_AHEAD * line_stride(job) + r * BLOCK), _MM_HINT_T0);
}

static float *w1_panel(const struct fused *f, int panel)
{
    return f->w1 + panel_at(f, panel, f->blocks * BLOCK);
}

/* Prefetches the part of share row / BLOCK of panel `next` that belongs to line p of x. */
ALWAYS_INLINE void prefetch_share(const struct fused *f, const struct next_panel *next, int row, int p)
{
    const size_t share = (size_t)(row / BLOCK) * (size_t)f->blocks + (size_t)p;
    if (row >= PANEL_SHARES * BLOCK) return;
    const float *from = next->w1 + share * (size_t)next->floats;
    for (int i = 0; i < next->floats; i += LINE_FLOATS) _mm_prefetch((const char *)(from + i), _MM_HINT_T1);
}

/* h for `rows` images from row on, one panel: the whole of k in registers; with next != NULL, the next
 * panel is prefetched on the way. */
ALWAYS_INLINE void forward1_tile(const struct fused *f, const struct fused_job *job,
                                 const struct fused_thread *own, int panel, int row, int rows, int vecs,
                                 const struct next_panel *next)
{
    const float *w = w1_panel(f, panel);
    const float *x = own->x + (size_t)row * BLOCK;
    float *h = f->h + panel_at(f, panel, f->rows_max) + row * vecs * VL;
    tile sum;
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++) sum.at[r][v] = vf_load(f->b1 + first_unit(f, panel) + v * VL);
    for (int p = 0; p < f->blocks; p++) {
        if (p + LINES_AHEAD < f->blocks) prefetch_lines(job, x, rows);
        if (next) prefetch_share(f, next, row, p);
        tile_multiply(&sum, rows, vecs, BLOCK, x, BLOCK, 1, w, (size_t)vecs * VL, NULL);
        x += line_stride(job);
        w += BLOCK * vecs * VL;
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++) vf_store(h + (r * vecs + v) * VL, vf_max(vf_zero(), sum.at[r][v]));
}

/* A panel's share of the logits of `rows` images. */
ALWAYS_INLINE void forward2_tile(const struct fused *f, int panel, int row, int rows, int vecs)
{
    float *z = f->z + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * LOGITS;
    tile sum;
    tile_zero(&sum, rows, LOGIT_VECS);
    tile_multiply(&sum, rows, LOGIT_VECS, vecs * VL, f->h + panel_at(f, panel, f->rows_max) + row * vecs * VL,
                  (size_t)vecs * VL, 1, f->w2t + panel_at(f, panel, LOGITS), LOGITS, NULL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < LOGIT_VECS; v++) vf_store(z + r * LOGITS + v * VL, sum.at[r][v]);
}

#define FORWARD1_TILE(height, offset)                                                                        \
    forward1_tile(f, job, own, panel, row + (offset), height, vecs, (offset) ? NULL : next);
#define FORWARD2_TILE(height, offset) forward2_tile(f, panel, row + (offset), height, vecs);

ALWAYS_INLINE void forward1_tiles(const struct fused *f, const struct fused_job *job,
                                  const struct fused_thread *own, int panel, const struct next_panel *next,
                                  int vecs)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(FORWARD1_TILE)
    }
}

static void forward1_panel(const struct fused *f, const struct fused_job *job, const struct fused_thread *own,
                           int panel, const struct next_panel *next){
    DISPATCH_WIDTH(panel_vecs(f, panel), forward1_tiles, f, job, own, panel, next)}

ALWAYS_INLINE void forward2_tiles(const struct fused *f, const struct fused_job *job, int panel, int vecs)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(FORWARD2_TILE)
    }
}

static void forward2_panel(const struct fused *f, const struct fused_job *job, int panel)
{
    DISPATCH_WIDTH(panel_vecs(f, panel), forward2_tiles, f, job, panel)
}

static void forward_panels(struct fused *f, const struct fused_job *job, const struct fused_thread *own,
                           int from, int to, double *mark)
{
    if (from == to) return;
    gather_batch(f, job, own);
    add_phase_time(f, PHASE_GATHER, mark);
    for (int panel = from; panel < to; panel++) {
        /* After the last panel the first is wanted again, for its update. */
        const int then = panel + 1 < to ? panel + 1 : from;
        const struct next_panel next = {w1_panel(f, then), BLOCK * panel_vecs(f, then) * VL / PANEL_SHARES};
        forward1_panel(f, job, own, panel, &next);
    }
    add_phase_time(f, PHASE_FORWARD1, mark);
    for (int panel = from; panel < to; panel++) forward2_panel(f, job, panel);
    add_phase_time(f, PHASE_FORWARD2, mark);
}

#endif
