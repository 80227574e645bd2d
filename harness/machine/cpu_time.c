/* SPDX-License-Identifier: MIT */
#include "machine/cpu_time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_wanted(int cpu, const int *cpus, int count)
{
    for (int i = 0; i < count; i++)
        if (cpus[i] == cpu) return true;
    return false;
}

/* One line "cpuN user nice system idle iowait irq softirq steal ..."; kernels before 2.6.11 end sooner. */
static bool add_line(const char *line, const int *cpus, int count, double seconds_per_tick,
                     struct cpu_time *t)
{
    unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
    int cpu;
    if (line[3] == ' ') return false; /* the sum over all CPUs */
    const int n = sscanf(line, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, &user, &nice, &system,
                         &idle, &wait, &irq, &softirq, &steal);
    if (n < 8 || !is_wanted(cpu, cpus, count)) return false;
    t->busy += (double)(user + nice + system + irq + softirq) * seconds_per_tick;
    t->steal += n == 9 ? (double)steal * seconds_per_tick : NAN;
    return true;
}

bool cpu_time_read(const char *stat_file, const int *cpus, int count, struct cpu_time *t)
{
    char line[512];
    const double seconds_per_tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    int found = 0;
    *t = (struct cpu_time){0};
    FILE *f = fopen(stat_file, "re");
    /* The CPUs' lines come first; later ones can be long. */
    while (f && fgets(line, sizeof line, f) && strncmp(line, "cpu", 3) == 0)
        found += add_line(line, cpus, count, seconds_per_tick, t);
    if (f) fclose(f);
    return count > 0 && found == count;
}
