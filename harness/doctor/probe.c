/* SPDX-License-Identifier: MIT */
#include "doctor/probe.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "doctor/kernel_files.h"
#include "machine/cgroup.h"
#include "machine/other_load.h"
#include "roof/bandwidth.h"
#include "roof/llc.h"
#include "stats/interval.h"
#include "stats/order.h"

/* Pieces of work of each thread: 1.5 s of half a millisecond each, in stretches of 30 ms. */
enum { PIECES = 3000, STRETCH = 60, STRETCHES = PIECES / STRETCH, MIN_PIECES = INTERVAL_MIN * STRETCH };
static const double piece_seconds = 0.0005, max_seconds = 2.5;

/* The accounting of CPU time has ticks of 10 ms: over 2 s a share below this is none. */
static const double min_visible = 0.005;

enum {
    RESTS = 12,
    WAKES = 200,
    CLOCK_READS = 2000,
    CLOCK_ROUNDS = 4,
    CLOCK_SAMPLES = 800,
    SAMPLES = 3,
    LLC_PROBES = 20
};

/* ---- Fixed work ---- */

static double fixed_work(long steps)
{
    return roof_loops(TIER_BASELINE)->multiply_add(steps);
}

/* Steps of about so many seconds: the fastest of a few, because a slow one was disturbed. */
static long steps_of(double seconds)
{
    enum { TRIAL = 20000 };
    double best = INFINITY, used = 0;
    for (int i = 0; i < 20; i++) {
        const double start = clock_seconds();
        used += fixed_work(TRIAL);
        best = fmin(best, clock_seconds() - start);
    }
    const double steps = TRIAL * seconds / fmax(best, 1e-9);
    return used > 0 && steps > 1 ? (long)steps : 1;
}

static double time_piece(long steps, double *used)
{
    const double start = clock_seconds();
    *used += fixed_work(steps);
    return clock_seconds() - start;
}

/* times[thread][piece]. Returns how many pieces each thread has done: on a busy machine fewer than PIECES. */
static int work_together(double *times, long steps, int threads)
{
    double used = 0;
    int done = PIECES;
#pragma omp parallel num_threads(threads) reduction(+ : used) reduction(min : done)
    {
        double *mine = times + (size_t)omp_get_thread_num() * PIECES;
        const double end = clock_seconds() + max_seconds;
        int i = 0;
        while (i < PIECES && (i < MIN_PIECES || clock_seconds() < end)) mine[i++] = time_piece(steps, &used);
        done = i;
    }
    return used > 0 ? done : 0; /* always positive, as every loop's result is */
}

/* A stretch's figure is the sum of all threads' times in it. */
static void judge_stretches(struct probe *p, const double *times, int count)
{
    double stretches[STRETCHES];
    for (int s = 0; s < count; s++) {
        stretches[s] = 0;
        for (int i = 0; i < p->threads; i++)
            for (int j = 0; j < STRETCH; j++) stretches[s] += times[(size_t)i * PIECES + s * STRETCH + j];
    }
    sort_values(stretches, count);
    const struct interval around = median_interval(stretches, count, 1);
    const double median = median_sorted(stretches, count);
    p->visible = fmax(0.5 * (around.high - around.low) / median, min_visible);
    p->stretch_p95 = quantile_sorted(stretches, count, 0.95) / median - 1;
}

static void measure_pieces(struct probe *p, double *times, long steps)
{
    const int done = work_together(times, steps, p->threads);
    judge_stretches(p, times, done / STRETCH);
    for (int i = 1; i < p->threads; i++)
        memmove(times + (size_t)i * done, times + (size_t)i * PIECES, done * sizeof *times);
    p->pieces = p->threads * done;
    sort_values(times, p->pieces);
    p->piece_median = median_sorted(times, p->pieces);
    p->piece_p95 = quantile_sorted(times, p->pieces, 0.95);
    p->piece_worst = times[p->pieces - 1];
}

/* ---- Rest ---- */

static void rest(long nanoseconds)
{
    const struct timespec t = {0, nanoseconds};
    nanosleep(&t, NULL);
}

/* Every thread sleeps by itself, because the runtime's barriers spin. */
static void measure_after_rest(struct probe *p, double *times, long steps)
{
    double used = 0;
#pragma omp parallel num_threads(p->threads) reduction(+ : used)
    {
        double *mine = times + (size_t)omp_get_thread_num() * RESTS;
        for (int i = 0; i < RESTS; i++) {
            rest(20000000);
            mine[i] = time_piece(steps, &used);
        }
    }
    p->slower_after_rest = used > 0 ? median_of(times, p->threads * RESTS) / p->piece_median - 1 : NAN;
}

/* Without the timer's slack, which the kernel adds to every sleep on purpose. */
static void measure_wake(struct probe *p, double *times)
{
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (int i = 0; i < WAKES; i++) {
        const double start = clock_seconds();
        rest(200000);
        times[i] = clock_seconds() - start - 200e-6;
    }
    prctl(PR_SET_TIMERSLACK, 0UL);
    p->wake_seconds = median_of(times, WAKES);
    const double start = clock_seconds();
    for (int i = 0; i < CLOCK_READS; i++) (void)clock_seconds();
    p->clock_seconds = (clock_seconds() - start) / CLOCK_READS;
}

/* ---- The clock ---- */

/* A chain of multiplications, each of which waits for the one before: three cycles each on every x86-64 since
 * 2008 from Intel and since Zen from AMD. */
enum { CHAIN = 2000, CYCLES_PER_LINK = 3 };

static double chain_seconds(void)
{
    uint64_t x = 3, factor = 5;
    const double start = clock_seconds();
    for (int i = 0; i < CHAIN / 10; i++)
        __asm__ volatile("imul %1, %0\n\timul %1, %0\n\timul %1, %0\n\timul %1, %0\n\timul %1, %0\n\t"
                         "imul %1, %0\n\timul %1, %0\n\timul %1, %0\n\timul %1, %0\n\timul %1, %0"
                         : "+r"(x)
                         : "r"(factor)
                         : "cc");
    return clock_seconds() - start;
}

/* GHz while the team is at this ISA's multiply-adds: between stretches of about 40 us of them, the chain is
 * timed. The clock that wide vectors lower stays low for longer than that. */
static double clock_under(enum isa_tier tier, int threads, double *times)
{
    const struct roof_loops *loops = roof_loops(tier);
    double used = 0;
#pragma omp parallel num_threads(threads) reduction(+ : used)
    {
        double *mine = times + (size_t)omp_get_thread_num() * CLOCK_SAMPLES;
        for (int i = 0; i < CLOCK_SAMPLES; i++) {
            used += loops->multiply_add(8192);
            mine[i] = chain_seconds();
        }
    }
    const double seconds = median_of(times, threads * CLOCK_SAMPLES);
    return used > 0 ? CHAIN * (double)CYCLES_PER_LINK / seconds * 1e-9 : NAN;
}

/* ISAs take turns, so that a slow second hits all of them. */
static void measure_clock(struct probe *p, uint32_t isa, double *times)
{
    double rounds[ISA_TIER_COUNT + 1][CLOCK_ROUNDS];
    const enum isa_tier widest = isa_tier_widest(isa);
    for (int r = 0; r < CLOCK_ROUNDS; r++) {
        for (int i = 0; i <= (int)widest; i++)
            rounds[i][r] = clock_under((enum isa_tier)i, p->threads, times);
        rounds[ISA_TIER_COUNT][r] = clock_under(TIER_BASELINE, 1, times);
    }
    for (int i = 0; i <= (int)widest; i++) p->ghz[i] = median_of(rounds[i], CLOCK_ROUNDS);
    p->ghz_single = median_of(rounds[ISA_TIER_COUNT], CLOCK_ROUNDS);
}

/* ---- Subnormals ---- */

/* Seconds of x * 0.9, many of which are under way at a time. */
static double multiply_seconds(float x)
{
    enum { MULTIPLICATIONS = 20000 };
    const float factor = 0.9f;
    const double start = clock_seconds();
    for (int i = 0; i < MULTIPLICATIONS; i++) {
        float y = x;
        __asm__ volatile("mulss %1, %0" : "+x"(y) : "x"(factor));
    }
    return (clock_seconds() - start) / MULTIPLICATIONS;
}

static void measure_subnormals(struct probe *p)
{
    enum { TRIES = 7 };
    double normal[TRIES], subnormal[TRIES];
    for (int i = 0; i < TRIES; i++) {
        normal[i] = multiply_seconds(1.0f);
        subnormal[i] = multiply_seconds(0x1p-130f);
    }
    p->multiply_seconds = median_of(normal, TRIES);
    p->multiply_subnormal_seconds = median_of(subnormal, TRIES);
}

/* ---- The last-level cache ---- */

/* About 5 ms each, and a rest between two of them: others come and go. */
static void measure_llc(struct probe *p, const struct topology *t, uint32_t isa)
{
    struct llc_probe llc;
    double gbps[LLC_PROBES];
    p->llc_best = NAN;
    llc_probe_open(&llc, t, p->threads, isa);
    for (int i = 0; i < LLC_PROBES && llc.bytes; i++) {
        gbps[p->llc_probes++] = llc_probe_gbps(&llc);
        p->llc_best = fmax(p->llc_best, gbps[i]);
        rest(10000000);
    }
    for (int i = 0; i < p->llc_probes; i++) p->llc_low += llc_is_low(gbps[i], p->llc_best);
    llc_probe_close(&llc);
}

/* ---- The system's counters ---- */

struct counters {
    double throttled;
    struct load_reading places;
    bool has_siblings;
    struct cpu_time siblings;
    long long throttle_events;
    long major_faults;
};

struct places {
    const char *proc, *sys;
    const int *cpus;
    int count; /* distinct ones */
    int siblings[TOPOLOGY_MAX_PLACES], sibling_count;
};

static void read_counters(struct counters *c, const struct places *at)
{
    char stat[4096], cgroup[4096], mounts[4096];
    struct rusage usage;
    snprintf(stat, sizeof stat, "%s/stat", at->proc);
    snprintf(cgroup, sizeof cgroup, "%s/self/cgroup", at->proc);
    snprintf(mounts, sizeof mounts, "%s/self/mountinfo", at->proc);
    c->has_siblings = cpu_time_read(stat, at->siblings, at->sibling_count, &c->siblings);
    c->throttled = cgroup_throttled_seconds(cgroup, mounts);
    c->throttle_events = kernel_throttle_events(at->sys);
    getrusage(RUSAGE_SELF, &usage);
    c->major_faults = usage.ru_majflt;
    load_read(&c->places, stat, at->cpus, at->count);
}

static double share(double part, double whole)
{
    return fmin(fmax(part / whole, 0.0), 1.0);
}

static void compare_counters(struct probe *p, const struct counters *a, const struct counters *b,
                             const struct places *at)
{
    const struct other_load load = load_between(&a->places, &b->places, at->count);
    p->seconds = b->places.seconds - a->places.seconds;
    p->steal = load.steal;
    p->others = load.others;
    p->sibling_count = at->sibling_count;
    p->siblings = a->has_siblings && b->has_siblings
                      ? share(b->siblings.busy - a->siblings.busy, p->seconds * at->sibling_count)
                      : NAN;
    p->throttled = (b->throttled - a->throttled) / p->seconds;
    p->throttle_events_before = a->throttle_events;
    p->throttle_events = a->throttle_events < 0 ? -1 : b->throttle_events - a->throttle_events;
    p->major_faults = b->major_faults - a->major_faults;
}

/* Threads that are running or want to, without this one; NAN when the kernel does not say. After a rest,
 * since the team's threads spin for a while when a loop has ended: for 200 ms where the runtime is LLVM's. */
static double look_at_load(const char *proc)
{
    char line[128];
    int runnable;
    rest(250000000);
    if (!kernel_line(proc, "loadavg", line, sizeof line) || sscanf(line, "%*f %*f %*f %d/", &runnable) != 1)
        return NAN;
    return runnable > 1 ? runnable - 1 : 0;
}

/* ---- All of it ---- */

int probe_measure(struct probe *p, const char *proc, const char *sys, const struct topology *t, int threads,
                  uint32_t isa, struct error *e)
{
    static struct places at; /* large */
    struct counters before, after;
    omp_set_dynamic(0);
    threads = topology_team_size(threads);
    double *times = calloc((size_t)threads * PIECES, sizeof *times), samples[SAMPLES];
    if (!times) return error_set(e, EXIT_INTERNAL, "out of memory");
    *p = (struct probe){.threads = threads};
    at = (struct places){.proc = proc, .sys = sys, .cpus = t->places};
    at.count = threads < t->places_count ? threads : t->places_count;
    at.sibling_count = kernel_siblings(sys, at.cpus, at.count, at.siblings, TOPOLOGY_MAX_PLACES);
    topology_bind_team(t, threads, NULL);
    read_counters(&before, &at);
    samples[0] = look_at_load(proc);
    const long steps = steps_of(piece_seconds);
    measure_pieces(p, times, steps);
    samples[1] = look_at_load(proc);
    measure_after_rest(p, times, steps);
    measure_wake(p, times);
    measure_clock(p, isa, times);
    measure_subnormals(p);
    measure_llc(p, t, isa);
    samples[2] = look_at_load(proc);
    read_counters(&after, &at);
    compare_counters(p, &before, &after, &at);
    p->runnable = (samples[0] + samples[1] + samples[2]) / SAMPLES;
    free(times);
    return 0;
}
