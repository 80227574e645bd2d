/* SPDX-License-Identifier: MIT
 *
 * The fused step: RMSprop on vectors of gradients as they arise.
 *
 * Everything here is in the units of loss_scale.h. */
#ifndef LB_FUSED_UPDATE_INC_H
#define LB_FUSED_UPDATE_INC_H

#include <stddef.h>

#include "fused.inc.h"
#include "loss_scale.h"

struct update_constants {
    vf lr, rho, one_minus_rho, epsilon, v_floor;
};

static struct update_constants update_constants(const struct plan *plan)
{
    return (struct update_constants){
        .lr = vf_set1(plan->lr),
        .rho = vf_set1(plan->rho),
        .one_minus_rho = vf_set1(1.0f - plan->rho),
        .epsilon = vf_set1(plan->epsilon * LOSS_SCALE),
        .v_floor = vf_set1((1.0f - plan->rho) * 0.5f * V_VANISHES),
    };
}

/* The vector whose update has begun: v is written, w waits for its square root. */
struct in_flight {
    vf g, root;
    float *w;
};

/* v = rho v + (1 - rho) g^2, and its square root, correctly rounded. The square is not rounded by itself:
 * added in one FMA, that of a small g cannot be subnormal beside a normal v.
 *
 * v_floor keeps a v without gradients from becoming subnormal: added in every step, it leaves V_VANISHES / 2
 * of it in the end, which is 0 in the model's own units, and a sum of at most that to what v should be. */
ALWAYS_INLINE struct in_flight begin_update(const struct update_constants *c, vf g, float *v, float *w)
{
    const vf decayed = vf_fma(c->rho, vf_load(v), c->v_floor);
    const vf after = vf_fma(vf_mul(c->one_minus_rho, g), g, decayed);
    vf_store(v, after);
    return (struct in_flight){g, vf_sqrt(after), w};
}

/* w - lr g / (sqrt(v) + epsilon), the division correctly rounded. */
ALWAYS_INLINE vf updated(const struct update_constants *c, const struct in_flight *u)
{
    const vf update = vf_div(vf_mul(c->lr, u->g), vf_add(u->root, c->epsilon));
    return vf_sub(vf_load(u->w), update);
}

ALWAYS_INLINE void finish_update(const struct update_constants *c, const struct in_flight *u)
{
    vf_store(u->w, updated(c, u));
}

/* In one piece; the new weights to `to`, which may be w. */
ALWAYS_INLINE void update_vector(const struct update_constants *c, vf g, float *v, float *w, float *to)
{
    const struct in_flight u = begin_update(c, g, v, w);
    vf_store(to, updated(c, &u));
}

/* Where the vectors of a tile of w1 lie: runs of `rows` vectors, `skip` floats between two of them; v lies
 * `to_v` floats after w. */
struct tile_layout {
    ptrdiff_t to_v;
    size_t skip;
};

/* A finished tile of gradients whose update still has to be begun: `left` vectors from g and w on. */
struct pending {
    const float *g;
    float *w;
    int left;
};

/* Finishes the vector in flight and begins the next one of p, whose runs have `rows` vectors; false when p
 * has no more. In one piece, the square root and then the division that waits for it delay the multiply-adds
 * after them. A tile of 8 x 2 vectors and 128 images without updates, with updates in one piece, in two parts
 * (Granite Rapids, AVX-512): 319, 422, 375 ns. */
ALWAYS_INLINE bool next_update(const struct update_constants *c, const struct tile_layout *at,
                               struct in_flight *u, struct pending *p, int rows)
{
    if (p->left == 0) return false;
    finish_update(c, u);
    *u = begin_update(c, vf_load(p->g), p->w + at->to_v, p->w);
    p->g += VL;
    p->w += VL;
    if (--p->left % rows == 0) p->w += at->skip;
    return true;
}

#endif
