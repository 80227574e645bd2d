/* SPDX-License-Identifier: MIT
 *
 * Time to accuracy: seconds of training until the validation accuracy reached a target, for each backend and
 * seed, as target.csv and as a table. */
#ifndef LB_TARGET_REPORT_H
#define LB_TARGET_REPORT_H

#include <stdio.h>

#include "report/run_files.h"

/* One training of one backend with one seed. */
struct target_outcome {
    const struct registry_entry *entry;
    uint64_t seed;
    int epochs;
    double train_seconds; /* sum over the epochs so far */
    double val_accuracy;  /* after the last of them */
    bool reached;
    bool finished; /* reached, or trained all its epochs: its row is in the file */
};

struct target_report {
    double accuracy; /* the target */
    struct row_identity identity;
    struct csv csv;
    struct target_outcome *outcomes;
    int count, capacity;
};

/* Creates target.csv.partial. */
int target_open(struct target_report *t, double accuracy, const char *folder,
                const struct row_identity *identity, struct error *e);

/* Takes in an epoch of this seed; all_epochs: how many the contender may train. Writes the row when the
 * training is finished. */
int target_epoch(struct target_report *t, const struct registry_entry *entry, uint64_t seed,
                 const struct epoch_result *result, int all_epochs, struct error *e);

/* Median and spread over the seeds, one line for each contender; seeds: how many the run was asked for. A
 * training that did not reach the target counts as slower than any that did. 0, or -1 when out of memory. */
int target_print(const struct target_report *t, const struct registry_entry *const *entries, int count,
                 int seeds, FILE *out);

/* Gives the file its final name. */
int target_finish(struct target_report *t, struct error *e);

/* Removes what target_open made. */
void target_discard(struct target_report *t);

void target_free(struct target_report *t);

#endif
