/* SPDX-License-Identifier: MIT
 *
 * What the points of a sweep have measured, from their directories: sweep.csv and the table at the end. */
#ifndef LB_SWEEP_RESULTS_H
#define LB_SWEEP_RESULTS_H

#include <stdio.h>

#include "console/table.h"
#include "proof/prove.h"
#include "results/csv_table.h"
#include "results/provenance.h"
#include "sweep/grid.h"

/* One backend at one point. Figures are medians of the epochs after the first, or of the only one, but for
 * peak_gflops: the best of all its epochs. NAN: not known. */
struct sweep_line {
    struct grid_point point;
    char dir[GRID_NAME_SIZE];
    char backend[64], dataset[64], run_id[40], env_id[16], seed[24];
    char commit[PROVENANCE_COMMIT_SIZE], hash[PROVENANCE_HASH_SIZE]; /* of its last row */
    int epochs;                                                      /* in its rows */
    double train_seconds, gflops, peak_gflops, share_of_peak;
    double val_accuracy; /* of the last epoch */
    bool verified;
    char deviation[PROOF_DEVIATION_TEXT]; /* "": none */
    char outcome[40]; /* "ok", "incomplete", or why it left: "proof failed, not timed", "crashed" */
};

struct sweep_results {
    struct sweep_line *lines;
    int count, capacity;
};

/* Reads every point of the sweep in `dir` that has begun. EXIT_DATA when a file is damaged, EXIT_INTERNAL
 * when out of memory. Free with sweep_results_free, also after an error. */
int sweep_results_read(struct sweep_results *r, const char *dir, const struct grid *g, struct error *e);
void sweep_results_free(struct sweep_results *r);

/* Writes sweep.csv into the directory, in the place of an earlier one. */
int sweep_results_write(const struct sweep_results *r, const char *dir, const char *run_id, struct error *e);

/* How a line compares with the same backend with the fewest threads at the same batch and hidden size. NAN
 * where one of the two was not timed. */
struct sweep_scaling {
    double speedup;    /* ratio of the medians */
    double efficiency; /* over the ratio of threads; 1: ideal */
};

struct sweep_scaling sweep_scaling(const struct sweep_results *r, const struct sweep_line *line);

/* The table alone, to be printed or exported; free with table_free. */
void sweep_results_table(struct table *t, const struct sweep_results *r);

/* The table. 0, or -1 where no memory was left for it. */
int sweep_results_print(const struct sweep_results *r, FILE *out);

#endif
