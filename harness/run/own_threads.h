/* SPDX-License-Identifier: MIT
 *
 * Threads that a backend or its library works with beside the OpenMP team: a pool of its own, another
 * runtime's team, or threads that come and go with each call. A contender with such threads is measured
 * differently. Thread 0, whose places such threads inherit, is not bound to one place; and the OpenMP team,
 * which works only between their calls, sleeps while it waits, because spinning would take their cores. */
#ifndef LB_OWN_THREADS_H
#define LB_OWN_THREADS_H

#include <stdbool.h>

#include "machine/topology.h"

/* Before anything of a backend is loaded or opened for that many threads: OpenMP is set to them, its team
 * bound, and the calling thread put on all of the team's places, for what the backend starts. bound as for
 * topology_bind_team. */
void own_threads_prepare(const struct topology *t, int team, int *bound);

/* Threads of this process before anything of the backend was loaded. */
struct own_threads {
    int before;
};

void own_threads_begin(struct own_threads *w, int team);

/* Whether there are more now, or some came and went during work(context), which may use the OpenMP team of
 * that size, or smaller ones. False where /proc does not tell. */
bool own_threads_found(const struct own_threads *w, int team, void (*work)(void *context), void *context);

/* Binds the team for a contender that has own threads or not, and says how it waits. bound as for
 * topology_bind_team. */
void own_threads_bind_team(const struct topology *t, int team, bool own, int *bound);

/* How the OpenMP team waits between its regions: asleep at once, or after spinning for some milliseconds. */
void own_threads_team_sleeps(bool asleep);

#endif
