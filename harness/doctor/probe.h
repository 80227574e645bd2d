/* SPDX-License-Identifier: MIT
 *
 * Measures for three seconds what the disturbances of this machine do to work whose time should never change.
 */
#ifndef LB_PROBE_H
#define LB_PROBE_H

#include <stdint.h>

#include "base/error.h"
#include "machine/topology.h"
#include "roof/peak.h"

/* Shares are of 1. NAN: not known here. */
struct probe {
    int threads;
    double seconds; /* wall time of all of it */

    /* The same piece of work again and again on all threads at once; about half a millisecond, like a
     * training step. */
    int pieces;
    double piece_median, piece_p95, piece_worst; /* s */
    /* The same by stretches of 30 ms, whatever happened in them. Half the 95 % interval of their median as a
     * share of it, and at least 0.5 %: smaller effects cannot be distinguished from none. */
    double visible;
    double stretch_p95; /* their 95th percentile, less the median, as a share of it */

    /* Clock in GHz between pieces of each ISA's multiply-adds on all threads; 0: this CPU has no such ISA. */
    double ghz[ISA_TIER_COUNT];
    double ghz_single;        /* of one thread, baseline */
    double slower_after_rest; /* the first piece after 20 ms of rest, less the median, as a share of it */
    double wake_seconds;      /* how late a sleeping thread wakes, median */
    double clock_seconds;     /* that reading the clock takes */
    double multiply_seconds, multiply_subnormal_seconds; /* of floats, one of which is subnormal */

    /* Read bandwidth of the last-level cache in GB/s, as around each epoch of a run, several times over the
     * probe: the best, and how many of so many were low beside it. NAN: cannot be shown. */
    double llc_best;
    int llc_probes, llc_low;

    /* Of the CPUs that the threads are bound to, over the whole probe. */
    double steal;    /* share of the time taken by the hypervisor */
    double others;   /* share of the time taken by other processes */
    double siblings; /* share of the time in which the other hardware threads of these cores were busy */
    int sibling_count;
    double runnable;           /* threads of others that wanted to run, mean of a few samples */
    double throttled;          /* seconds held back by the cgroup's quota, as a share of the wall time */
    long long throttle_events; /* of heat or power, during the probe; -1: not counted */
    long long throttle_events_before; /* since boot */
    long major_faults;                /* of this process */
};

/* Measures with so many threads, or as many of them as OpenMP makes (p->threads), bound as the topology says;
 * isa: what may be used. proc and sys: "/proc" and
 * "/sys". EXIT_INTERNAL when there is no memory for the times. */
int probe_measure(struct probe *p, const char *proc, const char *sys, const struct topology *t, int threads,
                  uint32_t isa, struct error *e);

#endif
