/* SPDX-License-Identifier: MIT */
#include "cli/prove_in_worker.h"

#include "cli/interrupt.h"
#include "cli/proof_view.h"
#include "cli/reproduce.h"
#include "run/run.h"

static void on_row(void *context, const struct registry_entry *entry, const struct proof_row *row)
{
    proof_view_row(context, entry, row);
}

static void on_proven(void *context, const struct registry_entry *entry, const struct proof_verdict *verdict,
                      double seconds)
{
    (void)entry, (void)seconds;
    proof_view_end(context, verdict->composed_skipped != 0);
}

static void on_failed(void *context, const struct registry_entry *entry, enum contender_outcome outcome,
                      const char *reason, const char *case_text)
{
    struct proof_view *view = context;
    proof_view_end(view, false);
    if (outcome == OUTCOME_INTERRUPTED) return;
    fprintf(stderr, "bench: %s: %s, not timed: %s\n", entry->name,
            outcome == OUTCOME_CRASHED      ? "crashed"
            : outcome == OUTCOME_NOT_OPENED ? "cannot be opened"
                                            : "proof failed",
            reason); /* no --case here */
    reproduce_print_command(stderr, view->options, entry, case_text);
}

int prove_in_worker(const struct session *s, const struct registry_entry *entry, struct error *e)
{
    const struct options *o = s->options;
    const struct run_options run = {.plan = s->plan,
                                    .seed = o->seed,
                                    .prove_only = true,
                                    .allow_deviation = o->allow_deviation != NULL,
                                    .timeout = o->timeout};
    struct proof_view view;
    const struct run_listener listener = {
        .context = &view, .proof_row = on_row, .proven = on_proven, .failed = on_failed};
    proof_view_open(&view, stderr, o, PROOF_FAILURES_ONLY);
    return run_execute(&run, &entry, 1, &s->data, &s->topology, &listener, &interrupt_flag, e);
}
