/* SPDX-License-Identifier: MIT
 *
 * Hooks by which ab and gate extend a training run: the same proof, turns and files, in rounds of one order,
 * and a judgement at the end. */
#ifndef LB_TRAINING_H
#define LB_TRAINING_H

#include "cli/session.h"
#include "results/summary.h"
#include "run/turns.h"

struct training {
    bool warm_up;   /* a round 0 of one epoch each */
    bool needs_all; /* see run_options */
    int epochs_per_turn;
    enum turn_order order;
    int rounds,
        processes; /* rounds are shared out to so many processes of each contender, one after the other */
    void *context;
    /* What "settings" of machine.json has beyond a run's; a new reference, NULL when out of memory. */
    json_t *(*settings)(void *context);
    /* After each epoch, when its rows are on disk; row is what the summary holds of the contender, this epoch
     * included. */
    void (*epoch)(void *context, const struct registry_entry *entry, const struct summary_row *row,
                  const struct epoch_report *report);
    /* After a run that went to its end, before machine.json says so: judges, and writes what there is to
     * write. Returns the exit code; on an error, e's. */
    int (*conclude)(void *context, struct error *e);
    /* What summary.json has of the judgement, under this name; a new reference. */
    const char *section;
    json_t *(*figures)(void *context);
    /* The verdict, before the summary; code is the run's. */
    void (*print)(void *context, FILE *out, int code);
};

struct resumption;

/* One run, or proof, from its directory to its table. resumed: an earlier run to continue, or NULL; o is its
 * options then. brief: without the table and the messages at the end. Returns the exit code. */
int training_once(const struct options *o, const struct invocation *invocation, struct resumption *resumed,
                  bool brief, struct error *e);

/* Runs the contenders of an open session, which has a directory, and closes it. Returns the exit code. */
int training_run(struct session *session, const struct training *training,
                 const struct invocation *invocation, struct error *e);

#endif
