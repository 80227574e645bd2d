/* SPDX-License-Identifier: MIT */
#include "machine/cgroup.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* One mounted hierarchy that can limit CPU time. */
struct hierarchy {
    bool v2;
    char root[PATH_SIZE];  /* the group that the mount point shows: "/" unless a container sees only its own
                              part */
    char mount[PATH_SIZE]; /* where it is mounted */
};

/* Whether a comma-separated list has this word. */
static bool has_word(const char *list, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == 0 || at[n] == '\n')) return true;
    return false;
}

/* Takes apart one line of mountinfo: "id parent dev root mount options [optional...] - type source options".
 */
static bool parse_mount(char *line, struct hierarchy *h)
{
    char type[32], super[1024];
    char *dash = strstr(line, " - ");
    if (!dash || sscanf(line, "%*s %*s %*s %4095s %4095s", h->root, h->mount) != 2) return false;
    if (sscanf(dash + 3, "%31s %*s %1023s", type, super) != 2) return false;
    h->v2 = strcmp(type, "cgroup2") == 0;
    return h->v2 || (strcmp(type, "cgroup") == 0 && has_word(super, "cpu"));
}

/* The process's group within a hierarchy, from lines "id:controllers:/group"; v2 is "0::/group". */
static bool own_group(const char *cgroup_file, bool v2, char *group, size_t size)
{
    FILE *f = fopen(cgroup_file, "re");
    char line[PATH_SIZE + 256];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) continue;
        *path = 0;
        found = v2 ? strcmp(line, "0:") == 0 : has_word(controllers + 1, "cpu");
        if (found) snprintf(group, size, "%s", path + 1);
    }
    if (f) fclose(f);
    return found;
}

/* The first two fields of a file; false when it cannot be read or is empty. */
static bool read_fields(const char *dir, const char *name, char first[32], char second[32])
{
    char path[2 * PATH_SIZE + 64];
    first[0] = second[0] = 0;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (!f) return false;
    const int n = fscanf(f, "%31s %31s", first, second);
    fclose(f);
    return n >= 1;
}

/* quota / period of one group; 0 = no limit ("max" in v2, -1 in v1). */
static double group_quota(const char *dir, bool v2)
{
    char quota[32], period[32], unused[32];
    const bool known = v2 ? read_fields(dir, "cpu.max", quota, period)
                          : read_fields(dir, "cpu.cfs_quota_us", quota, unused) &&
                                read_fields(dir, "cpu.cfs_period_us", period, unused);
    const double q = known ? strtod(quota, NULL) : 0.0, p = known ? strtod(period, NULL) : 0.0;
    return q > 0.0 && p > 0.0 ? q / p : 0.0;
}

/* Time that one group was held back; NAN when it does not say. */
static double group_throttled(const char *dir, bool v2)
{
    char path[2 * PATH_SIZE + 64], line[128];
    unsigned long long count;
    double seconds = NAN;
    snprintf(path, sizeof path, "%s/cpu.stat", dir);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, v2 ? "throttled_usec %llu" : "throttled_time %llu", &count) == 1)
            seconds = (double)count * (v2 ? 1e-6 : 1e-9);
    if (f) fclose(f);
    return seconds;
}

/* The smaller one of two limits, of which 0 is none. */
static double smaller(double a, double b)
{
    return b > 0.0 && (a <= 0.0 || b < a) ? b : a;
}

/* The sum of two times, of which NAN is not known. */
static double sum_of_known(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : a + b;
}

/* What is asked of each group, and how the answers come together. */
struct question {
    double (*ask)(const char *dir, bool v2);
    double (*join)(double a, double b);
    double nothing; /* the answer before any group */
};

/* From the process's own group up to the mount point. */
static double ask_hierarchy(const struct hierarchy *h, const char *group, const struct question *q)
{
    char dir[2 * PATH_SIZE];
    const size_t root = strcmp(h->root, "/") == 0 ? 0 : strlen(h->root), mount = strlen(h->mount);
    /* A group outside of what is mounted cannot be looked at; the mount point's own limit still holds. */
    const bool below = strncmp(group, h->root, root) == 0 && (group[root] == '/' || group[root] == 0);
    snprintf(dir, sizeof dir, "%s%s", h->mount, below ? group + root : "");
    double answer = q->nothing;
    for (;;) {
        answer = q->join(answer, q->ask(dir, h->v2));
        char *slash = strrchr(dir, '/');
        if (!slash || strlen(dir) <= mount) return answer;
        *slash = 0;
    }
}

static double ask_groups(const char *cgroup_file, const char *mountinfo_file, const struct question *q)
{
    char *line = NULL;
    size_t size = 0;
    double answer = q->nothing;
    FILE *f = fopen(mountinfo_file, "re");
    while (f && getline(&line, &size, f) > 0) {
        struct hierarchy h;
        char group[PATH_SIZE];
        if (parse_mount(line, &h) && own_group(cgroup_file, h.v2, group, sizeof group))
            answer = q->join(answer, ask_hierarchy(&h, group, q));
    }
    free(line);
    if (f) fclose(f);
    return answer;
}

double cgroup_quota_cpus(const char *cgroup_file, const char *mountinfo_file)
{
    static const struct question quota = {group_quota, smaller, 0.0};
    return ask_groups(cgroup_file, mountinfo_file, &quota);
}

double cgroup_throttled_seconds(const char *cgroup_file, const char *mountinfo_file)
{
    static const struct question throttled = {group_throttled, sum_of_known, NAN};
    return ask_groups(cgroup_file, mountinfo_file, &throttled);
}
