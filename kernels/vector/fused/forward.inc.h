/* SPDX-License-Identifier: MIT
 *
 * The fused step, forward: both layers, chunk by chunk of a thread's portion. */
#ifndef LB_FUSED_FORWARD_INC_H
#define LB_FUSED_FORWARD_INC_H

#include "fused.inc.h"
#include "panel.inc.h"

/* How far ahead the lines of x are prefetched: the tile reads a line of each of its images at once, too
 * many at a time for the hardware to have fetched them from L2 (Granite Rapids, AVX-512, tiles of 8 x 2
 * vectors over 784 pixels, GFLOP/s: 195 without, 198 one line ahead, 205 two). */
enum { LINES_AHEAD = 2 };

ALWAYS_INLINE void prefetch_lines(const struct fused_job *job, const float *x, int rows)
{
    for (int r = 0; r < rows; r++)
        _mm_prefetch((const char *)(x + LINES_AHEAD * line_stride(job) + r * BLOCK), _MM_HINT_T0);
}

/* Every 16 images prefetch 1 / CHUNK_SHARES of the next chunk, so that a batch of 128 prefetches all of it.
 * Both kinds of prefetch, AVX-512, forward1 of an epoch, one thread: 266 -> 253 ms. */
enum { CHUNK_SHARES = 8 };

/* Prefetches the part of share row / BLOCK of the next chunk that belongs to line p of x. */
ALWAYS_INLINE void prefetch_share(const struct fused *f, struct chunk next, int row, int p)
{
    const int floats = BLOCK * (next.to - next.from) * VL / CHUNK_SHARES; /* with each line of x */
    const size_t share = (size_t)(row / BLOCK) * (size_t)f->lines + (size_t)p;
    const float *from = f->w1 + (size_t)next.from * w1_stride(f) + share * (size_t)floats;
    for (int i = 0; i < floats; i += LINE_FLOATS) _mm_prefetch((const char *)(from + i), _MM_HINT_T1);
}

/* h for `rows` images from row on and `vecs` vectors from vec on: the whole of k in registers. With
 * PREFETCHES_CHUNK, the first tile of every 16 images prefetches from the next chunk on the way. */
ALWAYS_INLINE void forward1_tile(const struct fused *f, const struct fused_part *part, int vec, int row,
                                 int rows, int vecs, struct chunk next)
{
    const bool prefetches = PREFETCHES_CHUNK && row % BLOCK == 0 && row < CHUNK_SHARES * BLOCK;
    const float *w = f->w1 + (size_t)vec * w1_stride(f), *b1 = f->b1 + vec * VL;
    const float *x = part->own->x + (size_t)row * BLOCK;
    const size_t h_vec = h_stride(f), w1_vec = w1_stride(f);
    float *h = f->h + (size_t)vec * h_vec + (size_t)row * VL;
    tile sum;
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) sum.at[r][v] = vf_load(b1 + v * VL);
    for (int p = 0; p < f->lines; p++) {
        if (p + LINES_AHEAD < f->lines) prefetch_lines(part->job, x, rows);
        if (prefetches) prefetch_share(f, next, row, p);
        panel_multiply(&sum, rows, vecs, BLOCK, x, BLOCK, 1, w, w1_vec, VL);
        x += line_stride(part->job);
        w += BLOCK * VL;
    }
#pragma GCC unroll 8
    for (int v = 0; v < vecs; v++, h += h_vec)
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) vf_store(h + r * VL, vf_max(vf_zero(), sum.at[r][v]));
}

#define FORWARD1_TILE(height) forward1_tile(f, part, piece->from, row, height, vecs, next)

ALWAYS_INLINE void forward1_tiles(const struct fused *f, const struct fused_part *part,
                                  const struct piece *piece, struct chunk next, int vecs)
{
    int row = piece->block * UNIT_ROWS;
    const int end = rows_until(part->job, piece->end);
    FOR_EACH_TILE(row, end, vecs, FORWARD1_TILE);
}

static void forward1_piece(const struct fused *f, const struct fused_part *part, const struct piece *piece,
                           struct chunk next)
{
    DISPATCH_WIDTH(piece->to - piece->from, forward1_tiles, f, part, piece, next)
}

/* Vectors whose logits are summed tile by tile before the next ones: a node of the tree at most so large. The
 * weights of a group stay in L1. */
enum { GROUP_VECS = 4 };

/* Where the sums of the node that begins with vector `first` are stored: those within a group until the tile
 * is done, the others for the softmax. */
ALWAYS_INLINE float *node_at(const struct fused *f, const struct fused_thread *own, int group, int first,
                             int row)
{
    if (first > group) return own->node_sums + (first - group) * BLOCK * LOGITS;
    return f->z + ((size_t)first * (size_t)f->rows_max + (size_t)row) * LOGITS;
}

/* Adds to the sums over vector vec those that were stored for the vectors before it, as long as both make a
 * node of the tree whose vectors all are this portion's, from..vec; stores the result for the node's first
 * vector. */
ALWAYS_INLINE void store_logits(const struct fused *f, const struct fused_thread *own, tile *sum, int from,
                                int group, int vec, int row, int rows)
{
    int first = vec;
    for (int vecs = 1; (first & vecs) != 0 && first - vecs >= from; vecs *= 2) {
        first -= vecs;
        const float *z = node_at(f, own, group, first, row);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < LOGIT_VECS; v++)
                sum->at[r][v] = vf_add(vf_load(z + r * LOGITS + v * VL), sum->at[r][v]);
    }
    float *z = node_at(f, own, group, first, row);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < LOGIT_VECS; v++) vf_store(z + r * LOGITS + v * VL, sum->at[r][v]);
}

/* Sums of logits over vectors group..end-1 of a portion that begins with vector `from`, for `rows` images. */
ALWAYS_INLINE void forward2_tile(const struct fused *f, const struct fused_thread *own, int from, int group,
                                 int end, int row, int rows)
{
    for (int vec = group; vec < end; vec++) {
        tile sum;
        tile_zero(&sum, rows, LOGIT_VECS);
        panel_multiply(&sum, rows, LOGIT_VECS, VL, f->h + (size_t)vec * h_stride(f) + (size_t)row * VL, VL, 1,
                       f->w2t + (size_t)vec * VL * LOGITS, VL, LOGITS);
        store_logits(f, own, &sum, from, group, vec, row, rows);
    }
}

#define FORWARD2_TILE(height) forward2_tile(f, part->own, from, group, group + vecs, row, height)

/* `from` is the portion's first vector with these blocks. */
static void forward2_stretch(const struct fused *f, const struct fused_part *part,
                             const struct piece *stretch, int from)
{
    const int end = rows_until(part->job, stretch->end);
    for (int group = stretch->from, vecs; group < stretch->to; group += vecs) {
        vecs = node_vecs(group, stretch->to < group + GROUP_VECS ? stretch->to : group + GROUP_VECS);
        int row = stretch->block * UNIT_ROWS;
        FOR_EACH_TILE(row, end, LOGIT_VECS, FORWARD2_TILE);
    }
}

/* The portion's share of the logits, from its vectors vecs.from..to-1; those before them have been added. */
static void forward2(const struct fused *f, const struct fused_part *part, struct chunk vecs)
{
    struct piece stretch[3];
    const struct portion *p = &part->forward;
    const int count = stretches_of(p, blocks_of(part->job->rows), vecs.from, vecs.to, stretch);
    for (int i = 0; i < count; i++) forward2_stretch(f, part, &stretch[i], first_vec_at(p, stretch[i].block));
}

#endif
