/* SPDX-License-Identifier: MIT
 *
 * Which of the measured roofs limits an op: the one that would take the most time for the op's work. */
#ifndef LB_LIMITER_H
#define LB_LIMITER_H

#include "machine/topology.h"
#include "roof/levels.h"
#include "roof/peak.h"

/* A roofline measurement as far as limiters need it; a rate of 0 was not measured. */
struct roofline_rates {
    char utc[32]; /* of the measurement */
    int threads;
    double divide[ISA_TIER_COUNT], square_root[ISA_TIER_COUNT]; /* results a second */
    double bytes[LEVEL_COUNT]; /* a second, of whatever is the fastest: reading, writing or both */
    double flop_before[ISA_TIER_COUNT], flop_after[ISA_TIER_COUNT]; /* a second, before and after all else */
};

/* What limits the ops of one backend with one team. */
struct roofs {
    double flop;                  /* a second */
    double divide, square_root;   /* results a second; 0 = not known */
    double bytes[LEVEL_COUNT];    /* a second; 0 = not known */
    double capacity[LEVEL_COUNT]; /* bytes, of the whole team; DRAM's is infinite */
};

/* rates may be NULL: then only flop is known. */
void roofs_init(struct roofs *r, const struct roofline_rates *rates, enum isa_tier isa,
                const struct topology *topology, int threads);

struct work {
    double flop;        /* 0: none */
    double bytes;       /* that move at least; 0: not known */
    double working_set; /* bytes; decides which memory they come from */
    double updates;     /* a division and a square root each, in the same unit one after the other */
};

struct limiter {
    const char
        *by; /* "FMA", "divider", "L1", "L2", "L3", "DRAM"; "" when no measured roof is over this work */
    double seconds; /* that the roof allows at best; 0 with "" */
};

/* The memory level is the smallest that holds the working set; if it was not measured, there is none. Each
 * limit is the best case, so no op can be faster than that unless it skips some of its nominal work. */
struct limiter limiter_of(const struct roofs *r, const struct work *w);

#endif
