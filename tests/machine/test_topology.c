/* SPDX-License-Identifier: MIT
 *
 * Quotas from made-up control groups, places from made-up machines, and the binding of a team on the real
 * one. */
#include "../support/check.h"

#include <hwloc.h>
#include <omp.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/cgroup.h"
#include "machine/topology.h"
#include "../support/skip_test.h"

static char dir[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void make_dir(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* The quota for these two files, "@" in the mounts standing for the directory. */
static double quota(const char *cgroup, const char *mounts)
{
    char text[512], one[128], two[128];
    const char *at = strchr(mounts, '@');
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - mounts), mounts, dir, at + 1);
    write_file("cgroup", cgroup);
    write_file("mountinfo", text);
    snprintf(one, sizeof one, "%s/cgroup", dir);
    snprintf(two, sizeof two, "%s/mountinfo", dir);
    return cgroup_quota_cpus(one, two);
}

static const char v2_mount[] = "25 1 0:22 / /proc rw - proc proc rw\n"
                               "40 30 0:37 / @ rw,relatime shared:3 - cgroup2 cgroup2 rw\n";

static void v2_smallest_of_the_group_and_its_parents(void **state)
{
    (void)state;
    make_dir("a");
    make_dir("a/b");
    write_file("a/b/cpu.max", "max 100000\n");
    assert_true(quota("0::/a/b\n", v2_mount) == 0.0);
    write_file("a/cpu.max", "150000 100000\n");
    assert_true(quota("0::/a/b\n", v2_mount) == 1.5);
    write_file("a/b/cpu.max", "300000 100000\n");
    assert_true(quota("0::/a/b\n", v2_mount) == 1.5);
    write_file("a/b/cpu.max", "50000 100000\n");
    assert_true(quota("0::/a/b\n", v2_mount) == 0.5);
    assert_true(quota("0::/a\n", v2_mount) == 1.5);
    assert_true(quota("0::/\n", v2_mount) == 0.0);
}

static void v1_quota_and_period(void **state)
{
    (void)state;
    const char mount[] = "40 30 0:37 / @ rw - cgroup cgroup rw,cpu,cpuacct\n";
    make_dir("g");
    write_file("g/cpu.cfs_period_us", "50000\n");
    write_file("g/cpu.cfs_quota_us", "-1\n");
    assert_true(quota("4:memory:/x\n3:cpu,cpuacct:/g\n", mount) == 0.0);
    write_file("g/cpu.cfs_quota_us", "125000\n");
    assert_true(quota("4:memory:/x\n3:cpu,cpuacct:/g\n", mount) == 2.5);
    assert_true(quota("3:cpuacct:/g\n", mount) == 0.0);
    assert_true(quota("3:cpu:/g\n", "40 30 0:37 / @ rw - cgroup cgroup rw,cpuset\n") == 0.0);
}

/* A container sees its own group as the root of the mount, and its name from outside. */
static void a_container_sees_its_part_only(void **state)
{
    (void)state;
    const char mount[] = "40 30 0:37 /docker/77 @ rw - cgroup cgroup rw,cpu\n";
    write_file("cpu.cfs_period_us", "100000\n");
    write_file("cpu.cfs_quota_us", "200000\n");
    assert_true(quota("3:cpu:/docker/77\n", mount) == 2.0);
    assert_true(quota("3:cpu:/docker/776\n", mount) == 2.0);
    assert_true(quota("3:cpu:/elsewhere\n", mount) == 2.0);
}

static void missing_files_are_no_limit(void **state)
{
    (void)state;
    assert_true(cgroup_quota_cpus("/nonexistent", "/nonexistent") == 0.0);
    assert_true(quota("", v2_mount) == 0.0);
    assert_true(quota("0::/gone\n", v2_mount) == 0.0);
}

static int make_own_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lanebench-topology-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_own_dir(void **state)
{
    static const char *const content[] = {"a/b/cpu.max", "a/cpu.max",          "a/b",
                                          "a",           "g/cpu.cfs_quota_us", "g/cpu.cfs_period_us",
                                          "g",           "cpu.cfs_quota_us",   "cpu.cfs_period_us",
                                          "cgroup",      "mountinfo"};
    (void)state;
    for (size_t i = 0; i < sizeof content / sizeof *content; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, content[i]);
        remove(path);
    }
    return rmdir(dir);
}

/* A machine that is not there. */
static hwloc_topology_t invent(const char *description)
{
    hwloc_topology_t h;
    assert_int_equal(hwloc_topology_init(&h), 0);
    assert_int_equal(hwloc_topology_set_synthetic(h, description), 0);
    assert_int_equal(hwloc_topology_load(h), 0);
    return h;
}

static void distinct_cores_come_first(void **state)
{
    (void)state;
    struct topology t;
    struct error e = {0};
    hwloc_topology_t h = invent("pack:2 l3:1(size=16777216) core:3 pu:2");
    assert_int_equal(topology_describe(&t, h, &e), 0);
    hwloc_topology_destroy(h);
    static const int expected[] = {0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11};
    assert_int_equal(t.packages, 2);
    assert_int_equal(t.cores, 6);
    assert_int_equal(t.pus, 12);
    assert_int_equal(t.allowed_cores, 6);
    assert_int_equal(t.l3_bytes, 16 << 20);
    assert_int_equal(t.l3_sharing_cores, 3);
    assert_int_equal(t.places_count, 12);
    assert_memory_equal(t.places, expected, sizeof expected);
    if (t.quota_cpus == 0.0) assert_int_equal(t.default_threads, 6);
    assert_int_equal(t.kinds_count, 1);
    assert_string_equal(t.kinds[0].name, "");
    assert_int_equal(topology_kind_pus(&t), 12);
}

/* PUs numbered across the nodes, as Linux numbers them on many servers: cores that share a cache still follow
 * each other, and then those that share a node. */
static void a_team_fills_caches_and_nodes(void **state)
{
    (void)state;
    struct topology t;
    struct error e = {0};
    hwloc_topology_t h = invent("numa:2 l3:2 core:2 pu:2(indexes=numa:l3:core)");
    assert_int_equal(topology_describe(&t, h, &e), 0);
    hwloc_topology_destroy(h);
    static const int expected[] = {0, 4, 2, 6, 1, 5, 3, 7, 8, 12, 10, 14, 9, 13, 11, 15};
    assert_int_equal(t.numa_nodes, 2);
    assert_int_equal(t.l3_sharing_cores, 2);
    assert_int_equal(t.places_count, 16);
    assert_memory_equal(t.places, expected, sizeof expected);
}

static void expect_warning(const struct topology *t, int threads, const char *warning)
{
    char text[128];
    topology_team_warning(t, threads, text, sizeof text);
    if (warning ? !strstr(text, warning) : text[0] != 0) fail_msg("%d threads: '%s'", threads, text);
}

static void a_team_larger_than_the_cores_is_told(void **state)
{
    (void)state;
    struct topology t = {.allowed_pus = 8, .allowed_cores = 4, .kinds_count = 1, .kinds = {{"", 4, 8}}};
    expect_warning(&t, 4, NULL);
    expect_warning(&t, 5, "5 threads on 4 physical cores");
    expect_warning(&t, 8, "8 threads on 4 physical cores");
    expect_warning(&t, 9, "9 threads on 8 allowed CPUs");
    t.kinds_count = 2;
    t.kinds[0] = (struct core_kind){"IntelCore", 2, 4};
    t.kinds[1] = (struct core_kind){"IntelAtom", 4, 4};
    expect_warning(&t, 2, NULL);
    expect_warning(&t, 3, "3 threads on 2 physical cores");
    expect_warning(&t, 5, "cores of several kinds");
}

static void add_kind(hwloc_topology_t h, const char *pus, int efficiency, const char *type)
{
    char name[] = "CoreType", value[32];
    struct hwloc_info_s info = {name, value};
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    snprintf(value, sizeof value, "%s", type);
    assert_non_null(set);
    assert_int_equal(hwloc_bitmap_list_sscanf(set, pus), 0);
    assert_int_equal(hwloc_cpukinds_register(h, set, efficiency, 1, &info, 0), 0);
    hwloc_bitmap_free(set);
}

/* As XML, which is how such a machine would be described by who has one. */
static hwloc_topology_t through_xml(hwloc_topology_t h)
{
    char *xml;
    int length;
    assert_int_equal(hwloc_topology_export_xmlbuffer(h, &xml, &length, 0), 0);
    hwloc_topology_t read;
    assert_int_equal(hwloc_topology_init(&read), 0);
    assert_int_equal(hwloc_topology_set_xmlbuffer(read, xml, length), 0);
    assert_int_equal(hwloc_topology_load(read), 0);
    hwloc_free_xmlbuffer(h, xml);
    hwloc_topology_destroy(h);
    return read;
}

/* Slow cores 0 and 1 before the fast ones 2 to 4, so that the numbers of the PUs do not decide. */
static void the_fastest_kind_comes_first(void **state)
{
    (void)state;
    struct topology t;
    struct error e = {0};
    hwloc_topology_t h = invent("core:5 pu:2");
    add_kind(h, "0-3", 0, "IntelAtom");
    add_kind(h, "4-9", 1, "IntelCore");
    h = through_xml(h);
    assert_int_equal(topology_describe(&t, h, &e), 0);
    hwloc_topology_destroy(h);
    static const int expected[] = {4, 6, 8, 5, 7, 9, 0, 2, 1, 3};
    assert_int_equal(t.places_count, 10);
    assert_memory_equal(t.places, expected, sizeof expected);
    assert_int_equal(t.kinds_count, 2);
    assert_string_equal(t.kinds[0].name, "IntelCore");
    assert_int_equal(t.kinds[0].cores, 3);
    assert_int_equal(t.kinds[0].pus, 6);
    assert_string_equal(t.kinds[1].name, "IntelAtom");
    assert_int_equal(t.kinds[1].cores, 2);
    assert_int_equal(t.allowed_cores, 5);
    assert_int_equal(topology_kind_pus(&t), 6);
    if (t.quota_cpus == 0.0) assert_int_equal(t.default_threads, 3);
}

static void kinds_beyond_the_last_share_it(void **state)
{
    (void)state;
    struct topology t;
    struct error e = {0};
    hwloc_topology_t h = invent("core:6 pu:1");
    for (int i = 0; i < 6; i++) {
        char pu[8];
        snprintf(pu, sizeof pu, "%d", i);
        add_kind(h, pu, i, "one");
    }
    assert_int_equal(topology_describe(&t, h, &e), 0);
    hwloc_topology_destroy(h);
    static const int expected[] = {5, 4, 3, 2, 1, 0};
    assert_memory_equal(t.places, expected, sizeof expected);
    assert_int_equal(t.kinds_count, TOPOLOGY_MAX_KINDS);
    assert_int_equal(t.kinds[TOPOLOGY_MAX_KINDS - 1].cores, 6 - (TOPOLOGY_MAX_KINDS - 1));
    assert_int_equal(t.allowed_cores, 6);
}

/* Kinds that hwloc cannot rank are no reason to leave cores out. */
static void kinds_without_rank_are_one(void **state)
{
    (void)state;
    struct topology t;
    struct error e = {0};
    hwloc_topology_t h = invent("core:4 pu:1");
    add_kind(h, "0-1", -1, "this");
    add_kind(h, "2-3", -1, "that");
    assert_int_equal(topology_describe(&t, h, &e), 0);
    hwloc_topology_destroy(h);
    assert_int_equal(t.kinds_count, 1);
    assert_int_equal(t.kinds[0].cores, 4);
}

static void another_machine_is_not_taken_for_this_one(void **state)
{
    (void)state;
    struct topology here, told;
    struct error e = {0};
    assert_int_equal(topology_read(&here, &e), 0);
    assert_int_equal(here.description_ignored, 0);
    setenv("HWLOC_SYNTHETIC", "pack:2 core:32 pu:2", 1);
    assert_int_equal(topology_read(&told, &e), 0);
    assert_string_equal(getenv("HWLOC_SYNTHETIC"), "pack:2 core:32 pu:2"); /* for the record */
    unsetenv("HWLOC_SYNTHETIC");
    assert_int_equal(told.description_ignored, 1);
    told.description_ignored = 0;
    assert_memory_equal(&told, &here, sizeof here);
}

static void this_machine_adds_up(void **state)
{
    (void)state;
    struct topology t;
    struct error e = {0};
    assert_int_equal(topology_read(&t, &e), 0);
    assert_in_range(t.allowed_pus, 1, t.pus);
    assert_in_range(t.allowed_cores, 1, t.cores);
    assert_in_range(t.default_threads, 1, t.allowed_cores);
    assert_int_equal(t.places_count,
                     t.allowed_pus < TOPOLOGY_MAX_PLACES ? t.allowed_pus : TOPOLOGY_MAX_PLACES);
    assert_true(t.hwloc_version[0] >= '1');
    char *xml = NULL;
    assert_int_equal(topology_xml(&xml), 0);
    assert_non_null(xml);
    assert_non_null(strstr(xml, "<topology"));
    free(xml);
}

static void affinity_narrows_the_machine(void **state)
{
    (void)state;
    struct topology all, one;
    struct error e = {0};
    cpu_set_t before, last;
    assert_int_equal(topology_read(&all, &e), 0);
    const int pu = all.places[all.places_count - 1];
    if (pu >= CPU_SETSIZE) SKIP_TEST("this CPU's number does not fit a cpu_set_t");
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&last);
    CPU_SET((size_t)pu, &last);
    assert_int_equal(sched_setaffinity(0, sizeof last, &last), 0);
    assert_int_equal(topology_read(&one, &e), 0);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(one.pus, all.pus);
    assert_int_equal(one.allowed_pus, 1);
    assert_int_equal(one.allowed_cores, 1);
    assert_int_equal(one.default_threads, 1);
    assert_int_equal(one.places_count, 1);
    assert_int_equal(one.places[0], pu);
}

/* A runtime that binds its first thread before main() does not make the machine look smaller. */
static void openmp_binding_does_not_narrow_the_machine(void **state)
{
    (void)state;
    struct topology t;
    struct error e = {0};
    char command[64];
    int seen = 0;
#ifdef __clang__
    SKIP_TEST("with libomp the binding comes later, or from a libgomp that a library brings");
#endif
    assert_int_equal(topology_read(&t, &e), 0);
    snprintf(command, sizeof command, "OMP_PROC_BIND=true /proc/%d/exe count", (int)getpid());
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &seen), 1);
    assert_int_equal(pclose(f), 0);
    assert_int_equal(seen, t.allowed_pus);
}

static int print_count(void)
{
    struct topology t;
    struct error e = {0};
    if (topology_read(&t, &e)) return 1;
    printf("%d\n", t.allowed_pus);
    return 0;
}

static void every_thread_sits_in_its_place(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    struct topology t;
    struct error e = {0};
    int bound = -1, cpu[THREADS] = {-1, -1, -1};
    assert_int_equal(topology_read(&t, &e), 0);
    topology_bind_team(&t, THREADS, &bound);
    assert_int_equal(bound, 1);
#pragma omp parallel num_threads(THREADS)
    cpu[omp_get_thread_num()] = sched_getcpu();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(cpu[i], t.places[t.places_count < THREADS ? i * t.places_count / THREADS : i]);
    t.places[0] = 1 << 20; /* no such CPU */
    topology_bind_team(&t, THREADS, &bound);
    assert_int_equal(bound, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "count") == 0) return print_count();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_kind_comes_first),
        cmocka_unit_test(kinds_beyond_the_last_share_it),
        cmocka_unit_test(kinds_without_rank_are_one),
        cmocka_unit_test(another_machine_is_not_taken_for_this_one),
        cmocka_unit_test_setup_teardown(v2_smallest_of_the_group_and_its_parents, make_own_dir,
                                        remove_own_dir),
        cmocka_unit_test_setup_teardown(v1_quota_and_period, make_own_dir, remove_own_dir),
        cmocka_unit_test_setup_teardown(a_container_sees_its_part_only, make_own_dir, remove_own_dir),
        cmocka_unit_test_setup_teardown(missing_files_are_no_limit, make_own_dir, remove_own_dir),
        cmocka_unit_test(distinct_cores_come_first),
        cmocka_unit_test(a_team_fills_caches_and_nodes),
        cmocka_unit_test(a_team_larger_than_the_cores_is_told),
        cmocka_unit_test(this_machine_adds_up),
        cmocka_unit_test(affinity_narrows_the_machine),
        cmocka_unit_test(openmp_binding_does_not_narrow_the_machine),
        cmocka_unit_test(every_thread_sits_in_its_place),
    };
    return group_result(cmocka_run_group_tests_name("topology", tests, NULL, NULL));
}
