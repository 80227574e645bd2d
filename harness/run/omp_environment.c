/* SPDX-License-Identifier: MIT */
#include "run/omp_environment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/library_env.h"

extern char **environ;

#ifdef __clang__
static const bool runtime_is_libgomp = false;
#else
static const bool runtime_is_libgomp = true;
#endif

/* "OMP_PLACES={0},{2},...", thread i on places[i]; NULL when out of memory. For teams larger than --threads
 * the list goes round: libgomp (seen in GCC 12.2 and 14.2) that has more threads than places counts some of
 * them 2^32 times once a smaller team follows, takes the CPUs for overcommitted from then on, and lets
 * threads sleep at every barrier instead of spinning. Behind them the places that no team takes: what a
 * process finds allowed when it reads the topology again are the places that its runtime has. */
static char *places_variable(const struct topology *topology, int threads)
{
    const int teams = threads > LARGEST_TEAM ? threads : LARGEST_TEAM;
    const int count = teams + topology->places_count - threads;
    const size_t size = 16 + 16 * (size_t)count;
    char *text = malloc(size);
    size_t used = text ? (size_t)snprintf(text, size, "OMP_PLACES=") : 0;
    for (int i = 0; text && i < count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s{%d}", i ? "," : "",
                                 topology->places[i < teams ? i % threads : threads + i - teams]);
    return text;
}

static char *number_variable(const char *name, int value)
{
    char *text = NULL;
    return asprintf(&text, "%s=%d", name, value) < 0 ? NULL : text;
}

void omp_environment_free(char **env)
{
    for (char **v = env; v && *v; v++) free(*v);
    free(env);
}

/* The caller's environment less all OpenMP variables, whose settings must not reach into the measurement,
 * plus ours:
 * - Where the runtime is libgomp, it places its threads where topology_bind_team binds them. It ends threads
 * when a team is smaller than the one before and makes new ones for the next; these would otherwise inherit
 * the binding of the thread that made them, and share its core. libomp keeps its threads; and where a library
 * brings libgomp into the same process, that one's binding of the first thread would hide the other CPUs from
 * libomp. Where binding is forbidden, libgomp would not start a thread that it shall place.
 * - Threads spin for some milliseconds (GOMP_SPINCOUNT, the default of libgomp; KMP_BLOCKTIME for libomp),
 * much longer than any gap within a step, then sleep. Threads that outnumber the places sleep at once,
 * because one that spins keeps another from its work: an epoch of avx512 with 64 threads on two cores, 1.03
 * -> 0.93 s. OMP_WAIT_POLICY stays unset: "active" would burn a cgroup's quota through every serial stretch,
 * "passive" would pay a wake-up for each op. Off turn a worker is stopped anyway. */
char **omp_environment(int threads, const struct topology *topology)
{
    enum { OURS = 6 };
    size_t count = 0, n = 0;
    while (environ[count]) count++;
    char **env = calloc(count + OURS + 1, sizeof *env);
    if (!env) return NULL;
    const int places = topology->places_count;
    const bool crowded = places > 0 && threads > places;
    const bool placed = runtime_is_libgomp && threads <= places && !topology->unbindable;
    char *const ours[OURS] = {
        number_variable("OMP_NUM_THREADS", threads),
        strdup("OMP_DYNAMIC=false"),
        strdup(placed ? "OMP_PROC_BIND=close" : "OMP_PROC_BIND=false"),
        strdup(crowded ? "GOMP_SPINCOUNT=0" : "GOMP_SPINCOUNT=300000"),
        strdup(crowded ? "KMP_BLOCKTIME=0" : "KMP_BLOCKTIME=5"),
        placed ? places_variable(topology, threads) : strdup("OMP_MAX_ACTIVE_LEVELS=1"),
    };
    bool complete = true;
    for (size_t i = 0; i < OURS; i++) {
        complete = complete && ours[i];
        if (ours[i]) env[n++] = ours[i];
    }
    for (size_t i = 0; complete && i < count; i++) {
        if (library_env_is_openmp(environ[i])) continue;
        complete = (env[n] = strdup(environ[i])) != NULL;
        n += complete;
    }
    if (complete) return env;
    omp_environment_free(env);
    return NULL;
}

void omp_environment_cpus(const struct topology *topology, cpu_set_t *cpus)
{
    CPU_ZERO(cpus);
    for (int i = 0; i < topology->places_count; i++)
        if (topology->places[i] < CPU_SETSIZE) CPU_SET((size_t)topology->places[i], cpus);
}
