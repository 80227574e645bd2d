/* SPDX-License-Identifier: MIT
 *
 * The checks of bench doctor: each is seen to warn and not to warn, and to say so where it does not know. The
 * files of the kernel are written by the test; the probe's figures are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <sys/stat.h>

#include "doctor/checks.h"
#include "doctor/doctor.h"
#include "doctor/kernel_files.h"
#include "machine/cgroup.h"
#include "machine/cpu_time.h"

static char root[64];
static struct topology topology;
static const char *const no_variables[] = {"HOME=/", "XOMP_NUM_THREADS=1", NULL};

/* A file below the root, and the directories above it. */
static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s, (void)type, (void)at;
    return remove(path);
}

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/lanebench-doctor-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A machine at rest of which the kernel says nothing. */
static struct machine_state calm(void)
{
    topology = (struct topology){.cores = 2, .allowed_pus = 2, .places = {0, 1}, .places_count = 2};
    return (struct machine_state){.proc = root,
                                  .sys = root,
                                  .topology = &topology,
                                  .threads = 2,
                                  .build_type = "release",
                                  .build_flags = "-std=c17 -O3",
                                  .environment = no_variables,
                                  .memory_available = (size_t)8 << 30,
                                  .openmp_threads = 2,
                                  .probe = {.threads = 2,
                                            .seconds = 4,
                                            .pieces = 6000,
                                            .piece_median = 500e-6,
                                            .piece_p95 = 505e-6,
                                            .piece_worst = 600e-6,
                                            .visible = 0.01,
                                            .ghz = {3, 3, 3},
                                            .ghz_single = 3,
                                            .wake_seconds = 40e-6,
                                            .clock_seconds = 25e-9,
                                            .multiply_seconds = 0.5e-9,
                                            .multiply_subnormal_seconds = 1.5e-9,
                                            .llc_best = 100,
                                            .llc_probes = 20,
                                            .throttle_events = -1,
                                            .throttled = NAN}};
}

static struct finding find(const struct machine_state *p, const char *code)
{
    struct finding all[DOCTOR_MAX];
    const int n = doctor_examine(p, all);
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].code, code) == 0) return all[i];
    fail_msg("no check %s", code);
    return all[0];
}

/* The state, and what goes with it: a cause always, effect and advice with a warning. */
static void expect(const struct machine_state *p, const char *code, enum finding_state state,
                   const char *message)
{
    const struct finding f = find(p, code);
    if (f.state != state)
        fail_msg("%s: %s instead of %s: %s; %s", code, finding_state_name(f.state), finding_state_name(state),
                 f.cause, f.effect);
    assert_true(f.cause[0]);
    if (!strstr(f.cause, message) && !strstr(f.effect, message) && !strstr(f.advice, message))
        fail_msg("%s: no '%s' in: %s; %s; %s", code, message, f.cause, f.effect, f.advice);
    if (state == FINDING_WARNING) assert_true(f.effect[0] && f.advice[0]);
    if (state == FINDING_FINE) assert_false(f.advice[0]);
}

static void test_codes_differ(void **state)
{
    struct finding all[DOCTOR_MAX];
    const struct machine_state p = calm();
    (void)state;
    const int n = doctor_examine(&p, all);
    assert_true(n > 10);
    for (int i = 1; i < n; i++) assert_true(strcmp(all[i - 1].code, all[i].code) < 0);
    for (int i = 0; i < n; i++) assert_int_not_equal(all[i].state, FINDING_WARNING);
}

static void test_clock_speed(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W01", FINDING_FINE, "3.00");
    p.probe.visible = 0.005;
    p.probe.ghz[TIER_AVX512] = 2.98; /* what few readings scatter by */
    expect(&p, "W01", FINDING_FINE, "2.98");
    p.probe.visible = 0.01;
    p.probe.ghz[TIER_AVX512] = 2.6;
    expect(&p, "W01", FINDING_WARNING, "13.3 % fewer cycles a second with avx512");
    p.probe.visible = 0.2; /* beyond what the probe can see */
    expect(&p, "W01", FINDING_FINE, "2.60");
    p.probe.ghz[TIER_AVX2] = p.probe.ghz[TIER_AVX512] = 0;
    expect(&p, "W01", FINDING_UNKNOWN, "only one ISA");
}

static void test_contention(void **state)
{
    struct machine_state p = calm();
    (void)state;
    p.probe.others = 0.009;
    expect(&p, "W02", FINDING_FINE, "0.9 %");
    p.probe.others = 0.4;
    p.probe.runnable = 1.5;
    expect(&p, "W02", FINDING_WARNING, "1.5 other threads");
    p.probe.visible = 0.6; /* the scatter that the others make does not hide them */
    expect(&p, "W02", FINDING_WARNING, "40.0 %");
    p.probe.visible = 0.01;
    p.probe.others = NAN;
    expect(&p, "W02", FINDING_UNKNOWN, "does not say");
    expect(&p, "W03", FINDING_FINE, "no other hardware threads");
    p.probe.sibling_count = 2;
    expect(&p, "W03", FINDING_FINE, "0.0 %");
    p.probe.siblings = 0.3;
    expect(&p, "W03", FINDING_WARNING, "30.0 %");
    p.probe.siblings = NAN;
    expect(&p, "W03", FINDING_UNKNOWN, "share the cores");
    expect(&p, "W04", FINDING_FINE, "no hypervisor");
    p.hypervisor = "KVM";
    expect(&p, "W04", FINDING_FINE, "KVM");
    p.probe.steal = 0.02;
    expect(&p, "W04", FINDING_WARNING, "2.0 %");
    p.probe.steal = NAN;
    expect(&p, "W04", FINDING_UNKNOWN, "does not say how much time it takes");
    expect(&p, "W20", FINDING_FINE, "+1.0 %");
    p.probe.stretch_p95 = 0.03;
    expect(&p, "W20", FINDING_WARNING, "at least 3.0 %");
}

#define CLOCK "devices/system/clocksource/clocksource0/current_clocksource"

static void test_clock_source(void **state)
{
    const struct machine_state p = calm();
    (void)state;
    expect(&p, "W05", FINDING_UNKNOWN, "does not say");
    put(CLOCK, "tsc\n");
    put("cpuinfo", "processor\t: 0\nflags\t\t: fpu constant_tsc sse nonstop_tsc\n");
    expect(&p, "W05", FINDING_FINE, "tsc, invariant");
    put("cpuinfo", "processor\t: 0\nflags\t\t: fpu constant_tsc_not sse nonstop_tsc\n");
    expect(&p, "W05", FINDING_WARNING, "lacks constant_tsc");
    put("cpuinfo", "flags\t\t: fpu constant_tsc\n");
    expect(&p, "W05", FINDING_WARNING, "nonstop_tsc");
    put("cpuinfo", "flags\t\t: fpu constant_tsc nonstop_tsc\n");
    put(CLOCK, "kvm-clock\n");
    expect(&p, "W05", FINDING_FINE, "takes 25 ns");
    put(CLOCK, "hpet\n");
    expect(&p, "W05", FINDING_WARNING, "hpet is slow");
}

static void test_subnormals(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W21", FINDING_FINE, "0.5 ns, and 1.5 ns");
    p.probe.multiply_subnormal_seconds = 35e-9;
    expect(&p, "W21", FINDING_NOTE, "35 ns");
    p.probe.multiply_seconds = 0;
    expect(&p, "W21", FINDING_UNKNOWN, "not timed");
}

static void test_core_kinds(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W22", FINDING_FINE, "one kind");
    topology.kinds_count = 2;
    topology.kinds[0] = (struct core_kind){"IntelCore", 2, 4};
    topology.kinds[1] = (struct core_kind){"", 8, 8};
    p.threads = 4;
    expect(&p, "W22", FINDING_FINE, "2 IntelCore with 4 hardware threads, 8 others with 8");
    p.threads = 5;
    expect(&p, "W22", FINDING_NOTE, "5 threads have cores of several kinds");
    expect(&p, "W22", FINDING_NOTE, "bench --threads 2");
}

static void test_shared_cache(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W23", FINDING_FINE, "at most 100 GB/s");
    p.probe.llc_low = 3;
    expect(&p, "W23", FINDING_WARNING, "3 of 20 probes were well below that");
    p.probe.llc_probes = 0;
    expect(&p, "W23", FINDING_UNKNOWN, "no last-level cache");
}

static void test_build(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W06", FINDING_FINE, "release");
    p.build_flags = "-std=c17 -O2 -fsanitize=address";
    expect(&p, "W06", FINDING_WARNING, "sanitizer");
    p.build_flags = "-std=c17 -O0 -g";
    expect(&p, "W06", FINDING_WARNING, "without optimisation");
    static const char *const coverage[] = {"-O2 --coverage", "-O2 -fprofile-arcs"};
    for (int i = 0; i < 2; i++) {
        p.build_flags = coverage[i];
        expect(&p, "W06", FINDING_WARNING, "coverage");
    }
    p.build_flags = "-std=c17";
    p.build_type = "debug";
    expect(&p, "W06", FINDING_WARNING, "without optimisation");
}

static void test_quota(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W07", FINDING_FINE, "none");
    topology.quota_cpus = 1.5;
    expect(&p, "W07", FINDING_NOTE, "1.50 CPUs for 2 threads");
    p.probe.throttled = 0.25;
    expect(&p, "W07", FINDING_WARNING, "bench --threads 1");
    topology.quota_cpus = 0.5;
    expect(&p, "W07", FINDING_WARNING, "a quota of at least one CPU");
    p.probe.throttled = 0;
    expect(&p, "W07", FINDING_FINE, "0.0 %");
}

static void test_throttling(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W10", FINDING_UNKNOWN, "the kernel does not say how often");
    p.probe.throttle_events = 0;
    p.probe.throttle_events_before = 7;
    expect(&p, "W10", FINDING_FINE, "7 times");
    p.probe.throttle_events = 2;
    expect(&p, "W10", FINDING_WARNING, "2 of them");
    expect(&p, "W10", FINDING_WARNING, "9 times since boot");
}

static void test_power_saving(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W13", FINDING_UNKNOWN, "does not say");
    put("devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    expect(&p, "W13", FINDING_FINE, "powersave");
    p.probe.slower_after_rest = 0.3;
    expect(&p, "W13", FINDING_WARNING, "30.0 % slower");
    put("devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    expect(&p, "W13", FINDING_FINE, "performance");
    expect(&p, "W15", FINDING_UNKNOWN, "does not say");
    put("devices/system/cpu/cpu0/cpuidle/state0/latency", "2\n");
    put("devices/system/cpu/cpu0/cpuidle/state0/name", "C1\n");
    expect(&p, "W15", FINDING_FINE, "C1");
    put("devices/system/cpu/cpu0/cpuidle/state1/latency", "133\n");
    put("devices/system/cpu/cpu0/cpuidle/state1/name", "C6\n");
    put("devices/system/cpu/cpu0/cpuidle/state1/disable", "0\n");
    expect(&p, "W15", FINDING_WARNING, "C6, which takes 133 us");
    expect(&p, "W15", FINDING_WARNING, "wakes 40 us late; one piece of the probe's work takes 500 us");
    p.probe.visible = 0.1;
    expect(&p, "W15", FINDING_FINE, "C6");
    p.probe.visible = 0.01;
    put("devices/system/cpu/cpu0/cpuidle/state1/disable", "1\n");
    expect(&p, "W15", FINDING_FINE, "C1");
}

static void test_turbo(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W14", FINDING_UNKNOWN, "does not say");
    p.probe.ghz_single = 3.6;
    put("devices/system/cpu/cpufreq/boost", "0\n");
    expect(&p, "W14", FINDING_FINE, "off");
    put("devices/system/cpu/cpufreq/boost", "1\n");
    expect(&p, "W14", FINDING_WARNING, "3.60 GHz with one thread at work, 3.00 with 2");
    put("devices/system/cpu/intel_pstate/no_turbo", "1\n");
    expect(&p, "W14", FINDING_FINE, "off");
    put("devices/system/cpu/intel_pstate/no_turbo", "0\n");
    expect(&p, "W14", FINDING_WARNING, "no_turbo");
    p.probe.visible = 0.001;
    p.probe.ghz_single = 3.01;
    expect(&p, "W14", FINDING_FINE, "on");
}

static void test_memory(void **state)
{
    struct machine_state p = calm();
    (void)state;
    expect(&p, "W16", FINDING_UNKNOWN, "does not say");
    put("kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    expect(&p, "W16", FINDING_FINE, "[madvise]");
    put("kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    expect(&p, "W16", FINDING_NOTE, "are off");
    expect(&p, "W17", FINDING_UNKNOWN, "does not say");
    put("sys/kernel/randomize_va_space", "2\n");
    expect(&p, "W17", FINDING_NOTE, "setarch -R");
    put("sys/kernel/randomize_va_space", "0\n");
    expect(&p, "W17", FINDING_FINE, "off");
    expect(&p, "W18", FINDING_FINE, "8192 MiB");
    p.probe.major_faults = 3;
    expect(&p, "W18", FINDING_FINE, "3 pages were read from disk");
    p.memory_available = (size_t)100 << 20;
    expect(&p, "W18", FINDING_WARNING, "100 MiB");
}

static void test_environment(void **state)
{
    struct machine_state p = calm();
    const char *const variables[] = {"HOME=/", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=3", NULL};
    (void)state;
    expect(&p, "W19", FINDING_FINE, "no variable");
    p.environment = variables;
    p.openmp_threads = 1;
    expect(&p, "W19", FINDING_WARNING, "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=3");
    expect(&p, "W19", FINDING_WARNING, "would use 1 thread,");
    assert_null(strstr(find(&p, "W19").effect, "fewer were probed"));
    p.probe.threads = 1;
    topology.description_ignored = 1;
    expect(&p, "W19", FINDING_WARNING, "fewer were probed");
    expect(&p, "W19", FINDING_WARNING, "HWLOC_* describe is ignored");
    /* Longer than a cause may be. */
    static char longest[40][80];
    const char *many[41] = {0};
    for (int i = 0; i < 40; i++) {
        snprintf(longest[i], sizeof longest[i], "OMP_%d=%060d", i, 0);
        many[i] = longest[i];
    }
    p.environment = many;
    expect(&p, "W19", FINDING_WARNING, "OMP_0=");
    static struct {
        struct finding finding;
        char beyond[8192];
    } place;
    check_environment(&p, &place.finding);
    for (size_t i = 0; i < sizeof place.beyond; i++) assert_int_equal(place.beyond[i], 0);
}

static void test_kernel_files(void **state)
{
    int cpus[4];
    (void)state;
    assert_int_equal(kernel_cpu_list("0-1,5", cpus, 4), 3);
    assert_int_equal(cpus[2], 5);
    assert_int_equal(kernel_cpu_list("0-9", cpus, 4), 4);
    assert_int_equal(kernel_cpu_list("", cpus, 4), 0);
    put("devices/system/cpu/cpu0/topology/thread_siblings_list", "0,2\n");
    put("devices/system/cpu/cpu1/topology/thread_siblings_list", "1,3\n");
    const int places[] = {0, 1};
    assert_int_equal(kernel_siblings(root, places, 2, cpus, 4), 2);
    assert_int_equal(cpus[0], 2);
    assert_int_equal(cpus[1], 3);
    assert_true(kernel_throttle_events(root) == -1);
    put("devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "3\n");
    put("devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "4\n");
    assert_true(kernel_throttle_events(root) == 7);
}

static void test_cpu_time(void **state)
{
    char path[128];
    struct cpu_time t;
    const int both[] = {0, 2}, missing[] = {0, 7};
    const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    (void)state;
    put("stat", "cpu  0 9 9 9 9 9 9 900 0 0\n"
                "cpu0 10 20 30 1000 5 1 2 40 0 0\n"
                "cpu1 1 1 1 1 1 1 1 1 0 0\n"
                "cpu2 1 0 0 1000 5 0 0 2 0 0\n"
                "intr 1 2 3\n");
    snprintf(path, sizeof path, "%s/stat", root);
    assert_true(cpu_time_read(path, both, 2, &t));
    assert_true(fabs(t.busy - 64 * tick) < 1e-9);
    assert_true(fabs(t.steal - 42 * tick) < 1e-9);
    assert_false(cpu_time_read(path, missing, 2, &t));
    assert_false(cpu_time_read(path, both, 0, &t));
    put("stat", "cpu0 1 2 3 4 5 6 7\n");
    assert_true(cpu_time_read(path, both, 1, &t));
    assert_true(isnan(t.steal));
    assert_false(cpu_time_read("/no/such/file", both, 1, &t));
}

static void test_throttled_time(void **state)
{
    char groups[128], mounts[128], line[512];
    (void)state;
    snprintf(groups, sizeof groups, "%s/cgroup", root);
    snprintf(mounts, sizeof mounts, "%s/mountinfo", root);
    put("cgroup", "0::/a/b\n");
    snprintf(line, sizeof line, "30 29 0:1 / %s/fs rw - cgroup2 none rw\n", root);
    put("mountinfo", line);
    assert_true(isnan(cgroup_throttled_seconds(groups, mounts)));
    put("fs/a/cpu.stat", "usage_usec 5\nnr_throttled 3\nthrottled_usec 2500000\n");
    put("fs/a/b/cpu.stat", "usage_usec 5\nthrottled_usec 500000\n");
    assert_true(fabs(cgroup_throttled_seconds(groups, mounts) - 3.0) < 1e-9);
    put("cgroup", "4:cpu,cpuacct:/a\n");
    snprintf(line, sizeof line, "30 29 0:1 / %s/one rw - cgroup none rw,cpu,cpuacct\n", root);
    put("mountinfo", line);
    put("one/a/cpu.stat", "nr_periods 1\nthrottled_time 1500000000\n");
    assert_true(fabs(cgroup_throttled_seconds(groups, mounts) - 1.5) < 1e-9);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOT(test_codes_differ),   WITH_ROOT(test_clock_speed),  WITH_ROOT(test_contention),
        WITH_ROOT(test_clock_source),   WITH_ROOT(test_subnormals),   WITH_ROOT(test_build),
        WITH_ROOT(test_quota),          WITH_ROOT(test_throttling),   WITH_ROOT(test_power_saving),
        WITH_ROOT(test_turbo),          WITH_ROOT(test_memory),       WITH_ROOT(test_environment),
        WITH_ROOT(test_core_kinds),     WITH_ROOT(test_kernel_files), WITH_ROOT(test_cpu_time),
        WITH_ROOT(test_throttled_time), WITH_ROOT(test_shared_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
