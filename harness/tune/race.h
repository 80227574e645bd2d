/* SPDX-License-Identifier: MIT
 *
 * Two blockings of one backend against each other: gemm on a list of shapes, in turns. */
#ifndef LB_TUNE_RACE_H
#define LB_TUNE_RACE_H

#include <signal.h>

#include "backends/contender.h"
#include "base/error.h"
#include "micro/shapes.h"

/* Most shapes of one race. */
enum { TUNE_MAX_SHAPES = 32 };

struct race {
    const struct backend *backend, *fallback;
    struct plan plan;                          /* but for its blocking */
    struct gemm_shape shapes[TUNE_MAX_SHAPES]; /* operands are dense */
    int count;
    const volatile sig_atomic_t *interrupted; /* non-zero ends the race; NULL: nothing does */
    /* The rest is race_open's. */
    float *a, *b, *c;
    int calls[TUNE_MAX_SHAPES]; /* that one timing takes: about two milliseconds */
};

/* Operands for the largest shape, filled with numbers around 1. The caller has filled in the members above.
 * 0 or e; free with race_close in either case. */
int race_open(struct race *r, struct error *e);
void race_close(struct race *r);

/* Runs `rounds` rounds: in each, every shape is timed once with either blocking, in alternating order.
 * log_ratios[round] is the mean over the shapes of ln(seconds of second / seconds of first). seconds, if not
 * NULL, receives for every shape the medians per call: seconds[2 * shape] of first, [2 * shape + 1] of
 * second. EXIT_INTERRUPTED without a text when interrupted; 0 or e. */
int race_run(struct race *r, const struct blocking *first, const struct blocking *second, int rounds,
             double *log_ratios, double *seconds, struct error *e);

#endif
