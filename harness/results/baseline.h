/* SPDX-License-Identifier: MIT
 *
 * A finished run to compare another one with: its settings, its machine, its data, and every epoch's share of
 * the peak that was measured around it. Not of the best peak: if the clock changes in mid-run, both change,
 * and a median over the epochs tolerates a disturbed measurement. */
#ifndef LB_BASELINE_H
#define LB_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "machine/env_id.h"

enum { BASELINE_MAX_SERIES = 64 };

struct baseline_series {
    const char *backend; /* points into the machine's JSON, as the next does */
    const char *spec;    /* the argument of --backend that selects it again; in older files its name */
    int epochs;          /* that were asked for, and are all there */
    double *share;       /* of epoch i + 1; each above 0 */
};

struct baseline {
    json_t *machine; /* machine.json */
    char path[4096];
    char run_id[40], env_id[ENV_ID_SIZE]; /* env_id "": cannot be told */
    int epochs, batch, hidden, threads;
    double lr;
    uint64_t seed;
    const char *isa_cap; /* NULL: none */
    struct baseline_series series[BASELINE_MAX_SERIES];
    int count;
};

/* Reads machine.json and epochs.csv of the directory. EXIT_DATA when one is missing or malformed, or when the
 * run did not go to its end. Free with baseline_free, also after an error. */
int baseline_read(struct baseline *b, const char *dir, struct error *e);
void baseline_free(struct baseline *b);

/* NULL when the baseline has no such backend. */
const struct baseline_series *baseline_find(const struct baseline *b, const char *backend);

#endif
