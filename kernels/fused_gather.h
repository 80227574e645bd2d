/* SPDX-License-Identifier: MIT
 *
 * The fused step: pixels of a shuffled batch into x. The first BLOCK images are gathered before anything
 * else, the others line by line between the multiply-adds of the first panel, which leave the units that
 * convert pixels idle. The images of a batch lie anywhere in a data set larger than the caches, so they are
 * asked for BLOCK images ahead, a cache line at a time. Included by fused_step.h. */
#ifndef LB_FUSED_GATHER_H
#define LB_FUSED_GATHER_H

/* A row of the batch; blank where it only pads it. */
static inline const uint8_t *image_at(const struct fused *f, const struct batch *b, int row)
{
    return row < b->rows ? b->pixels + (size_t)b->index[row] * (size_t)f->plan.inputs : f->blank;
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

/* Line p of `rows` images from row on, and a share of the memory traffic for those a block further on. */
ALWAYS_INLINE void gather_lines(const struct fused *f, const struct fused_job *job,
                                const struct fused_thread *own, int row, int rows, int p)
{
    const struct batch *b = job->batch;
    float *to = own->x + (size_t)p * line_stride(job) + (size_t)row * BLOCK;
    /* Unrolled, GCC 12 threads eight copies of the rare last pixels through each other: forward1 of an epoch
     * takes 127 instead of 118 ms (AVX-512, 2 threads). */
#pragma GCC unroll 1
    for (int r = 0; r < rows; r++) gather_line(image_at(f, b, row + r), f->plan.inputs, p, to + r * BLOCK);
    if (p * BLOCK % LINE_BYTES) return;
#pragma GCC unroll 1
    for (int r = 0; r < rows; r++)
        _mm_prefetch((const char *)image_at(f, b, row + BLOCK + r) + p * BLOCK, _MM_HINT_T0);
}

/* The first BLOCK rows, at once. */
static void gather_first(const struct fused *f, const struct fused_job *job, const struct fused_thread *own)
{
    for (int row = 0; row < 2 * BLOCK; row++)
        for (int i = 0; i < f->plan.inputs; i += LINE_BYTES)
            _mm_prefetch((const char *)image_at(f, job->batch, row) + i, _MM_HINT_T0);
    for (int p = 0; p < f->blocks; p++) gather_lines(f, job, own, 0, BLOCK, p);
}

#endif
