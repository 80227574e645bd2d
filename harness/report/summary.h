/* SPDX-License-Identifier: MIT
 *
 * The table at the end of a run. */
#ifndef LB_SUMMARY_H
#define LB_SUMMARY_H

#include <stdio.h>

#include "report/series.h"

/* One contender's part, gathered while the run goes on. */
struct summary_row {
    const struct registry_entry *entry;
    struct contender_info info;
    bool proven, verified; /* verified: the proof was done and passed */
    struct proof_verdict verdict;
    struct series seconds; /* of training */
    struct series share;   /* of the measured peak */
    struct op_series ops;
    long long clock_reads; /* as in the last epoch's report */
    double clock_read_seconds;
    int epochs;
    double epoch_flop;
    double val_accuracy; /* of the last epoch */
    char failure[256];   /* why it left the run; "" when it did not */
};

struct summary {
    struct summary_row rows[REGISTRY_MAX];
    int count;
    int wanted_epochs;
    const char *dataset;
};

/* Room for these contenders; free with summary_free. */
void summary_init(struct summary *s, const struct registry_entry *const *entries, int count);
void summary_free(struct summary *s);

/* The row of a contender of this run. */
struct summary_row *summary_row(struct summary *s, const struct registry_entry *entry);

/* Adds an epoch of so many operations; 0, or -1 when out of memory. With several seeds, the first epochs of
 * all but the first seed are counted, but have no part in the medians. */
int summary_epoch(struct summary_row *row, const struct epoch_report *report, double flop);

/* The table, what is notable about each contender below it. 0, or -1 where no memory was left for the table,
 * which is then missing. */
int summary_print(const struct summary *s, FILE *out);

#endif
