/* SPDX-License-Identifier: MIT
 *
 * The fused step: pixels of a shuffled batch into x, all of them before the first multiply-add. Between the
 * multiply-adds the conversions would cost nothing on paper, but Intel's cores answer both together with a
 * lower clock for the rest of the step: an epoch of avx2 took 0.542 s that way and takes 0.513 (Granite
 * Rapids, 2 threads; avx512 0.350 and 0.349). */
#ifndef LB_FUSED_GATHER_INC_H
#define LB_FUSED_GATHER_INC_H

#include <string.h>

#include "../vec_math.inc.h"
#include "fused.inc.h"

/* Rows that only pad the batch are zero_image. */
static void find_images(const struct fused *f, const struct fused_job *job, int from, int to,
                        const uint8_t **images)
{
    const struct batch *b = job->batch;
    const size_t inputs = (size_t)f->plan.inputs;
    for (int row = from; row < to; row++)
        images[row] = row < b->rows ? b->pixels + (size_t)b->index[row] * inputs : f->zero_image;
}

/* The images of a batch lie anywhere in a data set larger than the caches: all their lines are prefetched at
 * once, and most arrive before they are used. */
static void prefetch_images(const struct fused *f, const uint8_t *const *images, int from, int to)
{
    for (int row = from; row < to; row++)
        for (int i = 0; i < f->plan.inputs; i += LINE_BYTES)
            _mm_prefetch((const char *)images[row] + i, _MM_HINT_T1);
}

/* Pixels p * BLOCK and on of one image; where it ends before the line does, they are copied to `last`, with
 * zeros after them. */
ALWAYS_INLINE const uint8_t *line_of(const uint8_t *image, int inputs, int p, uint8_t last[BLOCK])
{
    const uint8_t *from = image + (size_t)p * BLOCK;
    if (__builtin_expect((p + 1) * BLOCK <= inputs, 1)) return from;
    memset(last, 0, BLOCK);
    memcpy(last, from, (size_t)(inputs - p * BLOCK));
    return last;
}

ALWAYS_INLINE void gather_line(const uint8_t *image, int inputs, int p, float *to)
{
    uint8_t last[BLOCK];
    const uint8_t *from = line_of(image, inputs, p, last);
    for (int i = 0; i < BLOCK; i += VL) vf_store(to + i, vf_pixel(vf_from_u8(from + i)));
}

/* Lines from..to-1 of the batch, counted image by image. Written in the order of x: image by image, the
 * stores take twice as long. */
static void gather_lines(const struct fused *f, const struct fused_job *job, const struct fused_thread *own,
                         int from, int to)
{
    const int first_image = from / f->lines, end_image = (to + f->lines - 1) / f->lines;
    find_images(f, job, first_image, end_image, own->images);
    prefetch_images(f, own->images, first_image, end_image);
    for (int p = 0; p < f->lines; p++) {
        /* The images whose line p is among them. */
        const int first = (from + f->lines - 1 - p) / f->lines, end = (to + f->lines - 1 - p) / f->lines;
        float *line = own->x + (size_t)p * line_stride(job) + (size_t)first * BLOCK;
        for (int row = first; row < end; row++, line += BLOCK)
            gather_line(own->images[row], f->plan.inputs, p, line);
    }
}

static void gather_batch(const struct fused *f, const struct fused_part *part)
{
    const int all = part->job->rows * f->lines, threads = f->shares_gather ? part->threads : 1;
    const int t = f->shares_gather ? part->t : 0;
    gather_lines(f, part->job, part->own, share(all, threads, t), share(all, threads, t + 1));
}

#endif
