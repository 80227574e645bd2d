/* SPDX-License-Identifier: MIT
 *
 * The judgement of bench gate as gate.csv and in summary.json. Slowdowns are logarithms, as in
 * stats/compare.h: of the baseline's share of the peak over this run's. */
#ifndef LB_GATE_RESULTS_H
#define LB_GATE_RESULTS_H

#include <jansson.h>

#include "results/baseline.h"
#include "results/run_files.h"
#include "stats/compare.h"
#include "stats/interval.h"

enum gate_verdict { GATE_PASSED, GATE_SLOWER, GATE_INCONCLUSIVE };
enum { GATE_PROCESSES = 2 };

/* Epochs that a baseline must have of a backend: those of an interval, after the first, which warms up. As
 * digits, for the help pages. */
#define GATE_MIN_EPOCHS 7
_Static_assert(GATE_MIN_EPOCHS == INTERVAL_MIN + 1, "the first epoch is not compared");

struct gate_line {
    const char *backend; /* as the baseline calls it */
    const struct registry_entry *processes[GATE_PROCESSES];
    struct paired_comparison slowdown[GATE_PROCESSES];
    double baseline_share, share[GATE_PROCESSES]; /* medians */
    enum gate_verdict verdict;
};

/* SLOWER: the lower end of the interval is above the limit in each process, and no interval reaches further
 * than the limit to either side of its middle: a run whose epochs scatter so much was disturbed, and what
 * disturbed it may have slowed it down. PASSED: the upper end is below the limit in each. */
enum gate_verdict gate_judge(const struct paired_comparison slowdown[GATE_PROCESSES], double limit);

/* "PASSED" */
const char *gate_verdict_name(enum gate_verdict verdict);

/* The worst of all lines: SLOWER, then INCONCLUSIVE. */
enum gate_verdict gate_worst(const struct gate_line *lines, int count);

/* Writes dir/gate.csv: a row per backend and process. */
int gate_results_write(const struct gate_line *lines, int count, const struct baseline *b, double limit,
                       const char *dir, const struct row_identity *identity, struct error *e);

/* The same for summary.json; a new reference, NULL when out of memory. */
json_t *gate_results_json(const struct gate_line *lines, int count, const struct baseline *b, double limit);

#endif
