/* SPDX-License-Identifier: MIT */
#include "roof/memory_available.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { PATH_BYTES = 4096 };

/* The number after a word at the start of a line; the whole file is one number when word is "". */
static bool read_number(const char *path, const char *word, unsigned long long *value)
{
    char line[256];
    bool found = false;
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(line, sizeof line, f))
        found = strncmp(line, word, strlen(word)) == 0 && sscanf(line + strlen(word), "%llu", value) == 1;
    if (f) fclose(f);
    return found;
}

/* Files of one group; `cache` is file memory that the kernel gives back when asked. */
struct names {
    const char *limit, *usage, *cache;
};

static size_t smaller(size_t a, unsigned long long b)
{
    return b < a ? (size_t)b : a;
}

static size_t group_available(const char *dir, const struct names *n)
{
    char path[PATH_BYTES + 64];
    unsigned long long limit, usage = 0, cache = 0;
    snprintf(path, sizeof path, "%s/%s", dir, n->limit);
    if (!read_number(path, "", &limit)) return SIZE_MAX; /* also "max" */
    snprintf(path, sizeof path, "%s/%s", dir, n->usage);
    read_number(path, "", &usage);
    snprintf(path, sizeof path, "%s/memory.stat", dir);
    read_number(path, n->cache, &cache);
    const unsigned long long held = usage > cache ? usage - cache : 0;
    return limit > held ? smaller(SIZE_MAX, limit - held) : 0;
}

/* From the group up to the mount point. A group that is not visible there, as in a container, is passed
 * over. */
static size_t groups_available(const char *mount, const char *group, const struct names *n)
{
    char dir[PATH_BYTES];
    size_t available = SIZE_MAX;
    if (snprintf(dir, sizeof dir, "%s%s", mount, group) >= (int)sizeof dir) return available;
    for (;;) {
        available = smaller(available, group_available(dir, n));
        char *slash = strrchr(dir, '/');
        if (strlen(dir) <= strlen(mount) || !slash) return available;
        *slash = 0;
    }
}

static size_t cgroup_available(const char *cgroup_file, const char *mount)
{
    static const struct names v2 = {"memory.max", "memory.current", "inactive_file "},
                              v1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "};
    char line[PATH_BYTES], v1_mount[PATH_BYTES];
    size_t available = SIZE_MAX;
    snprintf(v1_mount, sizeof v1_mount, "%s/memory", mount);
    FILE *f = fopen(cgroup_file, "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        const char *memory = strstr(line, ":memory:");
        if (strncmp(line, "0::", 3) == 0)
            available = smaller(available, groups_available(mount, line + 3, &v2));
        if (memory)
            available = smaller(available, groups_available(v1_mount, memory + strlen(":memory:"), &v1));
    }
    if (f) fclose(f);
    return available;
}

static size_t address_space_available(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
    return smaller(SIZE_MAX, limit.rlim_cur);
}

size_t memory_available(const char *meminfo_file, const char *cgroup_file, const char *cgroup_mount)
{
    unsigned long long kibibytes;
    size_t available = cgroup_available(cgroup_file, cgroup_mount);
    if (read_number(meminfo_file, "MemAvailable:", &kibibytes))
        available = smaller(available, kibibytes * 1024);
    return smaller(available, address_space_available());
}

size_t memory_available_here(void)
{
    return memory_available("/proc/meminfo", "/proc/self/cgroup", "/sys/fs/cgroup");
}
