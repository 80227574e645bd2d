/* SPDX-License-Identifier: MIT
 *
 * How much of the last-level cache others use: programs on other cores, and guests of the same host, which
 * neither the kernel's counters nor the multiply-add peak can show. */
#ifndef LB_LLC_H
#define LB_LLC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/topology.h"
#include "roof/bandwidth.h"

struct llc_probe {
    struct bandwidth_memory memory;
    size_t bytes; /* working set of each thread: beyond L2, inside its share of L3; 0: cannot be shown here */
    enum isa_tier tier;
};

/* For a team of so many OpenMP threads, which touches its memory here first, with the widest vectors of isa.
 * Without such a cache, or memory for it, every probe is NAN. Close in any case. */
void llc_probe_open(struct llc_probe *p, const struct topology *t, int threads, uint32_t isa);
void llc_probe_close(struct llc_probe *p);

/* Read bandwidth in GB/s, of the whole team: the best of a few samples, about 5 ms. NAN: cannot be shown. */
double llc_probe_gbps(const struct llc_probe *p);

/* Whether a probe is so far below the best one of its run that its own scatter does not explain it. False of
 * NAN. */
bool llc_is_low(double gbps, double best);

#endif
