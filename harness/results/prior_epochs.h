/* SPDX-License-Identifier: MIT
 *
 * The epochs that an interrupted or killed run has measured: those whose rows are complete in its files. */
#ifndef LB_PRIOR_EPOCHS_H
#define LB_PRIOR_EPOCHS_H

#include <stdbool.h>

#include "backends/registry.h"
#include "results/csv_table.h"

struct prior_epochs {
    struct csv_table epochs, ops;
    int count; /* backends */
    struct prior_series {
        const char *backend; /* not owned */
        int epochs; /* 1 .. epochs are complete: a row each in epochs.csv, and all those in ops.csv */
        int capacity;
        int *row; /* of epoch i + 1 in `epochs` */
    } series[REGISTRY_MAX];
};

/* Reads epochs.csv and ops.csv of the directory, or the .partial files. A row that is cut at a file's end is
 * left out; files that are not there have no rows. EXIT_DATA when a file is damaged otherwise, or has rows of
 * a backend that is not of this run; EXIT_INTERNAL when out of memory. Free with prior_epochs_free, also
 * after an error.
 */
int prior_epochs_read(struct prior_epochs *k, const char *dir, const struct registry_entry *const *entries,
                      int count, struct error *e);
void prior_epochs_free(struct prior_epochs *k);

/* Whether a row of epochs.csv, or of ops.csv, belongs to a complete epoch; context is the struct
 * prior_epochs. */
bool prior_epoch_row(const void *context, int row);
bool prior_op_row(const void *context, int row);

/* The text in a column of an epoch's row, from 1; "" when there is no such column. */
const char *prior_cell(const struct prior_epochs *k, int backend, int epoch, const char *column);

#endif
