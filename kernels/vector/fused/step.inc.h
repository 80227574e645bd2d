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

static void run_job(struct fused *f, const struct fused_job *job, int t, int threads)
{
    struct fused_thread *own = &f->threads[t];
    const int from = share(f->panels, threads, t), to = share(f->panels, threads, t + 1);
    const bool timed = t == 0 && job->train && !f->plan.skip_phases;
    double mark = timed ? wall_seconds() : 0;
    if (timed) f->clock_reads++;
    forward_panels(f, job, own, from, to, &mark);
#pragma omp barrier
    add_phase_time(f, PHASE_BARRIER, &mark);
    if (job->train || t == 0) softmax_xent_rows(f, job, own);
    add_phase_time(f, PHASE_SOFTMAX, &mark);
    if (!job->train) return;
    const struct update_constants c = update_constants(&f->plan);
    update_b2(&c, job, own);
    for (int panel = from; panel < to; panel++) {
        backward2_panel(f, &c, job, own, panel);
        add_phase_time(f, PHASE_BACKWARD2, &mark);
        backward1_panel(f, &c, job, own, panel);
        add_phase_time(f, PHASE_BACKWARD1, &mark);
    }
#pragma omp barrier /* the end of the region would wait all the same; here it is timed */
    add_phase_time(f, PHASE_BARRIER, &mark);
}

static void run_team(struct fused *f, const struct fused_job *job)
{
#pragma omp parallel num_threads(f->plan.threads)
    run_job(f, job, omp_get_thread_num(), omp_get_num_threads());
}

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

static const struct step_ops fused_ops = {
    .load = fused_load,
    .step = fused_train,
    .predict = fused_predict,
    .store = fused_store,
    .phases = phase_names,
    .phase_seconds = fused_phase_seconds,
    .clock_reads = fused_clock_reads,
};

#endif
