/* SPDX-License-Identifier: MIT
 *
 * The fused step: wall time of its phases, and the barrier between them. */
#ifndef LB_FUSED_PHASE_CLOCK_INC_H
#define LB_FUSED_PHASE_CLOCK_INC_H

#include <time.h>

#include "fused.inc.h"

static double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Adds the time since *mark to a phase; *mark == 0: this thread is not timed. */
static void add_phase_time(struct fused *f, int phase, double *mark)
{
    if (*mark == 0) return;
    const double now = wall_seconds();
    f->seconds[phase] += now - *mark;
    f->clock_reads++;
    *mark = now;
}

/* OpenMP's own barrier: its runtime knows when threads share a CPU, and lets them sleep there. */
static void wait_for_team(struct fused *f, const struct fused_part *part)
{
#pragma omp barrier
    add_phase_time(f, PHASE_BARRIER, part->mark);
}

#endif
