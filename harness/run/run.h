/* SPDX-License-Identifier: MIT
 *
 * One run: every contender in a worker process of its own, proven there, then trained there in turns of one
 * epoch, in a shuffled order per round. The run knows nothing of files and terminals: it reports to a
 * listener. */
#ifndef LB_RUN_H
#define LB_RUN_H

#include <signal.h>
#include <stdbool.h>

#include "backends/registry.h"
#include "data/dataset.h"
#include "machine/topology.h"
#include "proof/prove.h"
#include "run/turn_noise.h"
#include "run/turns.h"
#include "run/observer.h"
#include "train/epoch.h"

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
    /* By contender: epochs that an earlier part of this run has measured. They are trained again, for the
     * parameters they lead to, but not reported as epochs; turns go on in the first round that lacks one, in
     * the order they would have had. NULL: none. Only with TURNS_SHUFFLED, not with epochs_per_turn above 1.
     */
    const int *kept;
    double target; /* validation accuracy at which a contender leaves the turns; 0: none */
};

enum contender_outcome {
    OUTCOME_OK,
    OUTCOME_PROOF_FAILED,
    OUTCOME_CRASHED,    /* killed by a signal, left early, or does not answer */
    OUTCOME_NOT_OPENED, /* its file cannot be loaded, or its open() refuses */
    OUTCOME_INTERRUPTED,
    OUTCOME_INTEGRITY, /* its training is not what was proven */
    OUTCOME_NO_CASE,   /* only_case names none of its cases */
};

/* What a worker says of itself after open(). */
struct contender_info {
    int threads;      /* OpenMP team size actually seen */
    int bound;        /* 1: every thread is bound to its place */
    int fused;        /* 1: own training step */
    char library[64]; /* library version, "" when none */
    char implementation[512];
};

/* What a worker notes of an epoch beside its results, for the checks of integrity. */
struct epoch_notes {
    double seconds;         /* from the message to the report, by the clock of train_seconds */
    int steps_verified;     /* in this epoch: single steps that were looked at again */
    int spans_verified;     /* and spans of steps */
    unsigned control_start; /* mxcsr() when the worker started */
    unsigned control_end;   /* after the epoch, of the first thread of the team that differs */
};

/* One epoch of one contender, with the times of its ops during that epoch. */
struct epoch_report {
    struct epoch_result result;
    int op_count;
    struct op_time ops[TRAINER_MAX_OP_TIMES]; /* differences over this epoch; name points into name_text */
    char name_text[TRAINER_MAX_OP_TIMES][24];
    double peak_gflops;    /* of the roof over this backend, measured around this epoch on the same threads */
    int roof;              /* enum isa_tier, of that peak */
    long long clock_reads; /* of thread 0 inside the steps, for ops; -1: not known */
    double clock_read_seconds; /* of one reading */
    struct turn_noise noise;
    struct epoch_notes notes;
    struct observation observation; /* the parent's */
    int round;                      /* from 1; 0: the warm-up */
    int position;                   /* in the round, from 1 */
};

/* All callbacks run in the parent, between turns or while a worker works (tick). context comes first. entry
 * is the contender's line of the registry. */
struct run_listener {
    void *context;
    void (*opened)(void *context, const struct registry_entry *entry, const struct contender_info *info);
    void (*proof_row)(void *context, const struct registry_entry *entry, const struct proof_row *row);
    void (*proven)(void *context, const struct registry_entry *entry, const struct proof_verdict *verdict,
                   double seconds);
    /* A turn begins: of training, epoch from 1, or of the proof, epoch 0. Ticks follow about ten times a
     * second with the worker's progress. */
    void (*turn)(void *context, const struct registry_entry *entry, int epoch, int epochs);
    void (*tick)(void *context, const struct registry_entry *entry, const struct progress *progress);
    void (*epoch)(void *context, const struct registry_entry *entry, const struct epoch_report *report);
    /* The contender is out of the run; words say why in one line. */
    void (*failed)(void *context, const struct registry_entry *entry, enum contender_outcome outcome,
                   const char *words);
    /* Needed with kept epochs only: one of them has been trained again. Returns NULL, or in one line why the
     * contender must leave the run. */
    const char *(*replayed)(void *context, const struct registry_entry *entry,
                            const struct epoch_report *report);
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

/* The body of the hidden subcommand `bench worker`: serves the parent on the given descriptor until told to
 * end. Returns the exit code of the process. */
int worker_main(int argc, char **argv);

#endif
