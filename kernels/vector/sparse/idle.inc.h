/* SPDX-License-Identifier: MIT
 *
 * v of the pixels that no image of a batch had: the steps that it missed, made good. Their gradient was 0,
 * which leaves w as it is, and of begin_update what is left is the decay. */
#ifndef LB_SPARSE_IDLE_INC_H
#define LB_SPARSE_IDLE_INC_H

#include "../fused/update.inc.h"
#include "lists.inc.h"

/* Steps between two checks whether v still changes: the decay is monotonous and ends at one number. */
enum { DECAYS_PER_CHECK = 16 };

static uint32_t missed_steps(const struct sparse *s, int pair)
{
    return s->steps - s->current[pair];
}

/* Whether any lane differs; a NaN does not count as one that stays. */
ALWAYS_INLINE bool differs(vf a, vf b)
{
    return vm_bits(vm_eq(a, b)) != (1u << VL) - 1;
}

/* v of both pixels of a pair for `vecs` vectors, vec_floats apart. */
ALWAYS_INLINE void decay_pair(const struct update_constants *c, float *v, size_t vec_floats, uint32_t steps,
                              int vecs)
{
    vf now[LIST_VECS][2];
#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++)
        for (int pixel = 0; pixel < 2; pixel++)
            now[i][pixel] = vf_load(v + (size_t)i * vec_floats + pixel * VL);
    for (bool changes = true; changes && steps > 0; steps--) {
        const bool checks = steps % DECAYS_PER_CHECK == 0;
        changes = !checks;
#pragma GCC unroll 4
        for (int i = 0; i < vecs; i++)
#pragma GCC unroll 2
            for (int pixel = 0; pixel < 2; pixel++) {
                const vf after = vf_fma(c->rho, now[i][pixel], c->v_floor);
                if (checks) changes |= differs(after, now[i][pixel]);
                now[i][pixel] = after;
            }
    }
#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++)
        for (int pixel = 0; pixel < 2; pixel++)
            vf_store(v + (size_t)i * vec_floats + pixel * VL, now[i][pixel]);
}

/* One pair of `vecs` vectors, vec_floats apart; v is that of the first vector. */
ALWAYS_INLINE void catch_up_pair(const struct sparse *s, const struct update_constants *c, float *v,
                                 size_t vec_floats, int pair, int vecs)
{
    const uint32_t missed = missed_steps(s, pair);
    if (missed > 0) decay_pair(c, v + (size_t)(2 * pair) * VL, vec_floats, missed, vecs);
}

/* Pairs from..to-1 of `vecs` vectors from vec on. */
ALWAYS_INLINE void catch_up(const struct fused *f, const struct update_constants *c, int vec, int from,
                            int to, int vecs)
{
    float *v1 = f->v1 + (size_t)vec * w1_stride(f);
    for (int pair = from; pair < to; pair++) catch_up_pair(f->sparse, c, v1, w1_stride(f), pair, vecs);
}

/* All of v, before it is looked at. */
static void catch_up_all(const struct fused *f)
{
    struct sparse *s = f->sparse;
    const struct update_constants c = update_constants(&f->plan);
    for (int vec = 0; vec < f->vecs; vec++) catch_up(f, &c, vec, 0, pixel_pairs(f), 1);
    for (int pair = 0; pair < pixel_pairs(f); pair++) s->current[pair] = s->steps;
}

/* After a step: v of all pairs that it used is that of now. */
static void count_step(const struct fused *f)
{
    struct sparse *s = f->sparse;
    const struct lists *l = &s->threads[0];
    s->steps++;
    for (int pair = 0; pair < pixel_pairs(f); pair++)
        if (l->dense || l->pixel_counts[pair] > 0) s->current[pair] = s->steps;
}

static void forget_steps(const struct fused *f)
{
    struct sparse *s = f->sparse;
    s->steps = 0;
    memset(s->current, 0, (size_t)pixel_pairs(f) * sizeof *s->current);
}

#endif
