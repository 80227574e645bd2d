/* SPDX-License-Identifier: MIT
 *
 * A sweep: a directory whose points are ordinary runs, one for each combination of threads, batch and hidden.
 */
#ifndef LB_SWEEP_H
#define LB_SWEEP_H

#include <signal.h>

#include "results/run_dir.h"
#include "sweep/grid.h"
#include "sweep/sweep_record.h"

struct sweep {
    struct grid grid; /* every axis has a value */
    struct run_dir dir;
    struct sweep_record record;
    bool quiet;
    const char *markdown; /* file for the table; NULL: none */
    bool resumed;         /* an earlier sweep: what is on disk of it stays, whatever happens */
    const volatile sig_atomic_t *interrupted;
    void *context;
    /* Runs the point in `place`, or resumes it where it has begun. Returns the exit code of the run. */
    int (*run_point)(void *context, const struct grid_point *p, const char *place, struct error *e);
};

/* Runs every point, writes sweep.csv and sweep.json, and prints the table. The directory and the record are
 * open. Returns the worst exit code of the points by exit_code_worst(). */
int sweep_run_points(struct sweep *s, struct error *e);

#endif
