/* SPDX-License-Identifier: MIT
 *
 * The roofline of a machine: multiply-adds, divisions and square roots of every ISA, and bandwidth of every
 * level of memory, for one thread and for a team. */
#ifndef LB_ROOFLINE_H
#define LB_ROOFLINE_H

#include <signal.h>
#include <stdint.h>

#include "base/error.h"
#include "machine/topology.h"
#include "roof/levels.h"
#include "roof/peak.h"

struct roofline_row {
    int threads;
    const char *quantity; /* "multiply_add", "divide", "square_root", "read", "write", "triad" */
    const char *unit;     /* what is counted: "flop", "result", "byte" */
    enum isa_tier tier;   /* whose vectors */
    const char *level;    /* of bandwidth: "L1" ...; else NULL */
    size_t working_set;   /* bytes of all threads together; 0 without a level */
    const char *phase;    /* "before" or "after" all else; NULL: between them, in turns */
    int rounds;
    double median, lowest, highest; /* of the rounds, a second, 10^9 */
};

struct roofline_request {
    int threads; /* of the team; one thread is measured too, first */
    uint32_t isa;
    const struct topology *topology;
    size_t available; /* bytes that working sets may take together */
    int rounds;
    double seconds;                    /* of one measurement, at least */
    const volatile sig_atomic_t *stop; /* non-zero: end early */
    /* Called once per row, when all its rounds are done; not 0 ends the measurement. */
    int (*row)(void *context, const struct roofline_row *row);
    /* Called for a level that is not measured, with the reason. */
    void (*left_out)(void *context, int threads, const struct level *level);
    void *context;
};

enum { ROOFLINE_MAX_ROUNDS = 64 };

/* 0; EXIT_INTERRUPTED, after whole rows; or an error. Binds the calling thread and its team. */
int roofline_measure(const struct roofline_request *request, struct error *e);

#endif
