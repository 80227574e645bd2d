/* SPDX-License-Identifier: MIT
 *
 * The fused step, first phase: pixels of a shuffled batch into x. Included by fused_step.h. */
#ifndef LB_FUSED_GATHER_H
#define LB_FUSED_GATHER_H

/* Lines of images still to be asked for, dealt over the work of a step. */
enum { LINE_BYTES = 64 };

/* Asks for part i of `parts` of the images of the next batch: a shuffled batch lies anywhere in a data set
 * larger than the caches, and its lines can travel while this batch is being multiplied. */
static void prefetch_next(const struct fused *f, const struct batch *b, int i, int parts)
{
    const int inputs = f->plan.inputs, lines = (inputs + LINE_BYTES - 1) / LINE_BYTES + 1;
    const int from = share(b->next_rows * lines, parts, i), to = share(b->next_rows * lines, parts, i + 1);
    for (int at = from; at < to; at++) {
        const uint8_t *image = b->pixels + (size_t)b->next[at / lines] * (size_t)inputs;
        const int byte = at % lines * LINE_BYTES;
        _mm_prefetch((const char *)image + (byte < inputs ? byte : inputs - 1), _MM_HINT_T1);
    }
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
    for (int row = 0; row < b->rows; row++)
        gather_image(b->pixels + (size_t)b->index[row] * inputs, f->plan.inputs, own->x + row * BLOCK,
                     stride);
    for (int row = b->rows; row < job->rows; row++)
        for (int p = 0; p < f->blocks; p++)
            memset(own->x + (size_t)p * stride + row * BLOCK, 0, BLOCK * sizeof(float));
}

#endif
