/* SPDX-License-Identifier: MIT
 *
 * Times of the parts of an epoch, one figure per epoch, and their medians. */
#ifndef LB_SERIES_H
#define LB_SERIES_H

#include "results/amdahl.h"
#include "run/run.h"

struct series {
    double *values;
    int count, capacity;
};

/* NAN when there is none. */
double series_median(const struct series *s);

/* The lines of ops.csv, one series of seconds each, "other" last. */
struct op_series {
    int count;
    char names[TRAINER_MAX_OP_TIMES + 1][24];
    struct series seconds[TRAINER_MAX_OP_TIMES + 1];
};

/* Adds an epoch; nothing, where it names no parts. 0, or -1 when out of memory. */
int op_series_add(struct op_series *s, const struct epoch_report *report);
/* Forgets the epochs so far. */
void op_series_clear(struct op_series *s);
void op_series_free(struct op_series *s);

/* Medians of all lines, in parts[TRAINER_MAX_OP_TIMES + 1]; returns how many. Names point into s. */
int op_series_medians(const struct op_series *s, struct amdahl_part *parts);

#endif
