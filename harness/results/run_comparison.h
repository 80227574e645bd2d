/* SPDX-License-Identifier: MIT
 *
 * Finished runs side by side, from their summary.json: what may be said of runs that did not take turns. */
#ifndef LB_RUN_COMPARISON_H
#define LB_RUN_COMPARISON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "stats/interval.h"

enum { COMPARED_RUNS_MAX = 26 };

/* What run i is called: A, B, C. */
static inline char run_letter(int run)
{
    return (char)('A' + run);
}

struct compared_run {
    const char *dir;                    /* as given */
    json_t *summary;                    /* summary.json */
    const char *run_id, *env_id, *time; /* "" where the file does not say */
};

/* A backend in one run. Texts live as long as the comparison. */
struct compared_row {
    int run;
    const char *backend;
    const char *proof;        /* "yes", "NO", "deviates", "VIOLATED" an integrity check; "": not known */
    const char *note;         /* what goes with its speed, "skips zero pixels"; "": nothing */
    int later, disturbed;     /* epochs, as in struct time_figures */
    double median;            /* seconds; NAN: not trained */
    struct interval interval; /* of the median, 95 %; infinite: none */
    int base;                 /* the row that speed is over; -1: none */
    double speed;             /* how many times the speed of the base; NAN: none */
    struct interval range;    /* of the speed; infinite: none */
    bool established;         /* the speed may be stated */
    char reason[160];         /* why not; "" where there is no base */
};

/* Runs of one machine, by their env_id: speed is over the same backend in the first run that trained it,
 * ratio of the medians m0 / m1. Its range is [m0.low / m1.high, m0.high / m1.low], from the intervals of the
 * medians: whenever these hold the true medians, it holds their ratio. Each does in at least 95 % of all
 * runs, so both do in at least 90 % (Bonferroni's inequality), whatever the distributions and even where the
 * runs depend on each other. Where medians scatter about normally and independently it is at least 95 %,
 * because half-widths are added instead of their squares. What changed on the machine between two runs is in
 * the ratio and not in its range, so no verdict follows, however far the range is from 1.
 *
 * Runs of several machines, or of unknown ones: seconds are not compared. Speed is over the reference, a
 * backend of the same run, by that run's own rounds. The reference is the backend that all runs have trained
 * over which most speeds are established, of equals a library, else the first of the first run.
 *
 * A speed is established when both rows have an interval, more than half of the later epochs of either were
 * undisturbed (the rule of results/figures.h), both backends are right, and both runs timed the same work. */
struct run_comparison {
    struct compared_run runs[COMPARED_RUNS_MAX];
    int count;
    bool same_machine;
    const char *reference;     /* NULL: none, or not needed */
    struct compared_row *rows; /* by backend, and by run */
    int row_count, compared;   /* compared: rows with a speed */
};

/* Reads 2 to COMPARED_RUNS_MAX directories. EXIT_DATA when a summary.json is missing or malformed. Free with
 * run_comparison_free, also after an error. */
int run_comparison_read(struct run_comparison *c, const char *const *dirs, int count, struct error *e);
void run_comparison_free(struct run_comparison *c);

/* What a run has different from the first one, as {"hidden": ["512", "128"]}, the first one's value first.
 * A new reference. */
json_t *run_comparison_differences(const struct run_comparison *c, int run);

/* All of it. A new reference. */
json_t *run_comparison_json(const struct run_comparison *c);

#endif
