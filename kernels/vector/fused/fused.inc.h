/* SPDX-License-Identifier: MIT
 *
 * The fused step: its types, the layout of its memory, and the geometry of its panels. A template: needs the
 * vectors and parameters of an ISA (../parameters.inc.h).
 *
 * Rows are padded to multiples of BLOCK with zero images and zero dz, inputs with zero pixels, hidden units
 * with zero weights: all of these stay exactly zero through any number of steps and add exact zeros to every
 * sum.
 *
 * Layouts (J panels, W = hidden units of the panel, P = inputs / BLOCK rounded up, R = rows of this batch,
 * padded); where W differs from panel to panel, they still follow each other without gaps:
 *
 * - x [P][R + 1][BLOCK], per thread: one cache line holds 16 pixels of one image. Forward walks it along the
 * pixels, the weight gradient along the images, both with broadcasts at constant offsets.
 * - w1, v1 [J][P * BLOCK][W]; every v is kept in the units of loss_scale.h.
 * - h [J][R][W], after the ReLU; its sign is the mask of the gradient.
 * - w2, v2 [J][classes][W], and a copy w2t [J][W][LOGITS] for the forward pass.
 * - z [J][R][LOGITS], partial logits.
 */
#ifndef LB_FUSED_INC_H
#define LB_FUSED_INC_H

#include <stdbool.h>

#include "../state.inc.h"

enum {
    BLOCK = 16,      /* pixels in a line of x; rows and inputs are padded to it */
    LOGITS = 16,     /* classes, padded */
    LINE_BYTES = 64, /* of cache */
    LINE_FLOATS = LINE_BYTES / sizeof(float),
    WIDEST_PANEL = MAX_PANEL_VECS * VL, /* hidden units */
    LOGIT_VECS = LOGITS / VL,
};

_Static_assert(BLOCK % IMAGES_PER_UPDATE == 0, "a batch is cut into blocks, and these between updates");

enum {
    PHASE_GATHER,
    PHASE_FORWARD1,
    PHASE_FORWARD2,
    PHASE_SOFTMAX,
    PHASE_BACKWARD2,
    PHASE_BACKWARD1,
    PHASE_BARRIER,
    PHASE_COUNT
};
static const char *const phase_names[PHASE_COUNT + 1] = {"gather",    "forward1",  "forward2", "softmax_xent",
                                                         "backward2", "backward1", "barrier",  NULL};

/* What one thread has to itself. */
struct fused_thread {
    _Alignas(128) float *x; /* [P][R + 1][BLOCK] */
    float *dz;              /* [R][LOGITS] */
    float *sums, *at_label; /* [R], of the softmax: sum of exponentials, shifted logit of the label */
    float *dy;              /* [R][W], masked hidden gradient of the panel at hand */
    const uint8_t **images; /* [R], of the batch */
    _Alignas(64) float pending[2][MAX_PANEL_TILE * VL]; /* gradients of the last two tiles */
    float spare[VL];               /* takes the "update" before the first one of a panel */
    float b2[LOGITS], vb2[LOGITS]; /* everybody's own copy: same bits, no exchange */
    struct step_result result;
};

struct fused {
    struct plan plan;
    int panels, blocks, rows_max;
    int vecs;     /* of hidden units, all panels together */
    float *arena; /* holds what all pointers below point to */
    size_t arena_bytes;
    float *w1, *v1, *b1, *vb1, *w2, *v2, *w2t, *h, *z;
    uint8_t *zero_image; /* an image of zeros; pads a batch */
    struct fused_thread *threads;
    double seconds[PHASE_COUNT];
    uint64_t clock_reads;
};

struct fused_job {
    const struct batch *batch;
    int rows;    /* padded */
    float *prob; /* predict only */
    bool train;
};

/* Floats between two lines of x of the same image. One line more than the batch has rows: a multiple of 4 KiB
 * would put all lines of an image into one set of L1. */
static size_t line_stride(const struct fused_job *job)
{
    return (size_t)(job->rows + 1) * BLOCK;
}

/* Where part t begins if count things are cut into parts as equal as can be. */
static int share(int count, int parts, int t)
{
    return (int)((long long)count * t / parts);
}

/* The first hidden unit of a panel; of the panel after the last, the number of them all. */
static int first_unit(const struct fused *f, int panel)
{
    return share(f->vecs, f->panels, panel) * VL;
}

static int panel_vecs(const struct fused *f, int panel)
{
    return (first_unit(f, panel + 1) - first_unit(f, panel)) / VL;
}

/* Where a panel begins in a tensor of `rows` floats a hidden unit. */
static size_t panel_at(const struct fused *f, int panel, int rows)
{
    return (size_t)first_unit(f, panel) * (size_t)rows;
}

static int padded_rows(int rows)
{
    return (rows + BLOCK - 1) / BLOCK * BLOCK;
}

/* Calls fn(..., vecs), where vecs is a literal: one of the widths that the ISA's file lists. */
#define PANEL_CASE(width, fn, ...)                                                                           \
    case width:                                                                                              \
        fn(__VA_ARGS__, width);                                                                              \
        break;
#define DISPATCH_WIDTH(vecs, fn, ...)                                                                        \
    switch (vecs) {                                                                                          \
        FOR_EACH_PANEL_WIDTH(PANEL_CASE, fn, __VA_ARGS__)                                                    \
    }

#endif
