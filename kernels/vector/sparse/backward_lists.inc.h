/* SPDX-License-Identifier: MIT
 *
 * Gradient and update of w1 from lists of pairs of pixels. */
#ifndef LB_SPARSE_BACKWARD_LISTS_INC_H
#define LB_SPARSE_BACKWARD_LISTS_INC_H

#include "idle.inc.h"
#include "multiply.inc.h"

/* What the pairs of a piece have in common, copied to locals like all else that each pair needs: the store of
 * a vector might change anything behind a pointer, and the compiler would read it all again for each of the
 * next vectors. backward1 of an epoch, one thread of Granite Rapids: 134 -> 131 ms (AVX-512), 192 -> 181
 * (AVX2). */
struct update_panel {
    struct update_constants constants;
    float *w;          /* w1 of the first vector */
    ptrdiff_t to_v;    /* floats from a weight to its v */
    size_t vec_floats; /* from one vector to the next */
};

/* The update straight from the sums: while the divider works on one pair, the multiply-adds of the next
 * overtake it. Taking turns with them, as in the dense tile, makes backward1 72 instead of 60 ms an epoch
 * (Zen 5, AVX-512). */
ALWAYS_INLINE void update_pair(const struct update_panel *p, const pair_sums *sum, int pair, int vecs)
{
#pragma GCC unroll 4
    for (int v = 0; v < vecs; v++)
#pragma GCC unroll 2
        for (int pixel = 0; pixel < 2; pixel++) {
            float *w = p->w + (size_t)v * p->vec_floats + (size_t)(2 * pair + pixel) * VL;
            update_vector(&p->constants, sum->of[pixel][v], w + p->to_v, w, w);
        }
}

/* The piece's pairs of pixels; dy begins with its first vector, ld floats an image. */
ALWAYS_INLINE void backward_pairs(const struct fused *f, const struct lists *l,
                                  const struct update_constants *c, const struct piece *piece,
                                  const float *dy, size_t ld, int vecs)
{
    const struct sparse *s = f->sparse;
    const struct update_panel p = {*c, f->w1 + (size_t)piece->from * w1_stride(f), f->v1 - f->w1,
                                   w1_stride(f)};
    const float *value = s->value;
    const uint32_t *lists = l->pixel_lists, *counts = l->pixel_counts;
    const size_t list_stride = s->pixel_stride;
    const int end = piece->end * UNIT_PAIRS;
    for (int pair = piece->block * UNIT_PAIRS; pair < end; pair++) {
        pair_sums sum;
        const uint32_t count = counts[pair];
        if (count == 0) continue;
#pragma GCC unroll 4
        for (int v = 0; v < vecs; v++) sum.of[0][v] = sum.of[1][v] = vf_zero();
        list_multiply(&sum, 2, 0, vecs, value, lists + (size_t)pair * list_stride, count, dy, ld, VL);
        catch_up_pair(s, &p.constants, p.w + p.to_v, p.vec_floats, pair, vecs);
        update_pair(&p, &sum, pair, vecs);
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
