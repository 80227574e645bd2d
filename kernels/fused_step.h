/* SPDX-License-Identifier: MIT
 *
 * Level 2 for a vector ISA: the whole training step, parameters kept in packed panels between steps.
 *
 * Hidden units are cut into panels of PANEL columns and the panels are dealt to the threads, who own them for
 * good: weights, optimizer state and activations of a panel are only ever touched by one thread. A step is
 *
 *   gather        rows dealt to the threads: u8 pixels -> x
 *   -- barrier --
 *   forward1      own panels: h = relu(x w1 + b1), all of k in registers
 *   forward2      own panels: their share of the logits, h w2
 *   -- barrier --
 *   softmax_xent  every thread for itself: logits summed over the panels in order, dz = (p - y) / rows
 *   backward2     own panels: dh = dz w2^T masked by h > 0, gradients and update of w2 and b1
 *   backward1     own panels: gradient of w1 tile by tile, consumed by RMSprop while it is in registers or L1
 *   -- end of the parallel region --
 *
 * No sum is ever split between threads, so the bits do not depend on their number.
 *
 * Rows are padded to multiples of BLOCK with zero images and zero dz, inputs with zero pixels, hidden units
 * with zero weights: all of these stay exactly zero through any number of steps and add exact zeros to every
 * sum.
 *
 * Layouts (J panels, P = inputs / BLOCK rounded up, R = rows of this batch, padded):
 *   x   [P][R + 1][BLOCK]      one cache line holds 16 pixels of one image: forward walks it along the
 * pixels, the weight gradient along the images, both with broadcasts at constant offsets w1, v1 [J][P *
 * BLOCK][PANEL] h   [J][R][PANEL]        after the ReLU; its sign is the mask of the gradient w2, v2
 * [J][classes][PANEL]   and a copy w2t [J][PANEL][LOGITS] for the forward pass z   [J][R][LOGITS] partial
 * logits
 */
#ifndef LB_FUSED_STEP_H
#define LB_FUSED_STEP_H

enum {
    BLOCK = 16,             /* pixels in a line of x; rows and inputs are padded to it */
    LOGITS = 16,            /* classes, padded */
    PANEL = TILE_VECS * VL, /* hidden units in a panel */
    LOGIT_VECS = LOGITS / VL,
    TILE_SUMS = TILE_ROWS * TILE_VECS,
};

enum {
    PHASE_GATHER,
    PHASE_FORWARD1,
    PHASE_FORWARD2,
    PHASE_SOFTMAX,
    PHASE_BACKWARD2,
    PHASE_BACKWARD1,
    PHASE_COUNT
};
static const char *const phase_names[PHASE_COUNT + 1] = {"gather",    "forward1",  "forward2", "softmax_xent",
                                                         "backward2", "backward1", NULL};

/* What one thread has to itself. */
struct fused_thread {
    _Alignas(128) float *dz; /* [R][LOGITS] */
    float *dy;               /* [R][PANEL], masked hidden gradient of the panel at hand */
    _Alignas(64) float pending[2][TILE_SUMS * VL]; /* gradients of the last tile and of the one before */
    float b2[LOGITS], vb2[LOGITS];                 /* everybody's own copy: same bits, no exchange */
    struct step_result result;
};

struct fused {
    struct plan plan;
    int panels, blocks, rows_max;
    float *arena; /* behind all pointers below */
    size_t arena_bytes;
    float *x, *w1, *v1, *b1, *vb1, *w2, *v2, *w2t, *h, *z;
    struct fused_thread *threads;
    double seconds[PHASE_COUNT];
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
    *mark = now;
}

static int share(int count, int threads, int t)
{
    return (int)((long long)count * t / threads);
}

/* ---- gather ---- */

/* The images of a shuffled batch lie anywhere in a data set larger than the caches: ask for them some rows
 * ahead. */
enum { ROWS_AHEAD = 6, LINE_BYTES = 64 };

static void prefetch_image(const struct fused *f, const struct batch *b, int row)
{
    if (row >= b->rows) return;
    const uint8_t *image = b->pixels + (size_t)b->index[row] * (size_t)f->plan.inputs;
    for (int i = 0; i < f->plan.inputs; i += LINE_BYTES) _mm_prefetch((const char *)image + i, _MM_HINT_T0);
}

static void gather_blocks(const struct fused *f, const struct fused_job *job, int row)
{
    const int inputs = f->plan.inputs, whole = inputs / BLOCK;
    float *to = f->x + (size_t)row * BLOCK;
    const size_t next = line_stride(job);
    if (row >= job->batch->rows) {
        for (int p = 0; p < f->blocks; p++) memset(to + (size_t)p * next, 0, BLOCK * sizeof(float));
        return;
    }
    const uint8_t *image = job->batch->pixels + (size_t)job->batch->index[row] * (size_t)inputs;
    for (int p = 0; p < whole; p++)
        for (int i = 0; i < BLOCK; i += VL)
            vf_store(to + (size_t)p * next + i, vf_pixel(vf_from_u8(image + p * BLOCK + i)));
    if (whole < f->blocks) {
        uint8_t last[BLOCK] = {0};
        memcpy(last, image + whole * BLOCK, (size_t)(inputs - whole * BLOCK));
        for (int i = 0; i < BLOCK; i += VL)
            vf_store(to + (size_t)whole * next + i, vf_pixel(vf_from_u8(last + i)));
    }
}

/* ---- forward ---- */

/* h for `rows` images from row on, one panel: the whole of k in registers. */
ALWAYS_INLINE void forward1_tile(const struct fused *f, const struct fused_job *job, int panel, int row,
                                 int rows)
{
    const float *w = f->w1 + (size_t)panel * (size_t)f->blocks * BLOCK * PANEL;
    const float *x = f->x + (size_t)row * BLOCK;
    float *h = f->h + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * PANEL;
    tile sum;
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) sum.at[r][v] = vf_load(f->b1 + (size_t)panel * PANEL + v * VL);
    for (int p = 0; p < f->blocks; p++) {
        tile_multiply(&sum, rows, TILE_VECS, BLOCK, x, BLOCK, 1, w, PANEL, NULL);
        x += line_stride(job);
        w += BLOCK * PANEL;
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) vf_store(h + r * PANEL + v * VL, vf_max(vf_zero(), sum.at[r][v]));
}

/* A panel's share of the logits of `rows` images. */
ALWAYS_INLINE void forward2_tile(const struct fused *f, int panel, int row, int rows)
{
    const size_t at = (size_t)panel * (size_t)f->rows_max + (size_t)row;
    tile sum;
    tile_zero(&sum, rows, LOGIT_VECS);
    tile_multiply(&sum, rows, LOGIT_VECS, PANEL, f->h + at * PANEL, PANEL, 1,
                  f->w2t + (size_t)panel * PANEL * LOGITS, LOGITS, NULL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < LOGIT_VECS; v++)
            vf_store(f->z + (at + (size_t)r) * LOGITS + v * VL, sum.at[r][v]);
}

/* BLOCK rows by the tile heights of this ISA. */
#define FORWARD1_TILE(height, offset) forward1_tile(f, job, panel, row + (offset), height);
#define FORWARD2_TILE(height, offset) forward2_tile(f, panel, row + (offset), height);

static void forward_panels(struct fused *f, const struct fused_job *job, int from, int to, double *mark)
{
    for (int panel = from; panel < to; panel++)
        for (int row = 0; row < job->rows; row += BLOCK) {
            FOR_EACH_TILE_OF_BLOCK(FORWARD1_TILE)
        }
    book(f, PHASE_FORWARD1, mark);
    for (int panel = from; panel < to; panel++)
        for (int row = 0; row < job->rows; row += BLOCK) {
            FOR_EACH_TILE_OF_BLOCK(FORWARD2_TILE)
        }
    book(f, PHASE_FORWARD2, mark);
}

/* ---- softmax and cross-entropy ---- */

/* Logits of one row: bias plus the panels' shares, in the panels' order; padding lanes are -inf. */
ALWAYS_INLINE void sum_logits(const struct fused *f, const struct fused_thread *own, int row,
                              vf z[LOGIT_VECS])
{
    for (int v = 0; v < LOGIT_VECS; v++) {
        vf sum = vf_load(own->b2 + v * VL);
        for (int panel = 0; panel < f->panels; panel++)
            sum = vf_add(
                sum, vf_load(f->z + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * LOGITS + v * VL));
        const int lanes = f->plan.classes - v * VL;
        z[v] = vf_select(vm_first(lanes < 0 ? 0 : lanes > VL ? VL : lanes), sum, vf_set1(-__builtin_inff()));
    }
}

static bool first_largest(const float *z, int label, float max)
{
    for (int j = 0; j < label; j++)
        if (z[j] == max) return false;
    return z[label] == max;
}

/* One row: probabilities to p, log-sum-exp parts to *sum and *gap (loss = log(sum) + gap). */
ALWAYS_INLINE void softmax_row(const vf z[LOGIT_VECS], float *p, float *sum, float *max)
{
    vf widest = z[0], e[LOGIT_VECS], total = vf_zero();
    for (int v = 1; v < LOGIT_VECS; v++) widest = vf_max(widest, z[v]);
    *max = vf_reduce_max(widest);
    for (int v = 0; v < LOGIT_VECS; v++) {
        e[v] = vf_exp(vf_sub(z[v], vf_set1(*max)));
        total = vf_add(total, e[v]);
    }
    *sum = vf_reduce_add(total);
    for (int v = 0; v < LOGIT_VECS; v++) vf_store(p + v * VL, vf_div(e[v], vf_set1(*sum)));
}

/* Fills own->dz with p - y, scaled by 1 / rows (training), or job->prob (prediction, thread 0), and the sums.
 */
static void softmax_xent_rows(const struct fused *f, const struct fused_job *job, struct fused_thread *own,
                              bool first)
{
    const struct batch *b = job->batch;
    const vf scale = vf_set1(1.0f / (float)b->rows);
    float sums[VL], gaps[VL];
    own->result = (struct step_result){0};
    for (int row = 0; row < b->rows; row++) {
        const int label = b->labels[b->index[row]];
        float logits[LOGITS], *p = own->dz + (size_t)row * LOGITS, max;
        vf z[LOGIT_VECS];
        sum_logits(f, own, row, z);
        softmax_row(z, p, &sums[row % VL], &max);
        if (first) {
            for (int v = 0; v < LOGIT_VECS; v++) vf_store(logits + v * VL, z[v]);
            gaps[row % VL] = logits[label] - max;
            own->result.correct += first_largest(logits, label, max);
            if (job->prob)
                memcpy(job->prob + (size_t)row * (size_t)f->plan.classes, p,
                       (size_t)f->plan.classes * sizeof(float));
            if (row % VL == VL - 1 || row == b->rows - 1) {
                const int filled = row % VL + 1;
                vf_store_first(sums, filled, vf_log(vf_load_first(sums, filled)));
                for (int i = 0; i < filled; i++) own->result.loss_sum += (double)(sums[i] - gaps[i]);
            }
        }
        if (job->train) {
            p[label] -= 1.0f;
            for (int v = 0; v < LOGIT_VECS; v++) vf_store(p + v * VL, vf_mul(vf_load(p + v * VL), scale));
        }
    }
    if (job->train && job->rows > b->rows)
        memset(own->dz + (size_t)b->rows * LOGITS, 0, (size_t)(job->rows - b->rows) * LOGITS * sizeof(float));
}

/* ---- backward ---- */

ALWAYS_INLINE void update_vector(const struct rmsprop_constants *c, vf g, float *v, float *w)
{
    vf state = vf_load(v);
    const vf delta = rmsprop_delta(c, g, &state);
    vf_store(w, vf_sub(vf_load(w), delta));
    vf_store(v, state);
}

/* b2 lives in every thread alike. */
static void update_b2(const struct rmsprop_constants *c, const struct fused_job *job,
                      struct fused_thread *own)
{
    for (int v = 0; v < LOGITS; v += VL) {
        vf sum = vf_zero();
        for (int row = 0; row < job->rows; row++)
            sum = vf_add(sum, vf_load(own->dz + (size_t)row * LOGITS + v));
        update_vector(c, sum, own->vb2 + v, own->b2 + v);
    }
}

/* dy = dz w2^T where h > 0, else 0, for `rows` images of one panel. */
ALWAYS_INLINE void hidden_gradient_tile(const struct fused *f, const struct fused_thread *own, int panel,
                                        int row, int rows)
{
    const float *h = f->h + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * PANEL;
    const float *w2 = f->w2 + (size_t)panel * (size_t)f->plan.classes * PANEL;
    tile sum;
    tile_zero(&sum, rows, TILE_VECS);
    tile_multiply(&sum, rows, TILE_VECS, f->plan.classes, own->dz + (size_t)row * LOGITS, LOGITS, 1, w2,
                  PANEL, NULL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) {
            const vm active = vm_gt(vf_load(h + r * PANEL + v * VL), vf_zero());
            vf_store(own->dy + (size_t)(row + r) * PANEL + v * VL, vf_keep(active, sum.at[r][v]));
        }
}

/* Gradient and update of `classes` rows of w2 from class on, one panel; w2t follows. */
ALWAYS_INLINE void update_w2_tile(struct fused *f, const struct rmsprop_constants *c,
                                  const struct fused_job *job, const struct fused_thread *own, int panel,
                                  int class, int classes)
{
    const size_t at = ((size_t)panel * (size_t)f->plan.classes + (size_t) class) * PANEL;
    float *w2t = f->w2t + (size_t)panel * PANEL * LOGITS + class;
    tile sum;
    tile_zero(&sum, classes, TILE_VECS);
    tile_multiply(&sum, classes, TILE_VECS, job->rows, own->dz + class, 1, LOGITS,
                  f->h + (size_t)panel * (size_t)f->rows_max * PANEL, PANEL, NULL);
    for (int r = 0; r < classes; r++) {
        float *w = f->w2 + at + (size_t)r * PANEL;
        for (int v = 0; v < TILE_VECS; v++)
            update_vector(c, sum.at[r][v], f->v2 + at + (size_t)r * PANEL + v * VL, w + v * VL);
        for (int u = 0; u < PANEL; u++) w2t[u * LOGITS + r] = w[u];
    }
}

static void update_w2(struct fused *f, const struct rmsprop_constants *c, const struct fused_job *job,
                      const struct fused_thread *own, int panel)
{
    int class = 0;
    for (; class + 5 <= f->plan.classes; class += 5) update_w2_tile(f, c, job, own, panel, class, 5);
    for (; class < f->plan.classes; class ++) update_w2_tile(f, c, job, own, panel, class, 1);
}

static void update_b1(struct fused *f, const struct rmsprop_constants *c, const struct fused_job *job,
                      const struct fused_thread *own, int panel)
{
    for (int v = 0; v < PANEL; v += VL) {
        vf sum = vf_zero();
        for (int row = 0; row < job->rows; row++)
            sum = vf_add(sum, vf_load(own->dy + (size_t)row * PANEL + v));
        update_vector(c, sum, f->vb1 + (size_t)panel * PANEL + v, f->b1 + (size_t)panel * PANEL + v);
    }
}

#define HIDDEN_GRADIENT_TILE(height, offset) hidden_gradient_tile(f, own, panel, row + (offset), height);

static void backward2_panel(struct fused *f, const struct rmsprop_constants *c, const struct fused_job *job,
                            const struct fused_thread *own, int panel)
{
    for (int row = 0; row < job->rows; row += BLOCK) {
        FOR_EACH_TILE_OF_BLOCK(HIDDEN_GRADIENT_TILE)
    }
    update_w2(f, c, job, own, panel); /* after dy: the gradient wants the weights before the update */
    update_b1(f, c, job, own, panel);
}

/* A finished tile of gradients whose update still has to be done: `vecs` vectors from g, w and v on. */
struct pending {
    float *g;
    float *v, *w;
    int vecs, done;
};

ALWAYS_INLINE void pending_one(struct pending *p, const struct rmsprop_constants *c)
{
    const int i = p->done * VL;
    update_vector(c, vf_load(p->g + i), p->v + i, p->w + i);
    p->done++;
}

/* Images multiplied between two vectors of the tile before being updated. The square root and the division of
 * a vector keep the divider busy for about nine cycles on Zen 5 (sixteen on Zen 4), the FMAs of eight images
 * the multipliers for as many cycles times eight: spread out like this, the divider works in the shadow of
 * the FMAs. */
enum { IMAGES_PER_UPDATE = 8 };

/* Gradient of `rows` rows of w1 (pixels of one line of x) for one panel, left in now->g; updates the tile
 * before and asks for the weights that the next call will update. */
ALWAYS_INLINE void w1_gradient_tile(const struct fused_job *job, const struct fused_thread *own,
                                    const struct rmsprop_constants *c, const float *x, int rows,
                                    const struct pending *now, struct pending *before)
{
    tile sum;
    const float *dy = own->dy;
    tile_zero(&sum, rows, TILE_VECS);
    for (int image = 0, at = 0; image < job->rows; image += IMAGES_PER_UPDATE, at += VL) {
        tile_multiply(&sum, rows, TILE_VECS, IMAGES_PER_UPDATE, x, 1, BLOCK, dy, PANEL, NULL);
        x += IMAGES_PER_UPDATE * BLOCK;
        dy += IMAGES_PER_UPDATE * PANEL;
        _mm_prefetch((const char *)(now->v + at), _MM_HINT_T0);
        _mm_prefetch((const char *)(now->w + at), _MM_HINT_T0);
        if (before->done < before->vecs) pending_one(before, c);
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < TILE_VECS; v++) vf_store(now->g + (r * TILE_VECS + v) * VL, sum.at[r][v]);
    while (before->done < before->vecs) pending_one(before, c);
}

#define W1_GRADIENT_TILE(height, offset)                                                                     \
    {                                                                                                        \
        const struct pending now = {own->pending[turn], v + (offset)*PANEL, w + (offset)*PANEL,              \
                                    (height)*TILE_VECS, 0};                                                  \
        w1_gradient_tile(job, own, c, x + (offset), height, &now, &before);                                  \
        before = now;                                                                                        \
        turn ^= 1;                                                                                           \
    }

static void backward1_panel(struct fused *f, const struct rmsprop_constants *c, const struct fused_job *job,
                            struct fused_thread *own, int panel)
{
    struct pending before = {0};
    int turn = 0;
    for (int p = 0; p < f->blocks; p++) {
        const float *x = f->x + (size_t)p * line_stride(job);
        const size_t at = ((size_t)panel * (size_t)f->blocks + (size_t)p) * BLOCK * PANEL;
        float *w = f->w1 + at, *v = f->v1 + at;
        FOR_EACH_TILE_OF_BLOCK(W1_GRADIENT_TILE)
    }
    while (before.done < before.vecs) pending_one(&before, c);
}

/* ---- the step ---- */

static void run_job(struct fused *f, const struct fused_job *job, int t, int threads)
{
    struct fused_thread *own = &f->threads[t];
    const int from = share(f->panels, threads, t), to = share(f->panels, threads, t + 1);
    double mark = t == 0 && job->train ? wall_seconds() : 0;
    const int end = share(job->rows, threads, t + 1);
    for (int row = share(job->rows, threads, t); row < end; row++) {
        if (row + ROWS_AHEAD < end) prefetch_image(f, job->batch, row + ROWS_AHEAD);
        gather_blocks(f, job, row);
    }
#pragma omp barrier
    book(f, PHASE_GATHER, &mark);
    forward_panels(f, job, from, to, &mark);
#pragma omp barrier
    if (job->train || t == 0) softmax_xent_rows(f, job, own, t == 0);
    book(f, PHASE_SOFTMAX, &mark);
    if (!job->train) return;
    const struct rmsprop_constants c = rmsprop_constants(f->plan.lr, f->plan.rho, f->plan.epsilon);
    update_b2(&c, job, own);
    for (int panel = from; panel < to; panel++) {
        backward2_panel(f, &c, job, own, panel);
        book(f, PHASE_BACKWARD2, &mark);
        backward1_panel(f, &c, job, own, panel);
        book(f, PHASE_BACKWARD1, &mark);
    }
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

#include "fused_state.h"

#endif
