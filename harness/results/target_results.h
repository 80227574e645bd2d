/* SPDX-License-Identifier: MIT
 *
 * Time to accuracy: seconds of training until the validation accuracy reached a target, for each backend and
 * seed, as target.csv. */
#ifndef LB_TARGET_RESULTS_H
#define LB_TARGET_RESULTS_H

#include "results/run_files.h"

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

struct target_results {
    double accuracy; /* the target */
    struct row_identity identity;
    struct csv csv;
    struct target_outcome *outcomes;
    int count, capacity;
};

/* Creates target.csv.partial. */
int target_open(struct target_results *t, double accuracy, const char *dir,
                const struct row_identity *identity, struct error *e);

/* Takes in an epoch of this seed; all_epochs: how many the contender may train. Writes the row when the
 * training is finished. */
int target_epoch(struct target_results *t, const struct registry_entry *entry, uint64_t seed,
                 const struct epoch_result *result, int all_epochs, struct error *e);

/* Over the finished trainings of one contender, a seed each. Seconds to the target, infinite of a training
 * that did not reach it, and so may be the median; NAN without a training. */
struct target_figures {
    int trainings, reached;
    double median, fastest, slowest;
    double median_epochs;
};

struct target_figures target_figures(const struct target_results *t, const struct registry_entry *entry);

/* Gives the file its final name. */
int target_finish(struct target_results *t, struct error *e);

/* Removes what target_open made. */
void target_discard(struct target_results *t);

void target_free(struct target_results *t);

#endif
