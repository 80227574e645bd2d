/* SPDX-License-Identifier: MIT
 *
 * THE DERIVED FIGURES OF A RUN: medians, intervals, speed-ups, shares. Each is defined only here; the console
 * and summary.json show them, and every chart reads summary.json. */
#ifndef LB_FIGURES_H
#define LB_FIGURES_H

#include "results/amdahl.h"
#include "results/attribution.h"
#include "results/summary.h"
#include "stats/interval.h"
#include "stats/shape.h"

/* Of the training times of one contender. All but epochs and first are of the later epochs: every epoch but
 * the first of each training, which warms up; or of the first where there is no other. NAN: none. */
struct time_figures {
    int epochs;           /* trained */
    int later, disturbed; /* later epochs, and how many of these something disturbed by more than 1 % */
    double first;         /* seconds of the very first epoch */
    double median, fastest, slowest; /* seconds */
    struct interval interval;        /* 95 %, of the median; infinite below INTERVAL_MIN epochs */
    struct interval middle_half;     /* quartiles */
    double middle_half_share;        /* their distance as a share of the median */
    struct drift drift;              /* in the order of training */
    double drift_change;             /* of the second half's median, as a share of the first's */
    bool bimodal;
    double gflops;        /* of the median epoch, all operations of the network counted */
    double gflops_done;   /* likewise, those that were made */
    double peak_gflops;   /* best multiply-add peak of the backend's ISA tier, over all epochs of the run */
    double share_of_peak; /* of what was made; see peak_share */
    struct interval peak_range; /* least and greatest peak measured around a later epoch, GFLOP/s */
};

struct time_figures time_figures(const struct summary *s, const struct summary_row *row);

/* How many times the speed of `base` a contender has. From the rounds in which both trained a later epoch:
 * the median of the rounds' ratios, with its 95 % interval. Where there is no such round, the ratio of the
 * two medians, with rounds 0 and an infinite interval; NAN where one has no epoch. */
struct speedup {
    int rounds, disturbed; /* disturbed: rounds in which something disturbed either of the two */
    double ratio;
    struct interval interval;
    bool established; /* the ratio may be stated as a result; else only shown as what was measured */
    char reason[96];  /* why not, and what to do: "3 later epochs, all disturbed; run bench doctor" */
};

/* THE RULE FOR A RESULT, which console, summary.json and report share. A ratio is established when
 * - its interval is finite: at least INTERVAL_MIN rounds, below which no count of values bounds a median;
 * - in more than half of these rounds nothing disturbed either side. The median then lies among the
 *   undisturbed values, however far off the others are: they can widen the interval, but not move it away.
 *   From half on, the median reflects the disturbance as much as the backends. */
struct speedup speedup_over(const struct summary *s, const struct summary_row *row,
                            const struct summary_row *base);

/* The contender with the least median; NULL: none trained. */
const struct summary_row *fastest_row(const struct summary *s);

/* The very first epoch took less time than any later one, which warm-up cannot explain. False with a single
 * later epoch: of two, one is always faster. */
bool first_is_fastest(const struct summary *s, const struct summary_row *row);

/* Amdahl's law on a contender and the fastest one. False where it says nothing: see amdahl_of, or both are
 * the same backend, or the fastest one's speed-up is not established. *slow and *fast are the two sides;
 * parts holds twice TRAINER_MAX_OP_TIMES + 1. */
bool amdahl_figures(struct amdahl *a, const struct summary *s, const struct summary_row *row,
                    struct amdahl_side *slow, struct amdahl_side *fast, struct amdahl_part *parts);

/* A line of ops.csv over the later epochs. */
struct op_figures {
    const char *name, *kind; /* kind: as in ops.csv */
    bool is_rest;            /* "other": what no line accounts for; has only seconds and share */
    bool inherited;
    double seconds, share_of_epoch; /* medians */
    double if_free;                 /* how many times as fast an epoch would be without it: Amdahl's law */
    uint64_t calls;                 /* in an epoch */
    double flop;                    /* of a whole epoch; 0: none */
    double gflops, share_of_peak;   /* at its median; NAN without flop */
    double ai;                      /* flop per byte of least traffic; NAN: not known */
    struct op_attribution attribution;
    double share_of_roof; /* NAN: no roof is known */
};

/* Into ops[TRAINER_MAX_OP_TIMES + 1]; returns how many. */
int op_figures(struct op_figures *ops, const struct summary *s, const struct summary_row *row);

/* What reading clocks for ops.csv took of an epoch; NAN: not known. */
double clock_share(const struct summary *s, const struct summary_row *row);

#endif
