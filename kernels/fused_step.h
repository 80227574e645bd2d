/* SPDX-License-Identifier: MIT
 *
 * Level 2 for a vector ISA: the whole training step, parameters kept in packed panels between steps.
 *
 * Hidden units are cut into panels a few vectors wide and the panels are dealt to the threads, who own them
 * for good: weights, optimizer state and activations of a panel are only ever touched by one thread. The
 * phases of a step:
 *
 * - gather: every thread for itself, u8 pixels into its own x. Sharing the work would cost a barrier and move
 * every line of x between the caches of two cores.
 * - forward1, own panels: h = relu(x w1 + b1), the whole of k in registers.
 * - forward2, own panels: their share of the logits, h w2.
 * - barrier.
 * - softmax_xent, every thread for itself: logits summed over the panels in order, dz = (p - y) / rows.
 * - backward2, own panels: dh = dz w2^T masked by h > 0, gradients and update of w2 and b1.
 * - backward1, own panels: gradient of w1 tile by tile, consumed by RMSprop while it is in registers or L1.
 * - barrier, the end of the step.
 *
 * No sum is ever split between threads, so the bits do not depend on their number.
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
#ifndef LB_FUSED_STEP_H
#define LB_FUSED_STEP_H

enum {
    BLOCK = 16,      /* pixels in a line of x; rows and inputs are padded to it */
    LOGITS = 16,     /* classes, padded */
    LINE_BYTES = 64, /* of cache */
    LINE_FLOATS = LINE_BYTES / sizeof(float),
    WIDEST_PANEL = MOST_PANEL_VECS * VL, /* hidden units */
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
    _Alignas(64) float pending[2][MOST_PANEL_TILE * VL]; /* gradients of the last two tiles */
    float spare[VL];               /* takes the "update" before the first one of a panel */
    float b2[LOGITS], vb2[LOGITS]; /* everybody's own copy: same bits, no exchange */
    struct step_result result;
};

struct fused {
    struct plan plan;
    int panels, blocks, rows_max;
    int vecs;     /* of hidden units, all panels together */
    float *arena; /* behind all pointers below */
    size_t arena_bytes;
    float *w1, *v1, *b1, *vb1, *w2, *v2, *w2t, *h, *z;
    uint8_t *blank; /* an image of zeros; pads a batch */
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

static double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Books the time since *mark to a phase; only thread 0 of a training step keeps the books. */
static void book(struct fused *f, int phase, double *mark)
{
    if (*mark == 0) return;
    const double now = wall_seconds();
    f->seconds[phase] += now - *mark;
    f->clock_reads++;
    *mark = now;
}

/* Where part t begins if count things are cut into parts as equal as can be. */
static int share(int count, int parts, int t)
{
    return (int)((long long)count * t / parts);
}

/* The first hidden unit of a panel; of the panel behind the last, the number of them all. */
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

/* Evaluates PANEL_WORK(vecs) with the panel's width as a literal. */
#define PANEL_CASE(width)                                                                                    \
    case width:                                                                                              \
        PANEL_WORK(width);                                                                                   \
        break;
#define BY_WIDTH_OF_PANEL                                                                                    \
    switch (panel_vecs(f, panel)) {                                                                          \
        FOR_EACH_PANEL_WIDTH(PANEL_CASE)                                                                     \
    }

#include "fused_update.h"
#include "fused_gather.h"
#include "fused_forward.h"
#include "fused_softmax.h"
#include "fused_backward.h"

static void run_job(struct fused *f, const struct fused_job *job, int t, int threads)
{
    struct fused_thread *own = &f->threads[t];
    const int from = share(f->panels, threads, t), to = share(f->panels, threads, t + 1);
    const bool keeps_books = t == 0 && job->train && !f->plan.skip_phases;
    double mark = keeps_books ? wall_seconds() : 0;
    if (keeps_books) f->clock_reads++;
    forward_panels(f, job, own, from, to, &mark);
#pragma omp barrier
    book(f, PHASE_BARRIER, &mark);
    if (job->train || t == 0) softmax_xent_rows(f, job, own);
    book(f, PHASE_SOFTMAX, &mark);
    if (!job->train) return;
    const struct update_constants c = update_constants(&f->plan);
    update_b2(&c, job, own);
    for (int panel = from; panel < to; panel++) {
        backward2_panel(f, &c, job, own, panel);
        book(f, PHASE_BACKWARD2, &mark);
        backward1_panel(f, &c, job, own, panel);
        book(f, PHASE_BACKWARD1, &mark);
    }
#pragma omp barrier /* the end of the region would wait all the same; here the wait can be booked */
    book(f, PHASE_BARRIER, &mark);
}

static void run_team(struct fused *f, const struct fused_job *job)
{
#pragma omp parallel num_threads(f->plan.threads)
    run_job(f, job, omp_get_thread_num(), omp_get_num_threads());
}

static int padded_rows(int rows)
{
    return (rows + BLOCK - 1) / BLOCK * BLOCK;
}

static struct fused *fused_of(void *state);

static void fused_train(void *state, const struct batch *b, struct step_result *r)
{
    struct fused *f = fused_of(state);
    run_team(f, &(struct fused_job){.batch = b, .rows = padded_rows(b->rows), .train = true});
    *r = f->threads[0].result;
}

static void fused_predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    struct fused *f = fused_of(state);
    run_team(f, &(struct fused_job){.batch = b, .rows = padded_rows(b->rows), .prob = prob});
    *r = f->threads[0].result;
}

static void fused_phase_seconds(void *state, double *seconds)
{
    memcpy(seconds, fused_of(state)->seconds, sizeof((struct fused *)0)->seconds);
}

static uint64_t fused_clock_reads(void *state)
{
    return fused_of(state)->clock_reads;
}

#include "fused_state.h"

#endif
