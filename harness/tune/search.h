/* SPDX-License-Identifier: MIT
 *
 * The search for a blocking: one coordinate after the other, each candidate raced against the best so far,
 * and at the end the best against the backend's own defaults. */
#ifndef LB_TUNE_SEARCH_H
#define LB_TUNE_SEARCH_H

#include <stdbool.h>

#include "stats/compare.h"
#include "tune/race.h"

struct search_result {
    struct blocking best; /* the defaults when nothing was better */
    bool better;          /* FASTER than the defaults in the last race */
    int tried;            /* blockings */
    struct paired_comparison
        gain; /* of best over the defaults: below 0 is faster; not set when nothing was tried */
    double seconds[2 * TUNE_MAX_SHAPES]; /* per call and shape: defaults, best */
};

struct search_listener {
    void *context;
    /* Whether a register tile passes the proof: called once for each, before it is timed. NULL: all do. */
    bool (*proven)(void *context, const struct blocking *candidate);
    /* A candidate was raced: effect is ln(its time / the best's time), better when it is the new best. */
    void (*tried)(void *context, const struct blocking *candidate, double effect, bool better);
};

/* The smallest gain that is worth another blocking: 1 %. */
extern const double search_margin;

/* race is open. EXIT_INTERRUPTED without a text when interrupted; 0 or e. */
int search_blocking(struct race *race, const struct search_listener *listener, struct search_result *result,
                    struct error *e);

#endif
