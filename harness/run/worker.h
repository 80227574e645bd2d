/* SPDX-License-Identifier: MIT
 *
 * The worker's side of a run. */
#ifndef LB_WORKER_H
#define LB_WORKER_H

#include "backends/registry.h"
#include "proof/prove.h"

/* What a worker works with; tests of the turns bring their own. */
struct worker_parts {
    const struct registry_entry *(*lookup)(const char *spec, struct error *e); /* NULL and e: there is none */
    int (*prove)(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                 const struct proof_options *options, struct proof_verdict *verdict, struct error *e);
    const char *(*current_case)(void); /* as proof_current_case */
};

/* The last three arguments are descriptors: socket, shared page, data (-1 = none). Opens the backend of the
 * first message, proves it, and trains it epoch by epoch as told; refuses to train what it has not proven.
 * Returns the process's exit code. */
int worker_serve(int argc, char **argv, const struct worker_parts *parts);

/* The body of the hidden subcommand `bench worker`: serves the parent on the given descriptor until told to
 * end, with the registry's backends and the proof. Returns the exit code of the process. */
int worker_main(int argc, char **argv);

#endif
