/* SPDX-License-Identifier: MIT */
#include "cli/team.h"

#include <omp.h>

void team_bind(const struct session *s)
{
    int bound = 0;
    omp_set_dynamic(0);
    omp_set_num_threads(s->plan.threads);
    topology_bind_team(&s->topology, s->plan.threads, &bound);
    if (!bound && !s->options->quiet) fputs("warning: the threads could not be bound to cores\n", stderr);
}
