/* SPDX-License-Identifier: MIT
 *
 * What an interrupted or killed run has measured: the epochs whose rows are complete in its files. */
#ifndef LB_KEPT_H
#define LB_KEPT_H

#include <stdbool.h>

#include "backends/registry.h"
#include "report/csv_table.h"

struct kept {
    struct csv_table epochs, ops;
    int count; /* backends */
    struct kept_series {
        const char *backend; /* not owned */
        int epochs; /* 1 .. epochs are complete: a row each in epochs.csv, and all those in ops.csv */
        int room;
        int *row; /* of epoch i + 1 in `epochs` */
    } series[REGISTRY_MAX];
};

/* Reads epochs.csv and ops.csv of the folder, or the .partial files. A row that is cut at a file's end is
 * left out; files that are not there have no rows. EXIT_DATA when a file is damaged otherwise, or has rows of
 * a backend that is not of this run; EXIT_INTERNAL when out of memory. Free with kept_free, also after an
 * error.
 */
int kept_read(struct kept *k, const char *folder, const struct registry_entry *const *entries, int count,
              struct error *e);
void kept_free(struct kept *k);

/* Whether a row of epochs.csv, or of ops.csv, belongs to a complete epoch; context is the struct kept. */
bool kept_epoch_row(const void *context, int row);
bool kept_op_row(const void *context, int row);

/* The text in a column of an epoch's row, from 1; "" when there is no such column. */
const char *kept_cell(const struct kept *k, int backend, int epoch, const char *column);

#endif
