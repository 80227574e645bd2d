/* SPDX-License-Identifier: MIT
 *
 * Forward through the first layer from lists of pairs of images. */
#ifndef LB_SPARSE_FORWARD_LISTS_INC_H
#define LB_SPARSE_FORWARD_LISTS_INC_H

#include "multiply.inc.h"

/* One block of lines, by which a panel goes through all pairs of images; the sums wait in h from one to the
 * next. */
struct forward_block {
    const struct fused *f;
    const struct lists *lists;
    const struct piece *piece;
    int block;
};

/* The sums of h for rows[0] and, with `images` 2, rows[1]; or with 1 for the image whose pixels lie `shift`
 * bits up in the pair's entries. */
ALWAYS_INLINE void forward_pair(const struct forward_block *b, int pair, const uint32_t *rows, int images,
                                int shift, int vecs)
{
    const struct fused *f = b->f;
    const struct sparse *s = f->sparse;
    const size_t h_vec = h_stride(f), w1_vec = w1_stride(f), vec = (size_t)b->piece->from;
    const float *b1 = f->b1 + vec * VL, *w1 = f->w1 + vec * w1_vec;
    const uint32_t *ends = b->lists->image_ends + pair * s->blocks + b->block;
    const uint32_t begin = b->block > 0 ? ends[-1] : 0;
    const uint32_t *list = b->lists->image_lists + (size_t)pair * s->image_stride + begin;
    float *h = f->h + vec * h_vec;
    pair_sums sum;
#pragma GCC unroll 2
    for (int i = 0; i < images; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vecs; v++)
            sum.of[i][v] =
                vf_load(b->block == 0 ? b1 + v * VL : h + (size_t)v * h_vec + (size_t)rows[i] * VL);
    list_multiply(&sum, images, shift, vecs, s->value, list, ends[0] - begin, w1, VL, w1_vec);
    const bool done = b->block == s->blocks - 1;
#pragma GCC unroll 2
    for (int i = 0; i < images; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vecs; v++)
            vf_store(h + (size_t)v * h_vec + (size_t)rows[i] * VL,
                     done ? vf_max(vf_zero(), sum.of[i][v]) : sum.of[i][v]);
}

/* Of a pair that it shares with another thread, a piece has one image: it passes over the other's pixels. */
ALWAYS_INLINE void forward_pairs(const struct forward_block *b, const struct fused_job *job, int vecs)
{
    const uint32_t from = (uint32_t)(b->piece->block * UNIT_ROWS);
    const uint32_t to = (uint32_t)rows_until(job, b->piece->end);
    for (int pair = 0; pair < job->rows / 2; pair++) {
        const uint32_t *rows = b->lists->order + 2 * pair;
        const bool first = rows[0] >= from && rows[0] < to, second = rows[1] >= from && rows[1] < to;
        if (first && second)
            forward_pair(b, pair, rows, 2, 0, vecs);
        else if (first)
            forward_pair(b, pair, rows, 1, 0, vecs);
        else if (second)
            forward_pair(b, pair, rows + 1, 1, 8, vecs);
    }
}

static void forward_lists(const struct fused *f, const struct fused_part *part, const struct piece *piece)
{
    for (int block = 0; block < f->sparse->blocks; block++) {
        const struct forward_block b = {f, &f->sparse->threads[part->t], piece, block};
        DISPATCH_LIST_WIDTH(piece->to - piece->from, forward_pairs, &b, part->job)
    }
}

#endif
