/* SPDX-License-Identifier: MIT */
#include "run/witness.h"

#include <cpuid.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <x86intrin.h>

/* The counter's rate is taken over all the time since the first reading, so it gets more exact as the run
 * goes on. */
static struct {
    double seconds;
    uint64_t ticks;
} origin;

/* Seconds of a clock, or -1. */
static double kernel_clock(clockid_t clock)
{
    struct timespec t = {0, 0};
    long result = SYS_clock_gettime;
    __asm__ volatile("syscall" : "+a"(result) : "D"((long)clock), "S"(&t) : "rcx", "r11", "memory");
    return result == 0 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec : -1.0;
}

double witness_seconds(void)
{
    return kernel_clock(CLOCK_MONOTONIC_RAW);
}

bool witness_has_counter(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && d & 1u << 8;
}

/* CPU time of another process, all threads together. */
static double cpu_seconds(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? kernel_clock(clock) : -1.0;
}

/* Seconds that the first thread of a process was ready to run and did not; 0 where the kernel does not count.
 */
static double delay_seconds(const char *path)
{
    unsigned long long ran, waited = 0;
    FILE *f = fopen(path, "re");
    if (!f) return 0.0;
    if (fscanf(f, "%llu %llu", &ran, &waited) != 2) waited = 0;
    fclose(f);
    return 1e-9 * (double)waited;
}

static double both_delays(pid_t worker)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)worker);
    return delay_seconds(path) + delay_seconds("/proc/self/schedstat");
}

static int count_tasks(pid_t pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    if (!d) return 0;
    for (const struct dirent *entry; (entry = readdir(d)) != NULL;) count += entry->d_name[0] != '.';
    closedir(d);
    return count;
}

static uint64_t set_origin(void)
{
    const uint64_t ticks = __rdtsc();
    if (origin.ticks) return ticks;
    origin.ticks = ticks;
    origin.seconds = witness_seconds();
    return ticks;
}

void witness_begin(struct witness *w, pid_t worker)
{
    set_origin();
    *w = (struct witness){.worker = worker, .delay = both_delays(worker)};
    w->start = witness_seconds();
    w->cpu = cpu_seconds(worker); /* last here and first below: it covers no more than the seconds */
}

void witness_end(const struct witness *w, struct testimony *t)
{
    const double cpu = cpu_seconds(w->worker), end = witness_seconds();
    const uint64_t ticks = __rdtsc();
    *t = (struct testimony){
        .seconds = end - w->start,
        .delays = both_delays(w->worker) - w->delay + w->busy,
        .away = w->away,
        .cpu_seconds = cpu >= 0.0 && w->cpu >= 0.0 ? cpu - w->cpu : -1.0,
        .tasks = count_tasks(w->worker),
    };
    if (witness_has_counter() && end > origin.seconds)
        t->ticks_per_second = (double)(ticks - origin.ticks) / (end - origin.seconds);
}
