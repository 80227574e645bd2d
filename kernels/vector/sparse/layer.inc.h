/* SPDX-License-Identifier: MIT
 *
 * The first layer of the fused step without products of pixels that are 0: the functions of
 * ../fused/dense_layer.inc.h, with the same bits. docs/sparse.md says how and why. A batch with few zeros
 * takes the dense kernels. */
#ifndef LB_SPARSE_LAYER_INC_H
#define LB_SPARSE_LAYER_INC_H

#include "../fused/backward.inc.h"
#include "../fused/forward.inc.h"
#include "../fused/phase_clock.inc.h"
#include "backward_lists.inc.h"
#include "forward_lists.inc.h"

static bool is_dense(const struct fused *f, const struct fused_part *part)
{
    return f->sparse->threads[part->t].dense;
}

static void layer_gather(struct fused *f, const struct fused_part *part)
{
    struct lists *l = &f->sparse->threads[part->t];
    l->dense = !f->sparse->possible;
    if (!l->dense) {
        find_batch(f, part);
        l->dense = too_full(f, part);
    }
    if (l->dense)
        gather_batch(f, part);
    else
        make_lists(f, part);
    add_phase_time(f, PHASE_GATHER, part->mark);
    if (f->shares_gather) wait_for_team(f, part);
}

static void layer_forward1(const struct fused *f, const struct fused_part *part, const struct piece *piece,
                           struct chunk next)
{
    if (is_dense(f, part))
        forward1_piece(f, part, piece, next);
    else
        forward_lists(f, part, piece);
}

static int layer_panel_vecs(const struct fused *f, const struct fused_part *part)
{
    return is_dense(f, part) ? MAX_PANEL_VECS : LIST_VECS;
}

static void layer_backward1(const struct fused *f, const struct fused_part *part,
                            const struct update_constants *c, struct chunk chunk, const struct piece *piece)
{
    if (!is_dense(f, part)) {
        backward_lists(f, part, c, chunk, piece);
        return;
    }
    DISPATCH_WIDTH(piece->to - piece->from, catch_up, f, c, piece->from, piece->block * UNIT_PAIRS,
                   piece->end * UNIT_PAIRS)
    backward1_piece(f, part, c, chunk, piece);
}

#endif
