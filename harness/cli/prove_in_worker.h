/* SPDX-License-Identifier: MIT */
#ifndef LB_PROVE_IN_WORKER_H
#define LB_PROVE_IN_WORKER_H

#include "cli/session.h"

/* Proves one backend in a worker process and prints on stderr what failed there. EXIT_OK, EXIT_PROOF when it
 * was not proven, crashed or could not be opened, EXIT_INTERRUPTED, or e's code. */
int prove_in_worker(const struct session *s, const struct registry_entry *entry, struct error *e);

#endif
