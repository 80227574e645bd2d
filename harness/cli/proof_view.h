/* SPDX-License-Identifier: MIT
 *
 * A proof on the terminal: a line per op, what failed, and at the end what helps to find out why. */
#ifndef LB_PROOF_VIEW_H
#define LB_PROOF_VIEW_H

#include <stdio.h>

#include "backends/registry.h"
#include "cli/options.h"
#include "proof/proof.h"

/* How much is shown of what passed. */
enum proof_detail { PROOF_ROWS, PROOF_OPS, PROOF_FAILURES_ONLY };

/* Of an op some of whose cases failed. */
struct proof_finding {
    char op[24];
    long long failed, count;
    struct proof_failure smallest;
    char pattern[PATTERN_TEXT];
};

enum { PROOF_VIEW_FINDINGS = 24, PROOF_VIEW_OPS = 24 };

struct proof_view {
    FILE *out;
    const struct options *options;
    enum proof_detail detail;
    const struct registry_entry *entry; /* whose rows have come; NULL: none have */
    char op[24];                        /* of the rows that are folded into one line */
    char earlier[PROOF_VIEW_OPS][24];   /* the ops before it, which come again for their determinism */
    int earlier_count;
    int classes;
    long long cases;
    double worst, worst_of_loose;
    bool inherited;
    struct proof_finding findings[PROOF_VIEW_FINDINGS];
    int findings_count;
};

void proof_view_open(struct proof_view *v, FILE *out, const struct options *o, enum proof_detail detail);

/* The rows of one contender after those of another. */
void proof_view_row(struct proof_view *v, const struct registry_entry *entry, const struct proof_row *row);

/* After the last row of a contender: for each op that failed, its smallest failing case with a map of the
 * wrong region and the command that runs it again, and what its failing cases have in common. */
void proof_view_end(struct proof_view *v, bool composed_skipped);

#endif
