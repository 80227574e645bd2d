/* SPDX-License-Identifier: MIT
 *
 * The fused step, forward: both layers, panel by panel. Included by fused_step.h. */
#ifndef LB_FUSED_FORWARD_H
#define LB_FUSED_FORWARD_H

/* How far ahead the next lines of x are asked for: the tile reads a line of each of its images at once, too
 * many at a time for the hardware to have fetched them from L2 (Granite Rapids, AVX-512, tiles of 8 x 2
 * vectors over 784 pixels, GFLOP/s: 195 without, 198 one line ahead, 205 two). */
enum { LINES_AHEAD = 2 };

/* Each block of images asks for so much of the panel that is wanted next that a batch of 128 has asked for
 * all. Both together, forward1 of an epoch, one thread: 266 -> 253 ms. */
enum { PANEL_SHARES = 8 };

ALWAYS_INLINE void ask_for_lines(const struct fused_job *job, const float *x, int rows)
{
    for (int r = 0; r < rows; r++)
        _mm_prefetch((const char *)(x + LINES_AHEAD * line_stride(job) + r * BLOCK), _MM_HINT_T0);
}

/* Share number row / BLOCK of the panel `next`, as far as it belongs to line p of x. */
ALWAYS_INLINE void ask_for_share(const struct fused *f, const float *next, int row, int p)
{
    const int floats = BLOCK * PANEL / PANEL_SHARES, share = row / BLOCK;
    if (share >= PANEL_SHARES) return;
    const float *from = next + ((size_t)share * (size_t)f->blocks + (size_t)p) * (size_t)floats;
    for (int i = 0; i < floats; i += LINE_FLOATS) _mm_prefetch((const char *)(from + i), _MM_HINT_T1);
}

static const float *w1_panel(const struct fused *f, int panel)
{
    return f->w1 + (size_t)panel * (size_t)f->blocks * BLOCK * PANEL;
}

/* h for `rows` images from row on, one panel: the whole of k in registers. With `gather`, a literal, the
 * images of the next block are gathered on the way; with next != NULL, a panel asked for. */
ALWAYS_INLINE void forward1_tile(const struct fused *f, const struct fused_job *job,
                                 const struct fused_thread *own, int panel, int row, int rows, bool gather,
                                 const float *next)
{
    const float *w = w1_panel(f, panel);
    const float *x = own->x + (size_t)row * BLOCK;
    float *h = f->h + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * PANEL;
    tile sum;
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) sum.at[r][v] = vf_load(f->b1 + (size_t)panel * PANEL + v * VL);
    for (int p = 0; p < f->blocks; p++) {
        if (p + LINES_AHEAD < f->blocks) ask_for_lines(job, x, rows);
        if (next) ask_for_share(f, next, row, p);
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
#define FORWARD1_TILE(height, offset)                                                                        \
    forward1_tile(f, job, own, panel, row + (offset), height, false, (offset) ? NULL : next);
#define FORWARD1_GATHERING_TILE(height, offset)                                                              \
    forward1_tile(f, job, own, panel, row + (offset), height, row + BLOCK < job->rows,                       \
                  (offset) ? NULL : next);
#define FORWARD2_TILE(height, offset) forward2_tile(f, panel, row + (offset), height);

static void forward1_panel(const struct fused *f, const struct fused_job *job, const struct fused_thread *own,
                           int panel, const float *next)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(FORWARD1_TILE)
    }
}

/* The first panel of a thread. */
static void forward1_gathering_panel(const struct fused *f, const struct fused_job *job,
                                     const struct fused_thread *own, int panel, const float *next)
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
    /* After the last panel the first is wanted again, for its update. */
    forward1_gathering_panel(f, job, own, from, w1_panel(f, from + 1 < to ? from + 1 : from));
    for (int panel = from + 1; panel < to; panel++)
        forward1_panel(f, job, own, panel, w1_panel(f, panel + 1 < to ? panel + 1 : from));
    book(f, PHASE_FORWARD1, mark);
    for (int panel = from; panel < to; panel++)
        for (int row = 0; row < job->rows; row += BLOCK) {
            FOR_EACH_TILE_OF_BLOCK(FORWARD2_TILE)
        }
    book(f, PHASE_FORWARD2, mark);
}

#endif
