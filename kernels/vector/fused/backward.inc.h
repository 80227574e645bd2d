/* SPDX-License-Identifier: MIT
 *
 * The fused step, backward: gradients, consumed by RMSprop where they arise. */
#ifndef LB_FUSED_BACKWARD_INC_H
#define LB_FUSED_BACKWARD_INC_H

#include "fused.inc.h"
#include "panel.inc.h"
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

/* Where b2 is everybody's, the last thread has it: the first one has the sums of the step to make. */
static void update_b2(const struct fused *f, const struct update_constants *c, const struct fused_part *part)
{
    const struct fused_thread *own = part->own;
    if (f->shares_softmax && part->t != part->threads - 1) return;
    for (int v = 0; v < LOGITS; v += VL)
        update_vector(c, sum_of_rows(own->dz + v, part->job->rows, LOGITS), own->vb2 + v, own->b2 + v,
                      own->b2 + v);
}

/* dy = dz w2^T where h > 0, else 0, for `rows` images and `vecs` vectors from vec on; ld floats a row. */
ALWAYS_INLINE void hidden_gradient_tile(const struct fused *f, const struct fused_part *part, int vec,
                                        float *dy, int ld, int row, int rows, int vecs)
{
    const size_t h_vec = h_stride(f);
    const float *h = f->h + (size_t)vec * h_vec + (size_t)row * VL;
    tile sum;
    tile_zero(&sum, rows, vecs);
    panel_multiply(&sum, rows, vecs, f->plan.classes, part->own->dz + row * LOGITS, LOGITS, 1,
                   f->w2 + (size_t)vec * w2_stride(f), w2_stride(f), VL);
    dy += (size_t)row * (size_t)ld;
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++, dy += ld)
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) {
            const vm active = vm_gt(vf_load(h + (size_t)v * h_vec + r * VL), vf_zero());
            vf_store(dy + v * VL, vf_keep(active, sum.at[r][v]));
        }
}

#define HIDDEN_GRADIENT_TILE(height) hidden_gradient_tile(f, part, vec, dy, ld, row, height, vecs)

ALWAYS_INLINE void hidden_gradient_tiles(const struct fused *f, const struct fused_part *part, int vec,
                                         float *dy, int ld, int vecs)
{
    int row = 0;
    const int end = part->job->rows;
    FOR_EACH_TILE(row, end, vecs, HIDDEN_GRADIENT_TILE);
}

/* Gradient and update of `classes` rows of w2 from class on, for `vecs` vectors from vec on; w2t follows. */
ALWAYS_INLINE void update_w2_tile(const struct fused *f, const struct update_constants *c,
                                  const struct fused_part *part, int vec, int vecs, int class, int classes)
{
    tile sum;
    tile_zero(&sum, classes, vecs);
    panel_multiply(&sum, classes, vecs, part->job->rows, part->own->dz + class, 1, LOGITS,
                   f->h + (size_t)vec * h_stride(f), h_stride(f), VL);
    for (int v = 0; v < vecs; v++) {
        float *w2t = f->w2t + (size_t)(vec + v) * VL * LOGITS + class;
        for (int r = 0; r < classes; r++) {
            const size_t at = (size_t)(vec + v) * w2_stride(f) + (size_t)((class + r) * VL);
            float *to = f->w2_next + at;
            update_vector(c, sum.at[r][v], f->v2 + at, f->w2 + at, to);
            for (int u = 0; u < VL; u++) w2t[u * LOGITS + r] = to[u];
        }
    }
}

/* `vecs` vectors of all rows of w2; ten or five classes at a time fill the registers. */
ALWAYS_INLINE void update_w2_vectors(const struct fused *f, const struct update_constants *c,
                                     const struct fused_part *part, int vec, int vecs)
{
    const int high = vecs == 1 ? 10 : 5;
    int class = 0;
    for (; class + high <= f->plan.classes; class += high) update_w2_tile(f, c, part, vec, vecs, class, high);
    for (; class < f->plan.classes; class ++) update_w2_tile(f, c, part, vec, vecs, class, 1);
}

/* w2 and b1 of vectors vec..to-1; dy begins with vec's. */
static void update_w2_b1(const struct fused *f, const struct update_constants *c,
                         const struct fused_part *part, const float *dy, int ld, int vec, int to)
{
    for (int i = vec; i < to; i++, dy += VL)
        update_vector(c, sum_of_rows(dy, part->job->rows, ld), f->vb1 + i * VL, f->b1 + i * VL,
                      f->b1 + i * VL);
    for (; vec + 2 <= to; vec += 2) update_w2_vectors(f, c, part, vec, 2);
    if (vec < to) update_w2_vectors(f, c, part, vec, 1);
}

/* dy of all vectors of a chunk; w2 and b1 of those whose first block of inputs is this thread's. */
static void backward2_chunk(const struct fused *f, const struct update_constants *c,
                            const struct fused_part *part, struct chunk chunk)
{
    const struct portion *p = &part->backward;
    const int vecs = chunk.to - chunk.from, panels = (vecs + MAX_PANEL_VECS - 1) / MAX_PANEL_VECS;
    const int ld = vecs * VL;
    for (int i = 0; i < panels; i++) {
        const int at = share(vecs, panels, i), width = share(vecs, panels, i + 1) - at;
        float *dy = part->own->dy + at * VL;
        DISPATCH_WIDTH(width, hidden_gradient_tiles, f, part, chunk.from + at, dy, ld)
    }
    int first = p->from + (p->first > 0 ? p->group : 0); /* with its first block of inputs */
    if (first < chunk.from) first = chunk.from;
    if (first > chunk.to) first = chunk.to;
    update_w2_b1(f, c, part, part->own->dy + (first - chunk.from) * VL, ld, first, chunk.to);
}

/* Gradient of `rows` rows of w1 (pixels of one line of x) and `vecs` vectors, left in `g`, vector by vector;
 * on the way, updates the tile before, which is as wide and `run` rows high (any, if one vector wide), and
 * prefetches the weights at `next`, which the next call will update. */
ALWAYS_INLINE void w1_gradient_tile(const struct fused_part *part, const struct update_constants *c,
                                    const struct tile_layout *at, const float *x, const float *dy, size_t ld,
                                    int rows, int vecs, int run, float *g, const float *next,
                                    struct pending *before, struct in_flight *open)
{
    const int images = part->job->rows, run_lines = rows * VL / LINE_FLOATS;
    const int at_once = run_lines < IMAGES_PER_UPDATE / 4 ? run_lines : IMAGES_PER_UPDATE / 4;
    int image = 0, lines = vecs * run_lines;
    tile sum;
    tile_zero(&sum, rows, vecs);
    for (; image + IMAGES_PER_UPDATE <= images; image += IMAGES_PER_UPDATE) {
        panel_multiply(&sum, rows, vecs, IMAGES_PER_UPDATE, x, 1, BLOCK, dy, VL, ld);
        x += IMAGES_PER_UPDATE * BLOCK;
        dy += IMAGES_PER_UPDATE * ld;
        if (lines > 0) {
            for (int i = 0; i < at_once; i++) {
                _mm_prefetch((const char *)(next + i * LINE_FLOATS), _MM_HINT_T0);
                _mm_prefetch((const char *)(next + at->to_v + i * LINE_FLOATS), _MM_HINT_T0);
            }
            lines -= at_once;
            next += at_once * LINE_FLOATS;
            if (lines % run_lines == 0) next += at->skip;
        }
        next_update(c, at, open, before, run);
    }
    for (; IMAGES_PER_UPDATE > ROW_STEP && image < images; image += ROW_STEP) {
        panel_multiply(&sum, rows, vecs, ROW_STEP, x, 1, BLOCK, dy, VL, ld);
        x += ROW_STEP * BLOCK;
        dy += ROW_STEP * ld;
    }
#pragma GCC unroll 8
    for (int v = 0; v < vecs; v++)
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) vf_store(g + (v * rows + r) * VL, sum.at[r][v]);
    while (next_update(c, at, open, before, run)) {
    }
}

/* What a run of tiles hands on from one to the next. */
struct tile_run {
    struct tile_layout at;
    struct pending before;
    struct in_flight open;
    int turn; /* of the two places for gradients */
};

/* The tile of `rows` inputs from input on. */
ALWAYS_INLINE void w1_tile(const struct fused *f, const struct fused_part *part,
                           const struct update_constants *c, const float *dy, size_t ld, int vec, int input,
                           int rows, int vecs, struct tile_run *run)
{
    const float *x = part->own->x + (size_t)(input / BLOCK) * line_stride(part->job) + input % BLOCK;
    float *w = f->w1 + (size_t)vec * w1_stride(f) + (size_t)input * VL, *g = part->own->pending[run->turn];
    w1_gradient_tile(part, c, &run->at, x, dy, ld, rows, vecs, vecs == 1 ? BLOCK : rows, g, w, &run->before,
                     &run->open);
    run->before = (struct pending){g, w, rows * vecs};
    run->turn ^= 1;
}

/* dy begins with that of the piece's first vector. A tile of 16 inputs must not reach into a second line of
 * x. */
ALWAYS_INLINE void backward1_tiles(const struct fused *f, const struct fused_part *part,
                                   const struct update_constants *c, const struct piece *piece,
                                   const float *dy, size_t ld, int vecs)
{
    const int high = PANEL_ROWS(vecs), end = piece->end * UNIT_ROWS;
    int input = piece->block * UNIT_ROWS;
    struct tile_run run = {.at = {f->v1 - f->w1, w1_stride(f) - (size_t)(high * VL)},
                           .open = {vf_zero(), vf_set1(1.0f), part->own->spare}};
    if (high > UNIT_ROWS && input % BLOCK != 0) {
        w1_tile(f, part, c, dy, ld, piece->from, input, UNIT_ROWS, vecs, &run);
        input += UNIT_ROWS;
    }
    for (; input + high <= end; input += high)
        w1_tile(f, part, c, dy, ld, piece->from, input, high, vecs, &run);
    if (high > UNIT_ROWS && input < end)
        w1_tile(f, part, c, dy, ld, piece->from, input, UNIT_ROWS, vecs, &run);
    while (next_update(c, &run.at, &run.open, &run.before, vecs == 1 ? BLOCK : high)) {
    }
    finish_update(c, &run.open);
}

ALWAYS_INLINE void backward1_all(const struct fused *f, const struct fused_part *part,
                                 const struct update_constants *c, const struct piece *piece, const float *dy,
                                 int vecs)
{
    backward1_tiles(f, part, c, piece, dy, (size_t)vecs * VL, vecs);
}

/* With a literal ld, where the piece is as wide as its chunk, as in a small team nearly all are. */
static void backward1_piece(const struct fused *f, const struct fused_part *part,
                            const struct update_constants *c, struct chunk chunk, const struct piece *piece)
{
    const int width = piece->to - piece->from, all = chunk.to - chunk.from;
    const float *dy = part->own->dy + (piece->from - chunk.from) * VL;
    if (width == all) {
        DISPATCH_WIDTH(width, backward1_all, f, part, c, piece, dy)
    } else {
        DISPATCH_WIDTH(width, backward1_tiles, f, part, c, piece, dy, (size_t)(all * VL))
    }
}

#endif
