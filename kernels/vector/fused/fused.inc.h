/* SPDX-License-Identifier: MIT
 *
 * The fused step: its types and the layout of its memory. A template: needs the vectors and parameters of an
 * ISA (../parameters.inc.h).
 *
 * Rows are padded to multiples of ROW_STEP with zero images and zero dz, inputs with zero pixels, hidden
 * units with zero weights: all of these stay exactly zero through any number of steps and add exact zeros to
 * every sum.
 *
 * Layouts (V vectors of hidden units, P lines of inputs, R = rows of this batch, padded; M = most rows of
 * any):
 *
 * - x [P][R + 1][BLOCK]: one cache line holds 16 pixels of one image. Forward walks it along the pixels, the
 * weight gradient along the images, both with broadcasts at constant offsets.
 * - w1, v1 [V][P * BLOCK][VL]: what a thread owns is one stretch of memory, and any vectors that follow each
 * other make a panel. Every v is stored in the units of loss_scale.h.
 * - h [V][M][VL], after the ReLU; its sign is the mask of the gradient.
 * - w2, v2 [V][classes][VL], and a copy w2t [V * VL][LOGITS] for the forward pass.
 * - z [V][M][LOGITS], sums of logits over a node of the tree, at the node's first vector.
 */
#ifndef LB_FUSED_INC_H
#define LB_FUSED_INC_H

#include <stdatomic.h>
#include <stdbool.h>

#include "../state.inc.h"
#include "decomposition.h"

enum {
    BLOCK = 16,      /* pixels in a line of x; inputs are padded to it */
    ROW_STEP = 4,    /* rows are padded to it; the lowest tile */
    LOGITS = 16,     /* classes, padded */
    LINE_BYTES = 64, /* of cache */
    LINE_FLOATS = LINE_BYTES / sizeof(float),
    LOGIT_VECS = LOGITS / VL,
    LIST_VECS = 4, /* greatest width of a panel whose other factor is a list */
    MAX_CHUNK_VECS = 2 * (SKIPS_ZEROS && LIST_VECS > MAX_PANEL_VECS ? LIST_VECS : MAX_PANEL_VECS),
};

_Static_assert(IMAGES_PER_UPDATE % ROW_STEP == 0, "what is left of a batch is a number of row steps");
_Static_assert(BLOCK == 2 * UNIT_ROWS, "a line of x holds two blocks of inputs");

/* Teams that divide among them what grows with the batch; smaller ones do it once in every thread, which
 * moves nothing between cores. 16 threads of a server that each gathered the whole batch and computed the
 * whole softmax spent 13.3 and 5.9 of 114 ms an epoch on that; two threads of Zen 5 that shared what they had
 * gathered took 125 instead of 92 ms. Between 2 and 16 nothing is measured: the softmax moves 8 KiB and costs
 * one more barrier, the pixels move 50 times as much and cost another. */
enum { TEAM_SHARES_SOFTMAX = 4, TEAM_SHARES_GATHER = 8 };

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

/* What one thread works with. x, dz, loss, b2 and vb2 are the same for all threads of a team that shares
 * them; the rest is the thread's own. */
struct fused_thread {
    _Alignas(128) float *x;   /* [P][R + 1][BLOCK] */
    float *dz;                /* [R][LOGITS] */
    float *loss;              /* [R] */
    float *b2, *vb2;          /* [LOGITS] */
    float *sums, *at_label;   /* [R], of the softmax: sum of exponentials, shifted logit of the label */
    float *node_sums;         /* [MAX_NODE_LEVELS][UNIT_ROWS][LOGITS], of the tree of logits */
    float *dy;                /* [R][vectors of the chunk][VL], masked hidden gradient of the chunk at hand */
    const uint8_t **images;   /* [R + VL], of the batch */
    struct portion *portions; /* all threads' of the forward pass, for so many rows and threads: */
    int portions_rows, portions_threads;
    _Alignas(64) float pending[2][MAX_PANEL_TILE * VL]; /* gradients of the last two tiles */
    float spare[VL];  /* takes the "update" before the first one of a piece */
    uint32_t correct; /* of the rows whose softmax was this thread's */
};

struct sparse; /* of a step that skips zeros: ../sparse/lists.inc.h */

/* A barrier of threads that share CPUs: how many of them have arrived at it, and how many barriers were. */
struct crowd {
    _Alignas(128) atomic_int arrived;
    _Alignas(128) atomic_uint turn;
};

struct fused {
    struct plan plan;
    int vecs;     /* of hidden units */
    int lines;    /* of inputs: P */
    int rows_max; /* M */
    bool shares_gather, shares_softmax;
    bool is_crowded; /* more threads than CPUs */
    float *arena;    /* holds what all pointers below point to */
    size_t arena_bytes;
    float *w1, *v1, *b1, *vb1, *v2, *w2t, *h, *z;
    /* w2 as it is, and as it will be after the step under way: where threads share a vector, one updates its
     * w2 while another still reads it for its own gradient. */
    float *w2, *w2_next;
    uint8_t *zero_image; /* an image of zeros; pads a batch */
    struct fused_thread *threads;
    struct sparse *sparse;                     /* NULL: every pixel counts */
    _Alignas(128) double seconds[PHASE_COUNT]; /* written in every step: apart from what others read */
    double mark;                               /* of thread 0, when its phase began; 0: it is not timed */
    uint64_t clock_reads;
    int team; /* threads of the last job: the runtime may give fewer than the plan's */
    struct crowd crowd;
};

struct fused_job {
    const struct batch *batch;
    int rows;    /* padded */
    float *prob; /* predict only */
    bool train;
};

/* One thread's part in a job. */
struct fused_part {
    const struct fused_job *job;
    struct fused_thread *own;
    int t, threads;
    struct portion forward, backward;
    double *mark; /* where add_phase_time finds its start */
};

/* Floats between two lines of x of the same image. One line more than the batch has rows: a multiple of 4 KiB
 * would put all lines of an image into one set of L1. */
static size_t line_stride(const struct fused_job *job)
{
    return (size_t)(job->rows + 1) * BLOCK;
}

/* Floats of w1 and of h in one vector of hidden units. */
static size_t w1_stride(const struct fused *f)
{
    return (size_t)f->lines * BLOCK * VL;
}

static size_t h_stride(const struct fused *f)
{
    return (size_t)(f->rows_max + ROW_STEP) * VL;
}

static size_t w2_stride(const struct fused *f)
{
    return (size_t)f->plan.classes * VL;
}

static int padded_rows(int rows)
{
    return (rows + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
}

/* Blocks of inputs. */
static int input_blocks(const struct fused *f)
{
    return blocks_of(f->plan.inputs);
}

/* The row after block end - 1. */
static int rows_until(const struct fused_job *job, int end)
{
    return end * UNIT_ROWS < job->rows ? end * UNIT_ROWS : job->rows;
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

/* Covers rows row..end-1 with tiles `vecs` vectors wide, the highest first: TILE(height), the height a
 * literal, for the tile at `row`. */
#define FOR_EACH_TILE(row, end, vecs, TILE)                                                                  \
    do {                                                                                                     \
        for (; PANEL_ROWS(vecs) >= 16 && row + 16 <= end; row += 16) TILE(16);                               \
        for (; PANEL_ROWS(vecs) >= 8 && row + 8 <= end; row += 8) TILE(8);                                   \
        for (; row < end; row += 4) TILE(4);                                                                 \
    } while (0)

#endif
