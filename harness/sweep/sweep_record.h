/* SPDX-License-Identifier: MIT
 *
 * sweep.json: the settings of a sweep, its points and how far they are. */
#ifndef LB_SWEEP_RECORD_H
#define LB_SWEEP_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "results/run_dir.h"
#include "results/status_file.h"
#include "sweep/grid.h"

struct sweep_record {
    json_t *root;
    struct status_file file;
    bool lost; /* out of memory while it was put together */
};

/* A new sweep's, all points "pending". Takes over the reference to settings. Free with sweep_record_free. */
void sweep_record_init(struct sweep_record *r, const struct run_dir *dir, int argc, char **argv,
                       json_t *settings, const char *env_id, const struct grid *g);

/* An earlier one's, taken over, with one more note in "resumed". */
void sweep_record_continue(struct sweep_record *r, const struct run_dir *dir, json_t *earlier);
void sweep_record_free(struct sweep_record *r);

/* status: pending, running, complete, failed, interrupted; the exit code is written with the last three. */
void sweep_record_point(struct sweep_record *r, int point, const char *status, int exit_code);

/* Removes the file. */
void sweep_record_discard(struct sweep_record *r);

/* Writes the file; see status_file_write. */
int sweep_record_write(struct sweep_record *r, const char *status, int exit_code, struct error *e);

#endif
