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

/* The images of a batch lie anywhere in a data set larger than the caches: all their lines are prefetched at
 * once, and most arrive before they are used. Rows that only pad the batch are zero_image. */
static void find_images(const struct fused *f, const struct fused_job *job, const uint8_t **images)
{
    const struct batch *b = job->batch;
    const size_t inputs = (size_t)f->plan.inputs;
    for (int row = 0; row < job->rows; row++) {
        images[row] = row < b->rows ? b->pixels + (size_t)b->index[row] * inputs : f->zero_image;
        for (size_t i = 0; i < inputs; i += LINE_BYTES)
            _mm_prefetch((const char *)images[row] + i, _MM_HINT_T1);
    }
}

/* Pixels p * BLOCK and on of one image, zeros beyond the last. */
ALWAYS_INLINE void gather_line(const uint8_t *image, int inputs, int p, float *to)
{
    const uint8_t *from = image + (size_t)p * BLOCK;
    uint8_t last[BLOCK];
    if (__builtin_expect((p + 1) * BLOCK > inputs, 0)) {
        memset(last, 0, sizeof last);
        memcpy(last, from, (size_t)(inputs - p * BLOCK));
        from = last;
    }
    for (int i = 0; i < BLOCK; i += VL) vf_store(to + i, vf_pixel(vf_from_u8(from + i)));
}

/* In the order of x: image by image, the stores take twice as long. */
static void gather_batch(const struct fused *f, const struct fused_job *job, const struct fused_thread *own)
{
    find_images(f, job, own->images);
    for (int p = 0; p < f->blocks; p++) {
        float *to = own->x + (size_t)p * line_stride(job);
        for (int row = 0; row < job->rows; row++, to += BLOCK)
            gather_line(own->images[row], f->plan.inputs, p, to);
    }
}

#endif
