/* SPDX-License-Identifier: MIT
 *
 * A proof under way: what the provers share, and the counting of cases into rows. */
#ifndef LB_PROOF_CONTEXT_H
#define LB_PROOF_CONTEXT_H

#include "proof/cases.h"
#include "proof/compare.h"
#include "proof/guarded.h"
#include "proof/proof.h"

/* Operands of one call, each between guard pages. */
enum { ARENA_A, ARENA_B, ARENA_C, ARENA_D, ARENA_E, ARENA_COUNT };

/* Of the failing cases of an op, over its rows. */
struct op_findings {
    char op[24];
    long long count; /* of complete rows */
    struct failure_pattern pattern;
    struct proof_failure smallest;
    double smallest_size; /* product of its extents */
};

struct proof {
    const struct backend *backend, *fallback;
    const struct plan *plan;
    const struct proof_options *options;
    struct proof_verdict *verdict;
    struct contender contender; /* opened with plan */
    struct guarded arena[ARENA_COUNT];
    size_t max_floats;            /* capacity of each arena and of each array below, in elements */
    float *before;                /* what an operand that is overwritten held */
    double *value, *bound;        /* the oracle's answer */
    uint64_t stream, seeds_drawn; /* of the case seeds */
    unsigned mxcsr;               /* control bits when the case began */
    double row_start;             /* clock_seconds() at the last row_begin */
    struct op_findings findings;  /* of the op under way */
    struct proof_failure failure; /* of the case under way, when it is wrong: its first */
    bool case_wrong;
    bool case_harmful;  /* wrong in more than the values of its result */
    bool case_unwanted; /* the user asked for another one */
};

/* Opens the contender, reserves the memory. 0 or e. */
int proof_open(struct proof *p, const struct backend *b, const struct backend *fallback,
               const struct plan *plan, const struct proof_options *options, struct proof_verdict *verdict,
               struct error *e);
void proof_close(struct proof *p);

/* Starts the stream of case seeds that belongs to a class of cases of an op. */
void proof_begin_stream(struct proof *p, const char *op, const char *cases);

/* A seed for the next case's data: depends on the proof's seed and the place in the stream, not on what else
 * has been proved. */
uint64_t proof_case_seed(struct proof *p);

/* True when the proof may end early. */
bool proof_may_stop(const struct proof *p);

/* Whether the user asked for cases of this op or step: named it, or a case whose text begins with its name.
 */
bool proof_wanted(const struct proof *p, const char *name);

/* Whether the user asked for this class of cases. For the rows that share one run, cases is what they have in
 * front: "plan", "ragged". */
bool proof_cases_wanted(const struct proof *p, const char *cases);

/* One row: begin; for each case begin, checks, end; then end, which hands the row out. */
void row_begin(struct proof *p, struct proof_row *row, const char *op, const char *cases, bool inherited);
void row_end(struct proof *p, struct proof_row *row);

/* Names the case by a text that suffices to make it again, before anything of it runs. It begins with the
 * op's name. False when the user asked for another case: then nothing of this one need run, and nothing that
 * is said of it until case_end counts. */
bool case_begin(struct proof *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void case_check(struct proof *p, struct proof_row *row, const struct comparison *c);
/* For checks that are not comparisons: a failure as text. */
void case_fail(struct proof *p, struct proof_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void case_end(struct proof *p, struct proof_row *row);

/* ---- operands */

struct matrix {
    float *data;
    int rows, cols, ld;
};

/* Places a rows x cols matrix of that name with the given slack after each row, filled with canaries. Never
 * larger than max_floats (callers choose their cases so). */
struct matrix place_matrix(struct proof *p, int arena, const char *name, int rows, int cols, int slack,
                           enum placement place);

/* Adds what was written beside the operand placed last in g. */
void check_margins(struct comparison *c, const struct guarded *g);

/* Adds what was written around the matrix placed last in that arena. */
void check_surroundings(struct proof *p, struct comparison *c, int arena, const struct matrix *m);

#endif
