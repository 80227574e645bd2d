/* SPDX-License-Identifier: MIT
 *
 * The fused step, first phase: pixels of a shuffled batch into x. Included by fused_step.h. */
#ifndef LB_FUSED_GATHER_H
#define LB_FUSED_GATHER_H

/* The images of a shuffled batch lie anywhere in a data set larger than the caches: ask for them some rows
 * ahead. Measured for 60,000 images that are in no cache: 13 ms with 6 to 24 rows ahead, 26 ms without. */
enum { ROWS_AHEAD = 8, LINE_BYTES = 64 };

static void prefetch_image(const uint8_t *image, int inputs)
{
    for (int i = 0; i < inputs; i += LINE_BYTES) _mm_prefetch((const char *)image + i, _MM_HINT_T0);
    _mm_prefetch((const char *)image + inputs - 1, _MM_HINT_T0);
}

/* One image into its lines of x. */
static void gather_image(const uint8_t *image, int inputs, float *to, size_t stride)
{
    const int whole = inputs / BLOCK;
    for (int p = 0; p < whole; p++)
        for (int i = 0; i < BLOCK; i += VL)
            vf_store(to + (size_t)p * stride + i, vf_pixel(vf_from_u8(image + p * BLOCK + i)));
    if (inputs % BLOCK) {
        uint8_t last[BLOCK] = {0};
        memcpy(last, image + whole * BLOCK, (size_t)(inputs - whole * BLOCK));
        for (int i = 0; i < BLOCK; i += VL)
            vf_store(to + (size_t)whole * stride + i, vf_pixel(vf_from_u8(last + i)));
    }
}

/* Fills a thread's x from the batch, padding rows with zeros. */
static void gather_batch(const struct fused *f, const struct fused_job *job, struct fused_thread *own)
{
    const struct batch *b = job->batch;
    const size_t inputs = (size_t)f->plan.inputs, stride = line_stride(job);
    for (int row = 0; row < b->rows; row++) {
        if (row + ROWS_AHEAD < b->rows)
            prefetch_image(b->pixels + (size_t)b->index[row + ROWS_AHEAD] * inputs, f->plan.inputs);
        gather_image(b->pixels + (size_t)b->index[row] * inputs, f->plan.inputs, own->x + row * BLOCK,
                     stride);
    }
    for (int row = b->rows; row < job->rows; row++)
        for (int p = 0; p < f->blocks; p++)
            memset(own->x + (size_t)p * stride + row * BLOCK, 0, BLOCK * sizeof(float));
}

#endif
