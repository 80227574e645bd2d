/* SPDX-License-Identifier: MIT */
#ifndef LB_OMP_REEXEC_H
#define LB_OMP_REEXEC_H

#include "cli/session.h"

/* For the commands that measure in this process and not in a training worker: starts the program again, once,
 * with the OpenMP environment that a worker gets. Without that, threads that the proof created for teams of
 * other sizes would run where the user's settings put them, or, without any, where the first thread runs.
 * Returns in the new start, or with an error. */
int team_start_again(const struct options *o, const struct invocation *invocation, struct error *e);

/* For the commands that call ops in this process: gives OpenMP the session's number of threads and binds each
 * to its place. Says on stderr when that fails. */
void team_bind(const struct session *s);

#endif
