/* SPDX-License-Identifier: MIT */
#include "run/turn_noise.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "roof/llc.h"

/* Half of the difference in time that bench ab ignores by default. All threads wait for the slowest one at
 * every step, so that what any of them loses may count in full. */
static const double noisy_share = 0.01;

/* A page read from disk, between a solid-state one (0.1 ms) and one that turns (10 ms). */
static const double fault_seconds = 1e-3;

/* The shortest slice of time that the scheduler gives to what runs instead: what a switch costs at least, for
 * kernels that do not count the time itself. */
static const double switch_seconds = 0.75e-3;

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* Time in run queues of all threads of this process: the second number of each one's schedstat, in
 * nanoseconds. NAN where the kernel does not count it. */
static double wait_seconds(void)
{
    double seconds = NAN;
    DIR *threads = opendir("/proc/self/task");
    for (struct dirent *d; threads && (d = readdir(threads));) {
        char path[320];
        unsigned long long waited;
        if (d->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", d->d_name);
        FILE *f = fopen(path, "re");
        if (!f) continue;
        if (fscanf(f, "%*u %llu", &waited) == 1)
            seconds = (isnan(seconds) ? 0 : seconds) + 1e-9 * (double)waited;
        fclose(f);
    }
    if (threads) closedir(threads);
    return seconds;
}

static void look(struct turn_noise_start *now)
{
    struct rusage usage;
    now->has_cpu_time = cpu_time_read("/proc/stat", now->cpus, now->count, &now->cpu_time);
    now->wait_seconds = wait_seconds();
    getrusage(RUSAGE_SELF, &usage);
    now->cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    now->invol_ctx = usage.ru_nivcsw;
    now->vol_ctx = usage.ru_nvcsw;
    now->major_faults = usage.ru_majflt;
    now->seconds = clock_seconds();
}

void turn_noise_begin(struct turn_noise_start *start, const struct topology *t, int threads)
{
    start->cpus = t->places;
    start->count = threads < t->places_count ? threads : t->places_count;
    look(start);
}

struct turn_noise turn_noise_end(const struct turn_noise_start *start)
{
    struct turn_noise_start end = {.cpus = start->cpus, .count = start->count};
    look(&end);
    const bool known = start->has_cpu_time && end.has_cpu_time;
    return (struct turn_noise){
        .seconds = end.seconds - start->seconds,
        .steal_ms = known ? 1e3 * (end.cpu_time.steal - start->cpu_time.steal) : NAN,
        .steal_floor_ms = 1e3 * start->count / (double)sysconf(_SC_CLK_TCK),
        .wait_ms = 1e3 * (end.wait_seconds - start->wait_seconds),
        .invol_ctx = end.invol_ctx - start->invol_ctx,
        .vol_ctx = end.vol_ctx - start->vol_ctx,
        .major_faults = end.major_faults - start->major_faults,
        .cpu_seconds = end.cpu_seconds - start->cpu_seconds,
        .llc_gbps = NAN,
    };
}

const char *turn_noise_cause(const struct turn_noise *n, double best_llc_gbps)
{
    static const char *const names[] = {"steal", "switches", "faults"};
    /* NAN compares as not above; half a millisecond to spare: ticks are not exact as floating point. */
    const double costs[] = {
        n->steal_ms > n->steal_floor_ms + 0.5 ? 1e-3 * n->steal_ms : 0.0,
        isnan(n->wait_ms) ? switch_seconds * (double)n->invol_ctx : 1e-3 * n->wait_ms,
        fault_seconds * (double)n->major_faults,
    };
    int most = 0;
    for (int i = 1; i < 3; i++)
        if (costs[i] > costs[most]) most = i;
    if (costs[most] > noisy_share * n->seconds) return names[most];
    return llc_is_low(n->llc_gbps, best_llc_gbps) ? "cache" : "";
}
