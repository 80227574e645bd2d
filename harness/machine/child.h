/* SPDX-License-Identifier: MIT
 *
 * A child process for foreign code: it leads a session of its own, dies with this process, is given so many
 * seconds, and takes with it what it has started. */
#ifndef LB_CHILD_H
#define LB_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "machine/offspring.h"

/* As fork(): 0 in the child, where only async-signal-safe functions were called; in the parent the child's
 * id, or -1 with errno. SIGCHLD gets its default action, because otherwise the kernel does not report how the
 * child ended. */
pid_t child_fork(void);

/* Waits up to `seconds` for the end of the child. Returns whether it came; the child is not collected yet. */
bool child_await(pid_t child, double seconds);

/* Waits for the end of the child, which has ended or been killed, and collects it. Ends what it has left
 * behind, adds that to `left`, and names it on stderr as left by `whose`. Returns the status, as waitpid()
 * does. */
int child_collect(pid_t child, const char *whose, struct offspring *left);

#endif
