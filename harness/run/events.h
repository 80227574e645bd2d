/* SPDX-License-Identifier: MIT
 *
 * The events of a run, and the listener that receives them. */
#ifndef LB_EVENTS_H
#define LB_EVENTS_H

#include "backends/registry.h"
#include "data/dataset.h"
#include "proof/proof.h"
#include "run/observer.h"
#include "run/turn_noise.h"
#include "train/confusion.h"
#include "train/epoch.h"

enum contender_outcome {
    OUTCOME_OK,
    OUTCOME_PROOF_FAILED,
    OUTCOME_CRASHED,    /* killed by a signal, left early, or does not answer */
    OUTCOME_NOT_OPENED, /* its file cannot be loaded, or its open() refuses */
    OUTCOME_INTERRUPTED,
    OUTCOME_INTEGRITY, /* its training is not what was proven */
    OUTCOME_NO_CASE,   /* only_case names none of its cases */
};

/* What a worker reports of itself after open(). */
struct contender_info {
    int threads;      /* OpenMP team size actually seen */
    int bound;        /* 1: every thread is bound to its place */
    int fused;        /* 1: own training step */
    char library[64]; /* library version, "" when none */
    char implementation[512];
};

/* What a worker reports of an epoch besides its results, for the integrity checks. */
struct epoch_notes {
    double seconds;         /* from the message to the report, by the clock of train_seconds */
    int steps_verified;     /* in this epoch: single steps that were looked at again */
    int spans_verified;     /* and spans of steps */
    unsigned control_start; /* mxcsr() when the worker started */
    unsigned control_end;   /* after the epoch, of the first thread of the team that differs */
    double heap_mb;         /* what the C library has handed out and not got back, 10^6 bytes */
};

/* One epoch of one contender, with the times of its ops during that epoch. */
struct epoch_report {
    struct epoch_result result;
    int op_count;
    struct op_time ops[TRAINER_MAX_OP_TIMES]; /* differences over this epoch; name points into name_text */
    char name_text[TRAINER_MAX_OP_TIMES][24];
    double peak_gflops;        /* of the backend's ISA tier, measured around this epoch on the same threads */
    int tier;                  /* enum isa_tier, of that peak */
    long long clock_reads;     /* of thread 0 inside the steps, for ops; -1: not known */
    double clock_read_seconds; /* of one reading */
    double flop_done; /* in this epoch, as the backend reports; < 0: it does not report any, and does all */
    struct turn_noise noise;
    struct epoch_notes notes;
    struct observation observation; /* the parent's */
    int round;                      /* from 1; 0: the warm-up */
    int position;                   /* in the round, from 1 */
};

/* Floating-point operations that an epoch did, of `all` those of its network. */
static inline double epoch_flop_done(const struct epoch_report *r, double all)
{
    return r->flop_done > 0.0 ? r->flop_done : all;
}

/* What the training of a contender came to, after its last epoch. */
struct training_outcome {
    struct confusion confusion; /* of the test images */
    struct tensors weights;     /* NULL members: not asked for */
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
    /* It has trained all its epochs. Not of one whose epochs are all prior, unless weights are wanted. */
    void (*trained)(void *context, const struct registry_entry *entry,
                    const struct training_outcome *outcome);
    /* The contender is out of the run; reason: one line. case_text: the proof's case at which it
     * crashed or stood still; "" where there is none. */
    void (*failed)(void *context, const struct registry_entry *entry, enum contender_outcome outcome,
                   const char *reason, const char *case_text);
    /* Needed with prior epochs only: one of them has been trained again. Returns NULL, or in one line why the
     * contender must leave the run. */
    const char *(*replayed)(void *context, const struct registry_entry *entry,
                            const struct epoch_report *report);
};

#endif
