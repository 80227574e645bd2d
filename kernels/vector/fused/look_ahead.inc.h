/* SPDX-License-Identifier: MIT
 *
 * The fused step: while it updates w1, it prefetches the images of the batch announced for the next one. */
#ifndef LB_FUSED_LOOK_AHEAD_INC_H
#define LB_FUSED_LOOK_AHEAD_INC_H

#include "gather.inc.h"

/* Of the images that this thread would gather in the next step: what is still to be prefetched. */
struct look_ahead {
    const struct batch *next; /* NULL: nothing is known, and row == end */
    int row, end;             /* images row..end-1, */
    int line, lines;          /* the first of them from this of its lines on */
    long long wait, at_once;  /* calls to let pass; lines in each call after them */
};

/* Weights updated for each line prefetched: as many as keep the loads of either from waiting for the other.
 * Where a thread has too few, lines come closer together. Not measured. */
enum { WEIGHTS_PER_LINE = 48 };

/* For look_ahead() after every `most` vectors of w1 or fewer that the thread updates. The lines come with the
 * last of these calls: earlier ones would be pushed out of L2 by the weights that stream through it. */
static struct look_ahead begin_look_ahead(const struct fused *f, const struct fused_part *part, int most)
{
    const struct batch *next = part->job->batch->next;
    const int rows = next ? next->rows : 0, lines = image_lines(f->plan.inputs);
    const int threads = f->shares_gather ? part->threads : 1, t = f->shares_gather ? part->t : 0;
    const int row = share(rows, threads, t), end = share(rows, threads, t + 1);
    const long long all = (long long)(end - row) * lines, few = most * VL / WEIGHTS_PER_LINE;
    const long long calls = 1 + (rows_in(&part->backward, input_blocks(f) * UNIT_ROWS) - 1) / most;
    const long long at_once = few * calls < all ? (all + calls - 1) / calls : few;
    return (struct look_ahead){.next = next,
                               .row = row,
                               .end = end,
                               .lines = lines,
                               .wait = calls - (all + at_once - 1) / at_once,
                               .at_once = at_once};
}

ALWAYS_INLINE void look_ahead(const struct fused *f, struct look_ahead *a)
{
    if (a->wait > 0) {
        a->wait--;
        return;
    }
    for (long long i = 0; i < a->at_once && a->row < a->end; i++) {
        prefetch_line(image_of(a->next, a->row, f->plan.inputs), f->plan.inputs, a->line);
        if (++a->line < a->lines) continue;
        a->line = 0;
        a->row++;
    }
}

#endif
