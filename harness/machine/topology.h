/* SPDX-License-Identifier: MIT
 *
 * Threads, places and caches, from hwloc, the allowed cpuset and the cgroup's CPU quota. */
#ifndef LB_TOPOLOGY_H
#define LB_TOPOLOGY_H

#include <stddef.h>

#include "base/error.h"

enum { TOPOLOGY_MAX_PLACES = 1024 };

struct topology {
    int packages, cores, pus;        /* of the whole machine */
    int allowed_pus, allowed_cores;  /* inside the cpuset of this process */
    double quota_cpus;               /* cgroup quota in CPUs; 0 = none */
    int default_threads;             /* min(allowed cores, ceil of quota), >= 1 */
    int places[TOPOLOGY_MAX_PLACES]; /* OS index of the PU for thread i: distinct cores first, then siblings
                                      */
    int places_count;
    size_t l1d_bytes, l2_bytes, l3_bytes; /* 0 = unknown */
    int l3_sharing_cores;                 /* cores below one L3; 0 = unknown */
    int numa_nodes;
    char hwloc_version[32];
};

/* Reads the machine once. 0 or an error (EXIT_INTERNAL). */
int topology_read(struct topology *t, struct error *e);

/* Binds the calling thread and the whole OpenMP team of that many threads, thread i to places[i % count].
 * bound, if not NULL, receives 1 when every binding succeeded. */
void topology_bind_team(const struct topology *t, int threads, int *bound);

/* The topology as hwloc XML, to be freed with free(); *xml is NULL when hwloc cannot say. 0, or -1 when out
 * of memory. */
int topology_xml(char **xml);

#endif
