/* SPDX-License-Identifier: MIT
 *
 * Threads, places and caches, from hwloc, the allowed cpuset and the cgroup's CPU quota. */
#ifndef LB_TOPOLOGY_H
#define LB_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { TOPOLOGY_MAX_PLACES = 1024, TOPOLOGY_MAX_KINDS = 4 };

/* Cores that are alike, as far as this process may use them. */
struct core_kind {
    char name[32]; /* "IntelCore", "IntelAtom"; "" if unknown */
    int cores, pus;
};

struct topology {
    int packages, cores, pus;                   /* of the whole machine */
    int allowed_pus, allowed_cores;             /* inside the cpuset of this process */
    struct core_kind kinds[TOPOLOGY_MAX_KINDS]; /* the fastest first; one, unless the CPU is a hybrid */
    int kinds_count;
    double quota_cpus;   /* cgroup quota in CPUs; 0 = none */
    int default_threads; /* min(cores of the first kind, ceil of quota), >= 1 */
    /* OS index of the PU for thread i. Kind after kind, because a team of unlike cores waits for its slowest;
     * within a kind distinct cores first, then siblings. Cores follow each other as hwloc numbers them: those
     * that share a cache, then those of the NUMA node, then the next node's. So a team fills one cache and
     one node before it uses another, and neighbours in a team, which share hidden units, are close together.
     */
    int places[TOPOLOGY_MAX_PLACES];
    int places_count;
    bool unbindable; /* a sandbox forbids threads to choose their CPUs, or to be told which they have */
    size_t l1d_bytes, l2_bytes, l3_bytes; /* 0 = unknown */
    int l3_sharing_cores;                 /* cores below one L3; 0 = unknown */
    int numa_nodes;
    char hwloc_version[32];
    int description_ignored; /* 1: HWLOC_XMLFILE, HWLOC_SYNTHETIC or the like describe another machine */
};

/* Reads this machine once, even if the environment describes another one to hwloc. 0 or an error
 * (EXIT_INTERNAL). */
int topology_read(struct topology *t, struct error *e);

/* The same from what hwloc has loaded, of this machine or not. */
struct hwloc_topology;
int topology_describe(struct topology *t, struct hwloc_topology *h, struct error *e);

/* PUs of the kind that places begin with: a larger team has cores of several kinds, or shares PUs. */
int topology_kind_pus(const struct topology *t);

/* Why a team of that many threads has less than a core of the fastest kind for each, or "". */
void topology_team_warning(const struct topology *t, int threads, char *text, size_t size);

/* The team that OpenMP makes of so many threads: OMP_THREAD_LIMIT may allow fewer. */
int topology_team_size(int threads);

/* Binds the calling thread and the whole OpenMP team of that many threads, thread i to places[i]. Threads
 * that outnumber the places share them with their neighbours, places[i * count / threads], whose data lie
 * next to theirs: an epoch of avx512 with 64 threads on two cores takes 0.53 s, and 0.58 with i % count.
 * bound, if not NULL, receives 1 when every binding succeeded. */
void topology_bind_team(const struct topology *t, int threads, int *bound);

/* Lets the calling thread, and whatever threads it starts from then on, run on all places of a team of that
 * many threads. 1 on success. */
int topology_spread_self(const struct topology *t, int threads);

/* The topology as hwloc XML, to be freed with free(); *xml is NULL when hwloc cannot say. 0, or -1 when out
 * of memory. */
int topology_xml(char **xml);

#endif
