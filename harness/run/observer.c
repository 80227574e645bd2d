/* SPDX-License-Identifier: MIT */
#include "run/observer.h"

#include <cpuid.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

struct reading { /* of CLOCK_MONOTONIC_RAW and of the counter, at the same time */
    double seconds;
    uint64_t ticks;
};

/* The counter's rate is taken over all the time since this one, so it becomes more exact during the run. */
static struct reading first_reading;

/* Seconds of a clock, or -1. */
static double kernel_clock(clockid_t clock)
{
    struct timespec t = {0, 0};
    long result = SYS_clock_gettime;
    __asm__ volatile("syscall" : "+a"(result) : "D"((long)clock), "S"(&t) : "rcx", "r11", "memory");
    return result == 0 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec : -1.0;
}

double observer_seconds(void)
{
    return kernel_clock(CLOCK_MONOTONIC_RAW);
}

/* Whether the time stamp counter runs at one rate whatever the CPU does (CPUID's invariant TSC). */
static bool has_steady_counter(void)
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

/* A small file of the kernel's, without an allocation that could fail; "" when it cannot be read. */
static const char *read_line(const char *path, char *text, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd >= 0 ? read(fd, text, size - 1) : -1;
    if (fd >= 0) close(fd);
    text[length > 0 ? length : 0] = 0;
    return text;
}

/* Seconds that the first thread of a process was ready to run and did not; 0 where the kernel does not count.
 */
static double delay_seconds(const char *path)
{
    char text[128];
    unsigned long long ran, waited;
    return sscanf(read_line(path, text, sizeof text), "%llu %llu", &ran, &waited) == 2 ? 1e-9 * (double)waited
                                                                                       : 0.0;
}

static double both_delays(pid_t worker)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)worker);
    return delay_seconds(path) + delay_seconds("/proc/self/schedstat");
}

/* Field 20 of proc(5)'s stat: the 18th after the name in brackets. */
static int count_tasks(pid_t pid)
{
    char path[64], text[1024];
    int count;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    const char *after = strrchr(read_line(path, text, sizeof text), ')');
    if (!after) return 0;
    return sscanf(after, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d",
                  &count) == 1
               ? count
               : 0;
}

/* From statm, in pages, and smaps_rollup, which counts exactly: the kernel's quick sum may be off by some
 * pages for each CPU. */
static void read_memory(pid_t pid, struct observation *t)
{
    char path[64], text[512];
    unsigned long long resident, data, kib;
    const double page_mb = 1e-6 * (double)sysconf(_SC_PAGESIZE);
    t->rss_mb = t->data_mb = -1.0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (sscanf(read_line(path, text, sizeof text), "%*u %llu %*u %*u %*u %llu", &resident, &data) == 2) {
        t->rss_mb = (double)resident * page_mb;
        t->data_mb = (double)data * page_mb;
    }
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    const char *rss = strstr(read_line(path, text, sizeof text), "\nRss:");
    if (rss && sscanf(rss, "\nRss: %llu kB", &kib) == 1) t->rss_mb = (double)kib * 1024e-6;
}

/* The first number of each thread's schedstat, in nanoseconds; all 0 where the kernel does not count. */
static void read_tasks(pid_t pid, struct task_times *t)
{
    char path[320], text[128];
    unsigned long long ran;
    t->count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    for (struct dirent *d; tasks && t->count < OBSERVER_TASKS && (d = readdir(tasks));) {
        if (d->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, d->d_name);
        if (sscanf(read_line(path, text, sizeof text), "%llu", &ran) != 1) continue;
        t->of[t->count].task = atoi(d->d_name);
        t->of[t->count++].seconds = 1e-9 * (double)ran;
    }
    if (tasks) closedir(tasks);
}

/* Of a thread of `end` since `start`, in which a new one is not. */
static double worked(const struct task_times *start, const struct task_times *end, int i)
{
    for (int j = 0; j < start->count; j++)
        if (start->of[j].task == end->of[i].task) return end->of[i].seconds - start->of[j].seconds;
    return end->of[i].seconds;
}

/* The first thread, and those that worked more than half as long. It is a member of every team, so that teams
 * of two runtimes that take turns (a library's and this program's) are never both busy for more than half of
 * its time. A thread beyond the teams may well work longer than the first one. The kernel may count a running
 * thread's time at its next tick only. */
static int count_busy(pid_t pid, const struct task_times *start, const struct task_times *end)
{
    static const double tick = 0.01;
    double first = 0.0;
    int busy = 0;
    for (int i = 0; i < end->count; i++)
        if (end->of[i].task == pid) first = worked(start, end, i);
    for (int i = 0; i < end->count; i++)
        busy += end->of[i].task != pid && worked(start, end, i) > 0.5 * first + tick;
    return first > 0.0 ? 1 + busy : 0;
}

/* Of some tries, the one in which nothing came between: a process that is set aside there would see two
 * times. */
static struct reading read_both(void)
{
    enum { TRIES = 16 };
    struct reading best = {0.0, 0};
    uint64_t gap = UINT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        const uint64_t before = __rdtsc();
        const double seconds = observer_seconds();
        const uint64_t apart = __rdtsc() - before;
        if (apart >= gap) continue;
        gap = apart;
        best = (struct reading){seconds, before + apart / 2};
    }
    return best;
}

void observer_prepare(void)
{
    if (!first_reading.ticks) first_reading = read_both();
}

void observer_begin(struct observer *w, pid_t worker)
{
    observer_prepare();
    *w = (struct observer){.worker = worker, .delay = both_delays(worker)};
    read_tasks(worker, &w->tasks);
    w->start = observer_seconds();
    w->cpu = cpu_seconds(worker); /* last here and first below: it covers no more than the seconds */
}

void observer_end(const struct observer *w, struct observation *t)
{
    const double cpu = cpu_seconds(w->worker), end = observer_seconds();
    const struct reading now = read_both();
    struct task_times tasks;
    read_tasks(w->worker, &tasks);
    *t = (struct observation){
        .seconds = end - w->start,
        .delays = both_delays(w->worker) - w->delay + w->busy,
        .away = w->away,
        .cpu_seconds = cpu >= 0.0 && w->cpu >= 0.0 ? cpu - w->cpu : -1.0,
        .tasks = count_tasks(w->worker),
        .busy = count_busy(w->worker, &w->tasks, &tasks),
    };
    read_memory(w->worker, t);
    if (has_steady_counter() && now.seconds > first_reading.seconds)
        t->ticks_per_second =
            (double)(now.ticks - first_reading.ticks) / (now.seconds - first_reading.seconds);
}
