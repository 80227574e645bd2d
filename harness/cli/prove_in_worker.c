/* SPDX-License-Identifier: MIT */
#include "cli/prove_in_worker.h"

#include "cli/interrupt.h"
#include "cli/reproduce.h"
#include "run/run.h"

static void on_row(void *context, const struct registry_entry *entry, const struct proof_row *row)
{
    if (!row->failed) return;
    fprintf(stderr, "FAIL  %s %s %s\n", entry->name, row->op, row->cases);
    reproduce_print(stderr, context, entry, row);
}

static void on_failed(void *context, const struct registry_entry *entry, enum contender_outcome outcome,
                      const char *words)
{
    (void)context;
    if (outcome != OUTCOME_INTERRUPTED)
        fprintf(stderr, "bench: %s: %s, not timed: %s\n", entry->name,
                outcome == OUTCOME_CRASHED      ? "crashed"
                : outcome == OUTCOME_NOT_OPENED ? "cannot be opened"
                                                : "proof failed",
                words); /* no --case here */
}

int prove_in_worker(const struct session *s, const struct registry_entry *entry, struct error *e)
{
    const struct options *o = s->options;
    const struct run_options run = {.plan = s->plan,
                                    .seed = o->seed,
                                    .prove_only = true,
                                    .allow_deviation = o->allow_deviation != NULL,
                                    .timeout = o->timeout};
    struct options told = *o;
    const struct run_listener listener = {.context = &told, .proof_row = on_row, .failed = on_failed};
    return run_execute(&run, &entry, 1, &s->data, &s->topology, &listener, &interrupt_flag, e);
}
