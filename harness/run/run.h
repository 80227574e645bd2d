/* SPDX-License-Identifier: MIT
 *
 * One run: every contender in a worker process of its own, proven there, then trained there in turns of one
 * epoch, in a shuffled order per round. The run knows nothing of files and terminals: it reports to a
 * listener. */
#ifndef LB_RUN_H
#define LB_RUN_H

#include <signal.h>
#include <stdbool.h>

#include "machine/topology.h"
#include "run/events.h"
#include "run/turns.h"

struct run_options {
    struct plan plan; /* what every contender is opened with, but for its argument and its block sizes */
    int epochs, naive_epochs; /* see run_contender_epochs */
    uint64_t seed;
    bool prove_only;       /* prove, then stop */
    const char *only_case; /* see proof_options; NULL: all of the proof */
    bool exhaustive;       /* see proof_options */
    bool allow_deviation;  /* of plug-ins, too; see registry_may_deviate */
    int timeout;           /* seconds without progress after which a worker is killed; 0: never */
    enum turn_order order; /* of the rounds; a round 0 is always shuffled */
    bool warm_up;          /* a round 0 of one epoch each comes first */
    int epochs_per_turn;   /* 0 = 1 */
    int rounds_before;     /* of earlier parts of the run, in other processes: round 1 follows them */
    /* By contender: epochs that an earlier part of this run has measured. They are trained again where the
     * parameters that they lead to are needed, but not reported as epochs; turns continue in the first round
     * that lacks one, in the order they would have had. NULL: none. Only with TURNS_SHUFFLED, not with
     * epochs_per_turn above 1.
     */
    const int *prior;
    bool weights;   /* the listener's `trained` gets them, also of a contender whose epochs are all prior */
    double target;  /* validation accuracy at which a contender leaves the turns; 0: none */
    bool needs_all; /* a contender that fails ends the training of the others: there is nothing to compare */
};

/* How many epochs the contender is to train: naive_epochs for the fallback beside others, else epochs. */
int run_contender_epochs(const struct registry_entry *entry, int contenders, int epochs, int naive_epochs);

/* Runs all. Returns EXIT_OK; EXIT_PROOF when a proof failed, a worker crashed or a backend could not
 * be opened (the others ran to their end); EXIT_INTEGRITY when the training of one was not what was proven;
 * EXIT_USAGE when instead only_case was found in no proof; EXIT_INTERRUPTED when *interrupted became non-zero
 * (all workers are gone then); or e's code. */
int run_execute(const struct run_options *options, const struct registry_entry *const *entries, int count,
                const struct dataset *data, const struct topology *topology,
                const struct run_listener *listener, const volatile sig_atomic_t *interrupted,
                struct error *e);

#endif
