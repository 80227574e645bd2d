/* SPDX-License-Identifier: MIT */
#include "doctor/kernel_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/topology.h"

enum { PATH_BYTES = 4096 };

bool kernel_line(const char *root, const char *name, char *line, size_t size)
{
    char path[PATH_BYTES];
    line[0] = 0;
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "re");
    if (!f) return false;
    const bool read = fgets(line, (int)size, f) != NULL;
    fclose(f);
    line[strcspn(line, "\n")] = 0;
    return read;
}

bool kernel_number(const char *root, const char *name, long long *value)
{
    char line[64], *end;
    if (!kernel_line(root, name, line, sizeof line)) return false;
    *value = strtoll(line, &end, 10);
    return end != line;
}

int kernel_cpu_list(const char *text, int *cpus, int most)
{
    int n = 0, first, last, length;
    while (sscanf(text, "%d%n", &first, &length) == 1) {
        text += length;
        last = first;
        if (*text == '-' && sscanf(text, "-%d%n", &last, &length) == 1) text += length;
        for (int cpu = first; cpu <= last && n < most; cpu++) cpus[n++] = cpu;
        if (*text != ',') break;
        text++;
    }
    return n;
}

long long kernel_throttle_events(const char *sys)
{
    static const char *const names[] = {"core_throttle_count", "package_throttle_count"};
    char name[128];
    long long events = -1, count;
    for (int cpu = 0; cpu < TOPOLOGY_MAX_PLACES; cpu++)
        for (int i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "devices/system/cpu/cpu%d/thermal_throttle/%s", cpu, names[i]);
            if (kernel_number(sys, name, &count)) events = (events < 0 ? 0 : events) + count;
        }
    return events;
}

static bool contains(const int *cpus, int count, int cpu)
{
    for (int i = 0; i < count; i++)
        if (cpus[i] == cpu) return true;
    return false;
}

int kernel_siblings(const char *sys, const int *cpus, int count, int *siblings, int most)
{
    char name[128], line[256];
    int n = 0, core[64];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/topology/thread_siblings_list", cpus[i]);
        if (!kernel_line(sys, name, line, sizeof line)) continue;
        const int m = kernel_cpu_list(line, core, 64);
        for (int j = 0; j < m && n < most; j++)
            if (!contains(cpus, count, core[j]) && !contains(siblings, n, core[j])) siblings[n++] = core[j];
    }
    return n;
}
