/* SPDX-License-Identifier: MIT
 *
 * The first layer of the fused step with all pixels. ../sparse/layer.inc.h has the same functions for a step
 * that leaves out those that are 0. */
#ifndef LB_FUSED_DENSE_LAYER_INC_H
#define LB_FUSED_DENSE_LAYER_INC_H

#include "backward.inc.h"
#include "forward.inc.h"
#include "gather.inc.h"
#include "phase_clock.inc.h"

/* The batch's pixels, up to where all threads of the team may use them. */
static void layer_gather(struct fused *f, const struct fused_part *part)
{
    gather_batch(f, part);
    add_phase_time(f, PHASE_GATHER, part->mark);
    if (f->shares_gather) wait_for_team(f, part);
}

/* h of a piece; `next` are the vectors of w1 that are wanted after its chunk. */
static void layer_forward1(const struct fused *f, const struct fused_part *part, const struct piece *piece,
                           struct chunk next)
{
    forward1_piece(f, part, piece, next);
}

/* Into how wide panels this batch's chunks are cut. */
static int layer_panel_vecs(const struct fused *f, const struct fused_part *part)
{
    (void)f;
    (void)part;
    return MAX_PANEL_VECS;
}

/* Gradient and update of the part of w1 that belongs to a piece of a chunk. */
static void layer_backward1(const struct fused *f, const struct fused_part *part,
                            const struct update_constants *c, struct chunk chunk, const struct piece *piece)
{
    backward1_piece(f, part, c, chunk, piece);
}

#endif
