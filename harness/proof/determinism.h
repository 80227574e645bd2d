/* SPDX-License-Identifier: MIT
 *
 * THE SAME BITS: what must not depend on the run, on the number of threads or on where operands lie; and the
 * MXCSR control bits, which no call may change. One subject (an op, or a training step) is called again and
 * again on the same data, and its outputs are compared bit by bit with those of its first call. */
#ifndef LB_DETERMINISM_H
#define LB_DETERMINISM_H

#include "proof/proof_context.h"

/* Teams that are compared: the first five for an op, all for a step, which divides its work in another way
 * for each of them. */
enum {
    DETERMINISM_OP_TEAMS = 5,
    DETERMINISM_TEAMS = 9,
    DETERMINISM_LARGEST_TEAM = 33,
    DETERMINISM_RUNS = 10,
    DETERMINISM_ALIGNMENTS = 16,
    DETERMINISM_MAX_OUTPUTS = 12
};
extern const int determinism_teams[DETERMINISM_TEAMS];

struct determinism_subject {
    struct proof *proof;
    const char *op; /* of the row, and the beginning of its cases */
    bool promised;  /* by BACKEND_DETERMINISTIC of the backend that owns the code */
    bool inherited;
    int teams;     /* how many of determinism_teams */
    void *context; /* for call */
    /* Fills the operands with data that are always the same, 4 * shift bytes after a page's start, calls,
     * and calls determinism_output for each output. team: index into determinism_teams, or -1 for the plan's
     * own. */
    void (*call)(struct determinism_subject *s, int team, int shift);
    const void *output[DETERMINISM_MAX_OUTPUTS];
    size_t output_bytes[DETERMINISM_MAX_OUTPUTS];
    int outputs;
    unsigned char *reference; /* all outputs of the first call */
};

void determinism_output(struct determinism_subject *s, const void *data, size_t bytes);

/* Whether any of determinism_prove's rows is wanted: what they need takes time to prepare. */
bool determinism_wanted(const struct proof *p, int teams);

/* Four rows: runs, teams, alignments, MXCSR. A subject that does not
 * promise the same bits gets its rows with "not promised" and what was seen. */
void determinism_prove(struct determinism_subject *s);

/* All ops of level 1. 0, or e when a contender for one of the teams cannot be opened. */
int prove_determinism_ops(struct proof *p, struct error *e);

/* Whether BACKEND_DETERMINISTIC promises the same bits of the training step: by the backend itself for its
 * own, by each op's owner for the composed one. */
bool determinism_promised(const struct proof *p, bool composed);

/* The training step. */
int prove_determinism_step(struct proof *p, bool composed, struct error *e);

#endif
