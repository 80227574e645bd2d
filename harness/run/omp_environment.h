/* SPDX-License-Identifier: MIT
 *
 * What a process that measures with a team of threads must find when it starts: runtimes read their variables
 * only then. */
#ifndef LB_OMP_ENVIRONMENT_H
#define LB_OMP_ENVIRONMENT_H

#include <sched.h>

#include "machine/topology.h"
#include "proof/determinism.h"

/* No team is larger, unless --threads is: the proof's largest. */
enum { LARGEST_TEAM = DETERMINISM_LARGEST_TEAM };

/* The caller's environment with OpenMP settings for `threads` threads, thread i on places[i], instead of the
 * caller's own. Free with omp_environment_free; NULL when out of memory. */
char **omp_environment(int threads, const struct topology *topology);

void omp_environment_free(char **env);

/* All places: a binding of the process that makes another must not narrow the other one's runtime. */
void omp_environment_cpus(const struct topology *topology, cpu_set_t *cpus);

#endif
