/* SPDX-License-Identifier: MIT
 *
 * The input and output of a proof: options, rows, the verdict. */
#ifndef LB_PROOF_H
#define LB_PROOF_H

#include "backends/contender.h"
#include "data/dataset.h"
#include "proof/compare.h"
#include "proof/failure_pattern.h"
#include "train/epoch.h"

/* Bytes of the text that names a case, of that with what is wrong, and of what was measured; failed cases
 * that a row keeps. */
enum { PROOF_CASE_TEXT = 224, PROOF_FAILURE_TEXT = 400, PROOF_MEASURED_TEXT = 160, PROOF_FAILURES_SAVED = 3 };

/* A case that failed. */
struct proof_failure {
    char message[PROOF_FAILURE_TEXT]; /* one line: case, index, expected, got */
    char case_text[PROOF_CASE_TEXT];  /* as options->only_case takes it; "" when there is none */
    char map[COMPARE_MAP_TEXT];       /* where it is wrong, see compare_map; "" when there is no such place */
    struct compare_region region;     /* likewise */
};

/* One line of proof.csv: one class of cases of one op. op is a name of ops.def; or "step", "lockstep" (the
 * backend's own training step); "composed step", "composed lockstep" (the step composed from its ops); or
 * "training" (whole trainings). */
struct proof_row {
    char op[24];
    char cases[40];  /* class of cases: "exact integers", "training shapes", ... */
    long long count; /* cases run */
    long long failed;
    long long deviating;   /* that failed, too, but as declared deviations: see proof_options */
    double worst_of_bound; /* largest error as a share of its bound; 0 for bit equality; NaN never */
    double
        worst_of_loose; /* likewise, but for right results of COMPARE_TIGHT, whose share is near 1 always */
    double seconds;     /* that the row took; rows that come from one run all say how long that took */
    char inherited;     /* 1: the op is the fallback's, not the backend's */
    char is_of_rules;   /* 1: of special values alone, so that what fails may be a deviation */
    char measured[PROOF_MEASURED_TEXT]; /* a figure of its own, as text: "at most 0.75 ulp, ..."; "" when
                                           none */
    int failures_saved;
    struct proof_failure failures[PROOF_FAILURES_SAVED]; /* the first ones, all of different cases;
                                                         deviations only where nothing else failed */
    /* Of this row and those before it of the same op: */
    long long op_count, op_failed;
    struct proof_failure smallest; /* the failing case of the smallest extents */
    char pattern[PATTERN_TEXT];    /* what the failing cases have in common, see pattern_text */
};

struct proof_options {
    uint64_t seed;
    struct progress *progress;  /* may be NULL */
    const struct dataset *data; /* real images for the steps; may be NULL, then synthetic ones */
    void (*row)(void *context, const struct proof_row *row); /* called once per row, as it is done */
    void *context;
    const char *only; /* prove only what belongs to this op (or "step", "lockstep"); NULL = everything */
    const char *only_cases; /* of that op, only the class of this name; of steps, only what it begins with */
    /* Prove only the case of this text, or those that begin so where it ends in '*', under the same seed and
     * plan; NULL = all. */
    const char *only_case;
    bool stop_when_wrong; /* end after the first class that failed; the verdict is then of what was run */
    /* Cases of rules whose result is wrong, and nothing else, are declared deviations: they do not reject the
     * backend. What writes outside its result, say, still does. */
    bool allow_deviation;
    bool exhaustive;    /* also what takes minutes: every m, n, k, every float, long lockstep runs */
    int lockstep_steps; /* 0 = the usual number */
    /* What exhaustive trainings are compared with; NULL: they are left out. */
    const struct backend *reference;
    int training_epochs; /* of both; see prove_training.h */
};

struct proof_verdict {
    long long cases, failed;
    double worst_of_bound; /* over all bounded cases, but for classes with deviations */
    double worst_of_loose; /* likewise; see proof_row */
    long long
        deviating; /* cases that break a rule of special values, where that was allowed; not in failed */
    char composed_skipped; /* 1: the composed step was not tried, because an op that it calls has failed */
};

/* Whether the backend may be timed. */
bool proof_passed(const struct proof_verdict *verdict);

/* The worst share of a bound that says something: of a proof that passed, over loose bounds only. */
double proof_worst(const struct proof_verdict *verdict);

/* "0.731", a share of a bound; a text where no share says how wrong it is. Returns either. */
const char *proof_share_text(double worst_of_bound, char *text, size_t size);

/* How it deviates: "deviates: rules (110 cases)"; "" when it does not. Returns text. */
enum { PROOF_DEVIATION_TEXT = 64 };
const char *proof_deviation(long long deviating, char text[PROOF_DEVIATION_TEXT]);

/* The case under way, one line, "" outside a proof. Static memory that is complete before the backend is
 * called, so that a signal handler can print what crashed. */
const char *proof_current_case(void);

#endif
