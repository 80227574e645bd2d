/* SPDX-License-Identifier: MIT
 *
 * Gradient and update of w1 from lists of pairs of pixels. */
#ifndef LB_SPARSE_BACKWARD_LISTS_INC_H
#define LB_SPARSE_BACKWARD_LISTS_INC_H

#include "idle.inc.h"
#include "multiply.inc.h"

/* The update straight from the sums: while the divider works on one pair, the multiply-adds of the next
 * overtake it. Taking turns with them, as in the dense tile, makes backward1 72 instead of 60 ms an epoch
 * (Zen 5, AVX-512). */
ALWAYS_INLINE void update_pair(const struct fused *f, const struct update_constants *c, const pair_sums *sum,
                               int vec, int pair, int vecs)
{
#pragma GCC unroll 4
    for (int v = 0; v < vecs; v++)
#pragma GCC unroll 2
        for (int pixel = 0; pixel < 2; pixel++) {
            const size_t at = (size_t)(vec + v) * w1_stride(f) + (size_t)(2 * pair + pixel) * VL;
            update_vector(c, sum->of[pixel][v], f->v1 + at, f->w1 + at, f->w1 + at);
        }
}

/* The piece's pairs of pixels; dy begins with its first vector, ld floats an image. */
ALWAYS_INLINE void backward_pairs(const struct fused *f, const struct lists *l,
                                  const struct update_constants *c, const struct piece *piece,
                                  const float *dy, size_t ld, int vecs)
{
    const struct sparse *s = f->sparse;
    for (int pair = piece->block * UNIT_PAIRS; pair < piece->end * UNIT_PAIRS; pair++) {
        pair_sums sum;
        const uint32_t count = l->pixel_counts[pair];
        if (count == 0) continue;
#pragma GCC unroll 4
        for (int v = 0; v < vecs; v++) sum.of[0][v] = sum.of[1][v] = vf_zero();
        list_multiply(&sum, 2, 0, vecs, s->value, l->pixel_lists + (size_t)pair * s->pixel_stride, count, dy,
                      ld, VL);
        catch_up(f, c, piece->from, pair, pair + 1, vecs);
        update_pair(f, c, &sum, piece->from, pair, vecs);
    }
}

static void backward_lists(const struct fused *f, const struct fused_part *part,
                           const struct update_constants *c, struct chunk chunk, const struct piece *piece)
{
    const struct lists *l = &f->sparse->threads[part->t];
    const size_t ld = (size_t)(chunk.to - chunk.from) * VL;
    const float *dy = part->own->dy + (piece->from - chunk.from) * VL;
    DISPATCH_LIST_WIDTH(piece->to - piece->from, backward_pairs, f, l, c, piece, dy, ld)
}

#endif
