/* SPDX-License-Identifier: MIT
 *
 * A sweep: a folder whose points are ordinary runs, one for each combination of threads, batch and hidden. */
#ifndef LB_SWEEP_H
#define LB_SWEEP_H

#include "cli/commands.h"

/* A new sweep over o->grid. Returns the exit code: the worst of its points' by exit_code_worst(). */
int sweep_run(const struct options *o, const struct invocation *words, struct error *e);

/* Goes on with the sweep of this folder: points that went to their end stay, the others are resumed or run.
 */
int sweep_resume(const char *folder, const struct options *o, const struct invocation *words,
                 struct error *e);

#endif
