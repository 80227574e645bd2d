/* SPDX-License-Identifier: MIT
 *
 * The judgement of bench ab as ab.csv and in words. */
#ifndef LB_AB_REPORT_H
#define LB_AB_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "report/run_files.h"
#include "stats/judge.h"

struct ab_report {
    struct judgement judgement;
    const struct registry_entry *arms[ARM_COUNT];
    double median_seconds[ARM_COUNT]; /* of one epoch */
    int epochs_per_turn;
};

/* Writes folder/ab.csv: a row for A's second process over its first, a row for B over A. */
int ab_report_write(const struct ab_report *r, const char *folder, const struct row_identity *identity,
                    struct error *e);

/* The same for summary.json; a new reference, NULL when out of memory. */
json_t *ab_report_json(const struct ab_report *r);

/* The verdict in the first line, what it rests on below. */
void ab_report_print(const struct ab_report *r, FILE *out);

/* "+1.3 %" of an effect, with as many digits as an error of `half_width` (an effect too) leaves a meaning.
 * Returns text. */
char *ab_percent(double effect, double half_width, char *text, size_t size);

#endif
