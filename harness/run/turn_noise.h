/* SPDX-License-Identifier: MIT
 *
 * What disturbed a turn, as the kernel counted it: read by the worker right before and right after an epoch,
 * off its clock. */
#ifndef LB_TURN_NOISE_H
#define LB_TURN_NOISE_H

#include <stdbool.h>

#include "machine/cpu_time.h"
#include "machine/topology.h"

/* NAN: not counted here. */
struct turn_noise {
    double seconds; /* between the two readings: training, validation, and what is checked meanwhile */
    double
        steal_ms; /* that the hypervisor took of the CPUs that the threads are bound to, summed over them */
    double steal_floor_ms; /* of which so much may be due to the ticks that it is counted in */
    double wait_ms;        /* that threads of this process could have run and had no CPU, summed over them */
    long invol_ctx;        /* involuntary context switches: something else took this process's CPU */
    long vol_ctx;          /* voluntary ones: a thread slept, at a barrier mostly */
    long major_faults;     /* pages of this process that had to come from disk */
    double cpu_seconds;    /* that this process used, user and system, all threads */
    double llc_gbps; /* read bandwidth of the last-level cache right before and right after the turn, the
                      * lower of both; the worker's to fill in */
};

/* One reading. */
struct turn_noise_start {
    const int *cpus;
    int count;
    double seconds, cpu_seconds, wait_seconds;
    bool has_cpu_time;
    struct cpu_time cpu_time;
    long invol_ctx, vol_ctx, major_faults;
};

/* The topology must stay until the end. */
void turn_noise_begin(struct turn_noise_start *start, const struct topology *t, int threads);
struct turn_noise turn_noise_end(const struct turn_noise_start *start);

/* "steal", "switches" or "faults": what took most, where it took more than the hundredth part of the turn;
 * "cache": none of these, but llc_gbps is low beside the best one of the run (0: none); "" for a calm turn.
 * results/README.md has the derivation. */
const char *turn_noise_cause(const struct turn_noise *n, double best_llc_gbps);

#endif
