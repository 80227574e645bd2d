/* SPDX-License-Identifier: MIT
 *
 * The OpenMP environment that processes which measure start with, for made-up machines. */
#include "../support/check.h"

#include <stdbool.h>

#include "run/omp_environment.h"

static int count_of(char **env, const char *prefix)
{
    int n = 0;
    for (; *env; env++) n += strncmp(*env, prefix, strlen(prefix)) == 0;
    return n;
}

/* The value of a variable that is there once. */
static const char *value_of(char **env, const char *name)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s=", name);
    assert_int_equal(count_of(env, prefix), 1);
    while (strncmp(*env, prefix, strlen(prefix)) != 0) env++;
    return *env + strlen(prefix);
}

#ifdef __clang__
static const bool binds = false; /* libomp keeps its threads */
#else
static const bool binds = true;
#endif

static void expect_places(int threads, const struct topology *t, const char *places)
{
    char **env = omp_environment(threads, t);
    assert_non_null(env);
    assert_int_equal(atoi(value_of(env, "OMP_NUM_THREADS")), threads);
    assert_string_equal(value_of(env, "OMP_PROC_BIND"), places && binds ? "close" : "false");
    if (places && binds)
        assert_string_equal(value_of(env, "OMP_PLACES"), places);
    else
        assert_int_equal(count_of(env, "OMP_PLACES="), 0);
    omp_environment_free(env);
}

/* Thread i on places[i], eight at least, and every place of the machine is among them. */
static void places_cover_the_teams_and_the_machine(void **state)
{
    const struct topology t = {.places = {4, 6, 5}, .places_count = 3};
    (void)state;
    expect_places(1, &t, "{4},{4},{4},{4},{4},{4},{4},{4},{6},{5}");
    expect_places(2, &t, "{4},{6},{4},{6},{4},{6},{4},{6},{5}");
    expect_places(3, &t, "{4},{6},{5},{4},{6},{5},{4},{6}");
    expect_places(4, &t, NULL); /* more threads than places wait for each other anyway */
    struct topology large = {.places_count = 10};
    for (int i = 0; i < 10; i++) large.places[i] = i;
    expect_places(9, &large, "{0},{1},{2},{3},{4},{5},{6},{7},{8},{9}");
    large.unbindable = true; /* libgomp would end the program rather than start an unbound thread */
    expect_places(9, &large, NULL);
}

static void settings_of_the_user_go_and_all_else_stays(void **state)
{
    const struct topology t = {.places = {0}, .places_count = 1};
    (void)state;
    static const char *const gone[] = {"OMP_STACKSIZE", "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "LIBOMP_X"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) setenv(gone[i], "1", 1);
    setenv("OMP_PROC_BIND", "spread", 1);
    setenv("LANEBENCH_TEST", "stays", 1);
    char **env = omp_environment(1, &t);
    assert_non_null(env);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) assert_int_equal(count_of(env, gone[i]), 0);
    assert_string_equal(value_of(env, "OMP_PROC_BIND"), binds ? "close" : "false");
    assert_string_equal(value_of(env, "LANEBENCH_TEST"), "stays");
    omp_environment_free(env);
}

static void all_places_may_be_used(void **state)
{
    const struct topology t = {.places = {4, 6}, .places_count = 2};
    cpu_set_t cpus;
    (void)state;
    omp_environment_cpus(&t, &cpus);
    assert_true(CPU_COUNT(&cpus) == 2 && CPU_ISSET(4, &cpus) && CPU_ISSET(6, &cpus));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_cover_the_teams_and_the_machine),
        cmocka_unit_test(settings_of_the_user_go_and_all_else_stays),
        cmocka_unit_test(all_places_may_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
