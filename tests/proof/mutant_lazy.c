/* SPDX-License-Identifier: MIT
 *
 * The breakable step: work that is put off, and what is carried from one call to the next. */
#include <stdint.h>
#include <string.h>

#include "mutant_step.h"
#include "mutants.h"

bool is_lazy(const struct fused *f)
{
    return f->bug == BUG_lazy || f->bug == BUG_lazy_short || f->bug == BUG_lazy_wraps ||
           f->bug == BUG_lazy_unflushed || f->bug == BUG_lazy_through_load;
}

void lazy_begin(struct fused *f)
{
    if (f->bug == BUG_lazy_through_load && f->steps > 0) return;
    f->steps = 0;
    memset(f->last, 0, (size_t)f->shape.inputs * sizeof *f->last);
}

/* All decays of the pixel's v up to and with step `until`. */
static void catch_up(struct fused *f, int pixel, long until)
{
    const size_t hidden = (size_t)f->shape.hidden;
    float *v = f->model.v.w1 + (size_t)pixel * hidden;
    long missed = until - f->last[pixel];
    if (f->bug == BUG_lazy_short && missed >= 16) missed--;
    if (f->bug == BUG_lazy_wraps) missed = (uint8_t)missed;
    for (long step = 0; step < missed; step++)
        for (size_t u = 0; u < hidden; u++) v[u] *= f->plan.rho;
    f->last[pixel] = until;
}

void lazy_update(struct fused *f, int rows)
{
    const struct plan *plan = &f->plan;
    const size_t in = (size_t)f->shape.inputs, hidden = (size_t)f->shape.hidden;
    f->steps++;
    for (size_t i = 0; i < in; i++) {
        bool set = false;
        for (int row = 0; row < rows; row++) set |= f->x[(size_t)row * in + i] != 0.0f;
        if (!set) continue;
        catch_up(f, (int)i, f->steps - 1);
        backend_plain.ops.rmsprop(f->ops_state, hidden, plan->lr, plan->rho, plan->epsilon,
                                  f->gradient.w.w1 + i * hidden, f->model.v.w1 + i * hidden,
                                  f->model.w.w1 + i * hidden);
        f->last[i] = f->steps;
    }
}

void lazy_flush(struct fused *f)
{
    for (int i = 0; f->bug != BUG_lazy_unflushed && i < f->shape.inputs; i++) catch_up(f, i, f->steps);
}

bool cache_hits(struct fused *f, const struct batch *b)
{
    const size_t bytes = (size_t)b->rows * sizeof *b->index;
    const bool hit =
        f->seen == b->pixels && f->seen_rows == b->rows && memcmp(f->seen_index, b->index, bytes) == 0;
    memcpy(f->seen_index, b->index, bytes);
    f->seen = b->pixels;
    f->seen_rows = b->rows;
    return hit;
}

void keep_next(struct fused *f, const struct batch *next)
{
    const int in = f->shape.inputs;
    f->next_rows = next ? next->rows : 0;
    if (!next) return;
    f->next_pixels = next->pixels;
    memcpy(f->next_index, next->index, (size_t)next->rows * sizeof *next->index);
    backend_plain.ops.gather(f->ops_state, next->rows, in, next->pixels, next->index, f->next_x, in);
    for (int i = 0; i < next->rows; i++) f->next_labels[i] = next->labels[next->index[i]];
}

void take_next(struct fused *f, const struct batch *b)
{
    const int rows = b->rows < f->next_rows ? b->rows : f->next_rows;
    const bool as_many = b->rows == f->next_rows;
    const bool same_list = as_many && b->pixels == f->next_pixels &&
                           memcmp(f->next_index, b->index, (size_t)rows * sizeof *b->index) == 0;
    if (f->bug == BUG_next_trusted || (f->bug == BUG_next_as_many && as_many) ||
        (f->bug == BUG_next_same_list && same_list))
        memcpy(f->x, f->next_x, (size_t)rows * (size_t)f->shape.inputs * sizeof *f->x);
    if (f->bug == BUG_next_labels && same_list) memcpy(f->labels, f->next_labels, (size_t)rows);
}

void share_means(struct fused *f)
{
    static float means[1 << 20];
    float **const members[TENSOR_COUNT] = {&f->model.v.w1, &f->model.v.b1, &f->model.v.w2, &f->model.v.b2};
    float *at = means;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        *members[i] = at;
        at += tensor_count(&f->shape, i);
    }
}
