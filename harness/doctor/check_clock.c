/* SPDX-License-Identifier: MIT
 *
 * What changes how fast the cores run, or how time is measured. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/kernel_files.h"

/* Less than this is what the few readings of the clock scatter by on a machine at rest. */
static const double min_clock_change = 0.01;

void check_clock_speed(const struct machine_state *p, struct finding *f)
{
    const double *ghz = p->probe.ghz;
    int slowest = 0, fastest = 0, measured = 0;
    for (int i = 0; i < ISA_TIER_COUNT; i++) {
        if (!(ghz[i] > 0)) continue;
        measured++;
        if (ghz[i] < ghz[slowest]) slowest = i;
        if (ghz[i] > ghz[fastest]) fastest = i;
    }
    const double change = measured ? 1 - ghz[slowest] / ghz[fastest] : NAN;
    if (FINDING_SEEN(p, change) && change > min_clock_change) {
        f->state = FINDING_WARNING;
        FINDING_SAY(f->cause, "%.2f GHz at work with %s vectors, %.2f GHz with %s", ghz[fastest],
                    isa_tier_name((enum isa_tier)fastest), ghz[slowest],
                    isa_tier_name((enum isa_tier)slowest));
        FINDING_SAY(f->effect, "%.1f %% fewer cycles a second with %s", 100 * change,
                    isa_tier_name((enum isa_tier)slowest));
        FINDING_SAY(f->advice, "compare share_of_peak of epochs.csv as well as seconds: the peak is measured "
                               "at the clock of each backend's own vectors");
        return;
    }
    f->state = measured > 1 ? FINDING_FINE : FINDING_UNKNOWN;
    if (measured > 1)
        FINDING_SAY(f->cause, "%.2f to %.2f GHz at work with vectors of %d ISAs", ghz[slowest], ghz[fastest],
                    measured);
    else
        FINDING_SAY(f->cause, "there is only one ISA here");
}

/* A word of a line such as the flags of /proc/cpuinfo. */
static bool has_flag(const char *line, const char *flag)
{
    const size_t n = strlen(flag);
    for (const char *at = line; (at = strstr(at, flag)); at += n)
        if (at > line && (at[-1] == ' ' || at[-1] == '\t') && (at[n] == ' ' || at[n] == '\n' || !at[n]))
            return true;
    return false;
}

/* 1: the time stamp counter runs at one speed at all times; 0: not; -1: the kernel does not say. */
static int is_invariant(const char *proc)
{
    char path[4096], line[8192];
    int answer = -1;
    snprintf(path, sizeof path, "%s/cpuinfo", proc);
    FILE *f = fopen(path, "re");
    while (f && answer < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, "flags", 5) == 0)
            answer = has_flag(line, "constant_tsc") && has_flag(line, "nonstop_tsc");
    if (f) fclose(f);
    return answer;
}

void check_clock_source(const struct machine_state *p, struct finding *f)
{
    /* Those that read the time stamp counter, by itself or with a hypervisor's factors. */
    static const char *const good[] = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "xen"};
    char source[64];
    const int invariant = is_invariant(p->proc);
    if (!kernel_line(p->sys, "devices/system/clocksource/clocksource0/current_clocksource", source,
                     sizeof source)) {
        f->state = FINDING_UNKNOWN;
        FINDING_SAY(f->cause, "the kernel does not say which clock it uses");
        return;
    }
    bool is_good = false;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) is_good |= strcmp(source, good[i]) == 0;
    FINDING_SAY(f->effect, "reading the clock takes %.0f ns", 1e9 * p->probe.clock_seconds);
    if (is_good && invariant) {
        f->state = FINDING_FINE;
        FINDING_SAY(f->cause, "%s%s", source, invariant < 0 ? "" : ", invariant");
        return;
    }
    /* A clock that runs unevenly falsifies what this program would judge it by: no effect can excuse it. */
    f->state = FINDING_WARNING;
    FINDING_SAY(f->cause, "%s%s", source,
                is_good ? ", but the CPU lacks constant_tsc or nonstop_tsc: the speed of its counter varies"
                        : " is slow to read");
    FINDING_SAY(f->advice, "cat /sys/devices/system/clocksource/clocksource0/available_clocksource; dmesg | "
                           "grep -i -e tsc -e clocksource    # why the kernel gave up tsc");
}

void check_throttling(const struct machine_state *p, struct finding *f)
{
    const long long events = p->probe.throttle_events;
    f->state = events < 0 ? FINDING_UNKNOWN : events > 0 ? FINDING_WARNING : FINDING_FINE;
    if (events < 0) {
        FINDING_SAY(f->cause, "the kernel does not say how often heat or power limits slowed the CPUs down");
        return;
    }
    FINDING_SAY(f->cause, "slowed down by heat or power limits %lld times since boot",
                p->probe.throttle_events_before + events);
    FINDING_SAY(f->effect, "%lld of them during this probe", events);
    if (events > 0)
        FINDING_SAY(f->advice, "better cooling, or a fixed lower clock: sudo cpupower frequency-set -u 2GHz");
}

void check_governor(const struct machine_state *p, struct finding *f)
{
    char name[128], governor[64];
    snprintf(name, sizeof name, "devices/system/cpu/cpu%d/cpufreq/scaling_governor", p->topology->places[0]);
    const double slower = p->probe.slower_after_rest;
    FINDING_SAY(f->effect, "work starts %.1f %% slower after 20 ms idle", 100 * fmax(slower, 0));
    if (!kernel_line(p->sys, name, governor, sizeof governor)) {
        f->state = FINDING_UNKNOWN;
        FINDING_SAY(f->cause, "the kernel does not say what sets the clock speed");
        return;
    }
    const bool idle_is_slow = strcmp(governor, "performance") != 0 && FINDING_SEEN(p, slower);
    f->state = idle_is_slow ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->cause, "%s", governor);
    if (idle_is_slow) FINDING_SAY(f->advice, "sudo cpupower frequency-set -g performance");
}

/* 1 on, 0 off, -1 unknown. */
static int turbo_of(const char *sys, const char **switch_off)
{
    long long value;
    if (kernel_number(sys, "devices/system/cpu/intel_pstate/no_turbo", &value)) {
        *switch_off = "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo";
        return value == 0;
    }
    *switch_off = "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost";
    return kernel_number(sys, "devices/system/cpu/cpufreq/boost", &value) ? value != 0 : -1;
}

void check_turbo(const struct machine_state *p, struct finding *f)
{
    const char *switch_off;
    const int turbo = turbo_of(p->sys, &switch_off);
    const double single = p->probe.ghz_single, team = p->probe.ghz[TIER_BASELINE];
    const double slower = single > 0 ? 1 - team / single : NAN;
    FINDING_SAY(f->effect, "%.2f GHz with one thread at work, %.2f with %d", single, team, p->probe.threads);
    const bool seen = turbo == 1 && FINDING_SEEN(p, slower) && slower > min_clock_change;
    f->state = turbo < 0 ? FINDING_UNKNOWN : seen ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->cause, turbo < 0    ? "the kernel does not say whether cores may exceed their base clock"
                          : turbo == 1 ? "on: the clock depends on how many cores work, and on heat"
                                       : "off");
    if (seen) FINDING_SAY(f->advice, "%s    # a steadier, lower clock", switch_off);
}

/* The deepest state that is not switched off: its name, and the microseconds that it takes to leave it; -1
 * when the kernel does not say. */
static long long deepest_state(const char *sys, int cpu, char *state, size_t size)
{
    char name[128], text[64];
    long long deepest = -1, latency, off;
    for (int i = 0; i < 16; i++) {
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/cpuidle/state%d/disable", cpu, i);
        if (kernel_number(sys, name, &off) && off) continue;
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/cpuidle/state%d/latency", cpu, i);
        if (!kernel_number(sys, name, &latency) || latency < deepest) continue;
        deepest = latency;
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/cpuidle/state%d/name", cpu, i);
        kernel_line(sys, name, text, sizeof text);
        snprintf(state, size, "%s", text);
    }
    return deepest;
}

void check_idle_states(const struct machine_state *p, struct finding *f)
{
    char state[64];
    const long long latency = deepest_state(p->sys, p->topology->places[0], state, sizeof state);
    FINDING_SAY(f->effect,
                "a sleeping thread wakes %.0f us late; one piece of the probe's work takes %.0f us",
                1e6 * p->probe.wake_seconds, 1e6 * p->probe.piece_median);
    if (latency < 0) {
        f->state = FINDING_UNKNOWN;
        FINDING_SAY(f->cause, "the kernel does not say how deep idle cores sleep");
        return;
    }
    /* Waking takes a few microseconds on any machine. */
    const bool seen = latency > 10 && FINDING_SEEN(p, p->probe.wake_seconds / p->probe.piece_median);
    f->state = seen ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->cause, "the deepest is %s, which takes %lld us to leave", state, latency);
    if (seen) FINDING_SAY(f->advice, "sudo cpupower idle-set -D 10    # undo: sudo cpupower idle-set -E");
}
