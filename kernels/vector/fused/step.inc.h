/* SPDX-License-Identifier: MIT
 *
 * Level 2 for a vector ISA: the whole training step, parameters stored in packed panels between steps.
 *
 * Work is dealt by decomposition.h: every thread has some vectors of hidden units, and in the first and the
 * last of them some images (forward) and some inputs (backward). The phases of a step:
 *
 * - gather: u8 pixels into x. Every thread for itself in a small team, which moves nothing between cores; a
 * larger team divides the images and waits at a barrier.
 * - forward1 and forward2, chunk by chunk of own units: h = relu(x w1 + b1), the whole of k in registers, and
 * their share of the logits, h w2.
 * - barrier.
 * - softmax_xent: logits summed over the hidden units, dz = (p - y) / rows. Every thread for itself in a
 * small team; a larger one divides the images and waits at a barrier.
 * - backward2, vectors with own units: dh = dz w2^T masked by h > 0, gradients and update of w2 and b1.
 * - backward1, own units: gradient of w1 tile by tile, consumed by RMSprop while it is in registers or L1.
 *
 * So there are one to three barriers, and the end of the parallel region. No sum over k is ever split between
 * threads, and the tree in which logits are summed depends on the hidden units alone, so the bits do not
 * depend on the team.
 */
#ifndef LB_FUSED_STEP_INC_H
#define LB_FUSED_STEP_INC_H

#include <omp.h>
#include <string.h>

#include "backward.inc.h"
#include "forward.inc.h"
#include "fused.inc.h"
#include "phase_clock.inc.h"
#include "softmax.inc.h"
#include "storage.inc.h"

#if SKIPS_ZEROS
#include "../sparse/layer.inc.h"
#else
#include "dense_layer.inc.h"
#endif

/* All threads' portions of the forward pass: they change when the batch's rows do, as in an epoch's last
 * step. */
static void find_portions(const struct fused *f, struct fused_thread *own, int rows, int threads)
{
    if (own->portions_rows == rows && own->portions_threads == threads) return;
    for (int t = 0; t < threads; t++) own->portions[t] = portion_of(f->vecs, blocks_of(rows), threads, t);
    own->portions_rows = rows;
    own->portions_threads = threads;
}

/* forward2 takes turns with forward1, in whole groups of vectors: on Granite Rapids, all of forward2 at once
 * lowers the clock for the rest of the step, and so does PREFETCHES_CHUNK with AVX2. An epoch of avx2, one
 * thread: 0.88 s at 4.0 GHz with neither, 0.92 to 0.93 at 3.8 with one of them or both. */
static void forward_portion(struct fused *f, const struct fused_part *part)
{
    const struct portion *p = &part->forward;
    const int widest = layer_panel_vecs(f, part), chunks = chunks_of(p, widest);
    struct chunk summed = {p->from, p->from};
    for (int i = 0; i < chunks; i++) {
        struct piece piece[MAX_PIECES];
        const struct chunk chunk = chunk_at(p, chunks, i);
        const int count = pieces_of(p, blocks_of(part->job->rows), chunk, widest, piece);
        /* After the last chunk the first is wanted again, for its update. A single one is still there. */
        const struct chunk next = chunks > 1 ? chunk_at(p, chunks, (i + 1) % chunks) : (struct chunk){0, 0};
        for (int j = 0; j < count; j++) layer_forward1(f, part, &piece[j], next);
        add_phase_time(f, PHASE_FORWARD1, part->mark);
        summed.to = i + 1 < chunks ? chunk.to - chunk.to % GROUP_VECS : chunk.to;
        if (summed.to <= summed.from) continue;
        forward2(f, part, summed);
        add_phase_time(f, PHASE_FORWARD2, part->mark);
        summed.from = summed.to;
    }
}

static void backward_portion(struct fused *f, const struct fused_part *part)
{
    const struct update_constants c = update_constants(&f->plan);
    const int widest = layer_panel_vecs(f, part), chunks = chunks_of(&part->backward, widest);
    update_b2(f, &c, part);
    for (int i = 0; i < chunks; i++) {
        struct piece piece[MAX_PIECES];
        const struct chunk chunk = chunk_at(&part->backward, chunks, i);
        const int count = pieces_of(&part->backward, input_blocks(f), chunk, widest, piece);
        backward2_chunk(f, &c, part, chunk);
        add_phase_time(f, PHASE_BACKWARD2, part->mark);
        for (int j = 0; j < count; j++) layer_backward1(f, part, &c, chunk, &piece[j]);
        add_phase_time(f, PHASE_BACKWARD1, part->mark);
    }
}

static void run_part(struct fused *f, const struct fused_part *part)
{
    const bool train = part->job->train;
    layer_gather(f, part);
    forward_portion(f, part);
    wait_for_team(f, part);
    if (train || f->shares_softmax || part->t == 0) softmax_xent_rows(f, part);
    add_phase_time(f, PHASE_SOFTMAX, part->mark);
    if (!train) return;
    if (f->shares_softmax) wait_for_team(f, part);
    backward_portion(f, part);
}

static void run_thread(struct fused *f, const struct fused_job *job, int t, int threads)
{
    double untimed = 0;
    struct fused_thread *own = &f->threads[t];
    if (t == 0) f->team = threads;
    find_portions(f, own, job->rows, threads);
    const struct fused_part part = {.job = job,
                                    .own = own,
                                    .t = t,
                                    .threads = threads,
                                    .forward = own->portions[t],
                                    .backward = portion_of(f->vecs, input_blocks(f), threads, t),
                                    .mark = t == 0 ? &f->mark : &untimed};
    run_part(f, &part);
}

static struct step_result run_team(struct fused *f, const struct fused_job *job)
{
    const bool timed = job->train && !f->plan.skip_phases;
    f->mark = timed ? wall_seconds() : 0;
    if (timed) f->clock_reads++;
#pragma omp parallel num_threads(f->plan.threads)
    run_thread(f, job, omp_get_thread_num(), omp_get_num_threads());
    add_phase_time(f, PHASE_BARRIER, &f->mark);
    return result_of(f, job);
}

static void fused_train(void *state, const struct batch *b, struct step_result *r)
{
    struct fused *f = fused_of(state);
    *r = run_team(f, &(struct fused_job){.batch = b, .rows = padded_rows(b->rows), .train = true});
    float *const next = f->w2_next;
    f->w2_next = f->w2;
    f->w2 = next;
}

static void fused_predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    *r = run_team(fused_of(state),
                  &(struct fused_job){.batch = b, .rows = padded_rows(b->rows), .prob = prob});
}

static void fused_phase_seconds(void *state, double *seconds)
{
    memcpy(seconds, fused_of(state)->seconds, sizeof((struct fused *)0)->seconds);
}

static uint64_t fused_clock_reads(void *state)
{
    return fused_of(state)->clock_reads;
}

#endif
