/* SPDX-License-Identifier: MIT
 *
 * The judgement of bench ab as ab.csv and in summary.json. */
#ifndef LB_AB_RESULTS_H
#define LB_AB_RESULTS_H

#include <jansson.h>

#include "results/run_files.h"
#include "stats/judge.h"

struct ab_results {
    struct judgement judgement;
    const struct registry_entry *contenders[AB_COUNT];
    double median_seconds[AB_COUNT]; /* of one epoch */
    int epochs_per_turn;
};

/* Writes dir/ab.csv: a row for A's second process over its first, a row for B over A. */
int ab_results_write(const struct ab_results *r, const char *dir, const struct row_identity *identity,
                     struct error *e);

/* The same for summary.json; a new reference, NULL when out of memory. */
json_t *ab_results_json(const struct ab_results *r);

#endif
