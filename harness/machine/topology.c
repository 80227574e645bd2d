/* SPDX-License-Identifier: MIT */
#include "machine/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "machine/cgroup.h"

extern char **environ;

/* False in a sandbox that forbids the question. */
static bool affinity_is_told(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ||
           errno == EINVAL; /* more CPUs than the set can hold */
}

/* Whether this thread may choose its CPUs: tried with those that it has. */
static bool affinity_is_free(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return affinity_is_told();
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

/* hwloc_topology_load() without hwloc's own messages, such as that about a missing /sys, unless the user asks
 * for them. topology.xml shows what hwloc saw. */
static int load_silently(hwloc_topology_t h)
{
    static const char variable[] = "HWLOC_HIDE_ERRORS";
    const bool told = getenv(variable);
    setenv(variable, "2", 0);
    const int result = hwloc_topology_load(h);
    if (!told) unsetenv(variable);
    return result;
}

/* The whole machine, not only what this process may use; NULL when hwloc fails. */
static hwloc_topology_t load_as_told(void)
{
    hwloc_topology_t h;
    if (hwloc_topology_init(&h) != 0) return NULL;
    /* The x86 component of hwloc retries for ever when it is refused an affinity. */
    if (!affinity_is_told())
        hwloc_topology_set_components(h, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
    if (hwloc_topology_set_flags(h, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) == 0 && load_silently(h) == 0)
        return h;
    hwloc_topology_destroy(h);
    return NULL;
}

/* Without the variables that tell hwloc what to see. They are hidden only meanwhile: libraries of a plug-in
 * may need them, and the record names them. */
static hwloc_topology_t load_untold(void)
{
    static const char prefix[] = "HWLOC_";
    char *hidden[64];
    size_t count = 0;
    for (char **v = environ; *v && count < sizeof hidden / sizeof *hidden; v++) {
        const size_t bytes = strlen(*v) + 1;
        if (strncmp(*v, prefix, sizeof prefix - 1) == 0) hidden[count++] = memcpy(xmalloc(bytes), *v, bytes);
    }
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr(hidden[i], '=');
        *equals = 0;
        unsetenv(hidden[i]);
    }
    hwloc_topology_t h = load_as_told();
    for (size_t i = 0; i < count; i++) {
        setenv(hidden[i], hidden[i] + strlen(hidden[i]) + 1, 1);
        free(hidden[i]);
    }
    return h;
}

/* HWLOC_XMLFILE, HWLOC_SYNTHETIC and their like describe a machine that is not there, whose CPUs no thread
 * can be bound to. hwloc knows which descriptions it takes for this machine's (HWLOC_THISSYSTEM). */
static hwloc_topology_t load(bool *ignored)
{
    hwloc_topology_t h = load_as_told();
    *ignored = !h || !hwloc_topology_is_thissystem(h);
    if (!*ignored) return h;
    if (h) hwloc_topology_destroy(h);
    return load_untold();
}

/* An OpenMP runtime that the user's environment told to bind has bound this thread already, to the first of
 * its places: adds all of them. */
static void add_openmp_places(hwloc_bitmap_t set)
{
    if (!getenv("OMP_PROC_BIND") && !getenv("OMP_PLACES") && !getenv("GOMP_CPU_AFFINITY")) return;
    for (int i = 0; i < omp_get_num_places(); i++) {
        const int n = omp_get_place_num_procs(i);
        int *pus = xmalloc((size_t)(n > 0 ? n : 0) * sizeof *pus);
        if (n > 0) omp_get_place_proc_ids(i, pus);
        for (int j = 0; j < n; j++) hwloc_bitmap_set(set, (unsigned)pus[j]);
        free(pus);
    }
}

/* PUs that this process may run on: the cpuset of its cgroup and its affinity. Free with hwloc_bitmap_free.
 */
static hwloc_bitmap_t allowed_set(hwloc_topology_t h)
{
    hwloc_bitmap_t set = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(h));
    hwloc_bitmap_t bound = hwloc_bitmap_alloc();
    if (set && bound && affinity_is_told() && hwloc_get_cpubind(h, bound, HWLOC_CPUBIND_PROCESS) == 0) {
        add_openmp_places(bound);
        if (hwloc_bitmap_intersects(set, bound)) hwloc_bitmap_and(set, set, bound);
    }
    hwloc_bitmap_free(bound);
    return set;
}

/* A machine whose cores are unknown has one per PU. */
static hwloc_obj_type_t core_type(hwloc_topology_t h)
{
    return hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
}

/* OS index of the n-th PU (from 0) of a core that is allowed, or -1. */
static int nth_allowed(hwloc_obj_t core, hwloc_const_bitmap_t allowed, int n)
{
    int pu = -1;
    do {
        pu = hwloc_bitmap_next(core->cpuset, pu);
    } while (pu >= 0 && (!hwloc_bitmap_isset(allowed, (unsigned)pu) || n-- > 0));
    return pu;
}

/* First PUs of all cores that have some in the set, then their second ones, and so on. How many cores. */
static int add_places(hwloc_topology_t h, hwloc_const_bitmap_t set, struct topology *t)
{
    bool found = true;
    int cores = 0;
    for (int n = 0; found; n++) {
        found = false;
        for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(h, core_type(h), core)) != NULL;) {
            const int pu = nth_allowed(core, set, n);
            if (pu < 0) continue;
            found = true;
            if (n == 0) cores++;
            if (t->places_count < TOPOLOGY_MAX_PLACES) t->places[t->places_count++] = pu;
        }
    }
    return cores;
}

/* One kind more, unless the set is empty. The last of too many takes in all that follow. */
static void add_kind(hwloc_topology_t h, hwloc_const_bitmap_t set, const char *name, struct topology *t)
{
    if (hwloc_bitmap_iszero(set)) return;
    const bool full = t->kinds_count == TOPOLOGY_MAX_KINDS;
    struct core_kind *kind = &t->kinds[full ? TOPOLOGY_MAX_KINDS - 1 : t->kinds_count++];
    if (!full) snprintf(kind->name, sizeof kind->name, "%s", name ? name : "");
    kind->pus += hwloc_bitmap_weight(set);
    kind->cores += add_places(h, set, t);
}

/* What vendors call a kind of cores ("IntelAtom"); NULL if unknown. */
static const char *kind_name(const struct hwloc_info_s *infos, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(infos[i].name, "CoreType") == 0) return infos[i].value;
    return NULL;
}

/* The PUs of each kind, the fastest first, as far as hwloc can rank them; then the rest. hwloc counts cores
 * whose maximal clock differs by a tenth at most as one kind. Empties the set. */
static void find_places(hwloc_topology_t h, hwloc_bitmap_t left, struct topology *t)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    for (int i = hwloc_cpukinds_get_nr(h, 0) - 1; set && i >= 0; i--) {
        struct hwloc_info_s *infos;
        unsigned count;
        int efficiency;
        if (hwloc_cpukinds_get_info(h, (unsigned)i, set, &efficiency, &count, &infos, 0) != 0) continue;
        if (efficiency < 0) continue; /* not ranked */
        hwloc_bitmap_and(set, set, left);
        hwloc_bitmap_andnot(left, left, set);
        add_kind(h, set, kind_name(infos, count), t);
    }
    add_kind(h, left, NULL, t);
    hwloc_bitmap_free(set);
    for (int i = 0; i < t->kinds_count; i++) t->allowed_cores += t->kinds[i].cores;
}

/* Caches above the first place: all places of its kind are taken to be alike. Where the operating system's
 * tables are missing, as in many containers, hwloc asks CPUID itself. */
static void find_caches(hwloc_topology_t h, struct topology *t)
{
    hwloc_obj_t at = t->places_count ? hwloc_get_pu_obj_by_os_index(h, (unsigned)t->places[0]) : NULL;
    for (; at; at = at->parent) {
        if (!hwloc_obj_type_is_dcache(at->type)) continue;
        const size_t bytes = (size_t)at->attr->cache.size;
        if (at->attr->cache.depth == 1) t->l1d_bytes = bytes;
        if (at->attr->cache.depth == 2) t->l2_bytes = bytes;
        if (at->attr->cache.depth != 3) continue;
        t->l3_bytes = bytes;
        t->l3_sharing_cores = hwloc_get_nbobjs_inside_cpuset_by_type(h, at->cpuset, core_type(h));
    }
}

static int default_threads(const struct topology *t)
{
    int threads = t->kinds_count ? t->kinds[0].cores : 0;
    if (t->quota_cpus > 0.0 && ceil(t->quota_cpus) < threads) threads = (int)ceil(t->quota_cpus);
    return threads > 1 ? threads : 1;
}

static void find_version(hwloc_topology_t h, struct topology *t)
{
    const char *release = hwloc_obj_get_info_by_name(hwloc_get_root_obj(h), "hwlocVersion");
    const unsigned api = hwloc_get_api_version(); /* 0x00MMmmpp */
    if (release)
        snprintf(t->hwloc_version, sizeof t->hwloc_version, "%s", release);
    else
        snprintf(t->hwloc_version, sizeof t->hwloc_version, "%u.%u.%u", api >> 16, api >> 8 & 255, api & 255);
}

int topology_describe(struct topology *t, hwloc_topology_t h, struct error *e)
{
    memset(t, 0, sizeof *t);
    hwloc_bitmap_t allowed = allowed_set(h);
    if (allowed) {
        t->packages = hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_PACKAGE);
        t->cores = hwloc_get_nbobjs_by_type(h, core_type(h));
        t->pus = hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_PU);
        t->numa_nodes = hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_NUMANODE);
        t->allowed_pus = hwloc_bitmap_weight(allowed);
        t->quota_cpus = cgroup_quota_cpus("/proc/self/cgroup", "/proc/self/mountinfo");
        t->unbindable = !affinity_is_free();
        find_places(h, allowed, t);
        find_caches(h, t);
        find_version(h, t);
        t->default_threads = default_threads(t);
    }
    hwloc_bitmap_free(allowed);
    if (!t->places_count)
        return error_set(e, EXIT_INTERNAL,
                         "hwloc finds no CPU that this process may run on; try lstopo --restrict binding");
    return 0;
}

int topology_read(struct topology *t, struct error *e)
{
    bool ignored;
    hwloc_topology_t h = load(&ignored);
    if (!h) return error_set(e, EXIT_INTERNAL, "hwloc cannot read this machine's topology; try lstopo");
    const int code = topology_describe(t, h, e);
    t->description_ignored = ignored;
    hwloc_topology_destroy(h);
    return code;
}

int topology_kind_pus(const struct topology *t)
{
    return t->kinds_count ? t->kinds[0].pus : t->allowed_pus;
}

void topology_team_warning(const struct topology *t, int threads, char *text, size_t size)
{
    text[0] = 0;
    if (threads > t->allowed_pus)
        snprintf(text, size, "%d threads on %d allowed CPUs wait for each other; the timings mean little",
                 threads, t->allowed_pus);
    else if (threads > topology_kind_pus(t))
        snprintf(text, size, "%d threads on cores of several kinds: the fast ones wait for the slow ones",
                 threads);
    else if (t->kinds_count && threads > t->kinds[0].cores)
        snprintf(text, size, "%d threads on %d physical cores: two threads of a core share its multipliers",
                 threads, t->kinds[0].cores);
}

/* The calling thread to some PUs. 1 on success. sched_setaffinity itself, since a call of hwloc would have
 * every worker read the whole machine again only to bind to numbers that are known. */
static int bind_self(const int *pus, int count)
{
    int last = 0;
    for (int i = 0; i < count; i++)
        if (pus[i] > last) last = pus[i];
    cpu_set_t *set = CPU_ALLOC((size_t)last + 1);
    if (!set) return 0;
    const size_t size = CPU_ALLOC_SIZE((size_t)last + 1);
    CPU_ZERO_S(size, set);
    for (int i = 0; i < count; i++) CPU_SET_S((size_t)pus[i], size, set);
    const int bound = sched_setaffinity(0, size, set) == 0;
    CPU_FREE(set);
    return bound;
}

int topology_spread_self(const struct topology *t, int threads)
{
    return bind_self(t->places, threads < t->places_count ? threads : t->places_count);
}

int topology_team_size(int threads)
{
    int size = 1;
#pragma omp parallel num_threads(threads)
#pragma omp single
    size = omp_get_num_threads();
    return size;
}

static const int *place_of(const struct topology *t, int thread, int threads)
{
    const int place = threads > t->places_count ? (int)((int64_t)thread * t->places_count / threads) : thread;
    return &t->places[place];
}

void topology_bind_team(const struct topology *t, int threads, int *bound)
{
    int succeeded = 0;
    if (t->places_count > 0) {
#pragma omp parallel num_threads(threads) reduction(+ : succeeded)
        succeeded += bind_self(place_of(t, omp_get_thread_num(), threads), 1);
    }
    if (bound) *bound = succeeded == threads;
}

int topology_xml(char **xml)
{
    bool ignored;
    hwloc_topology_t h = load(&ignored);
    char *buffer = NULL;
    int length = 0, code = 0;
    *xml = NULL;
    if (!h) return 0;
    if (hwloc_topology_export_xmlbuffer(h, &buffer, &length, 0) == 0) {
        *xml = strdup(buffer);
        code = *xml ? 0 : -1;
        hwloc_free_xmlbuffer(h, buffer);
    }
    hwloc_topology_destroy(h);
    return code;
}
