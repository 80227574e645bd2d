/* SPDX-License-Identifier: MIT */
#include "cli/omp_reexec.h"

#include <errno.h>
#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own_program.h"
#include "cli/output.h"
#include "run/omp_environment.h"

/* The process that has started itself again, by its id: a program started from here does it again. */
static const char again[] = "LANEBENCH_TEAM_OF";

static bool has_started_again(void)
{
    const char *pid = getenv(again);
    return pid && strtol(pid, NULL, 10) == (long)getpid();
}

int team_start_again(const struct options *o, const struct invocation *invocation, struct error *e)
{
    static struct topology topology; /* large */
    char pid[24];
    cpu_set_t before, all;
    if (has_started_again()) return 0;
    /* What is closed now is replaced by /dev/null, and will not look closed again. */
    if (output_check(e) || topology_read(&topology, e)) return (int)e->code;
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    char **env = setenv(again, pid, 1) == 0
                     ? omp_environment(o->threads ? o->threads : topology.default_threads, &topology)
                     : NULL;
    char **const longer = env ? own_program_argv(invocation->argv) : NULL;
    if (!longer) return error_set(e, EXIT_INTERNAL, "out of memory");
    const bool known = sched_getaffinity(0, sizeof before, &before) == 0;
    omp_environment_cpus(&topology, &all);
    sched_setaffinity(0, sizeof all, &all);
    execve("/proc/self/exe", longer, env);
    const int reason = errno;
    if (known) sched_setaffinity(0, sizeof before, &before);
    free(longer);
    omp_environment_free(env);
    return error_set(e, EXIT_INTERNAL, "cannot restart with its OpenMP settings: %s; is /proc mounted?",
                     strerror(reason));
}

void team_bind(const struct session *s)
{
    int bound = 0;
    omp_set_dynamic(0);
    omp_set_num_threads(s->plan.threads);
    topology_bind_team(&s->topology, s->plan.threads, &bound);
    if (!bound && !s->options->quiet) fputs("warning: the threads could not be bound to cores\n", stderr);
}
