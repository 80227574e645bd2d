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

/* Expects places that go round with the team, as many as the largest team has threads, then `rest`; NULL: no
 * places at all. */
static void expect_places(int threads, const struct topology *t, const char *rest)
{
    char places[8 * LARGEST_TEAM + 64] = "";
    for (int i = 0; rest && i < (threads > LARGEST_TEAM ? threads : LARGEST_TEAM); i++)
        sprintf(places + strlen(places), "%s{%d}", i ? "," : "", t->places[i % threads]);
    if (rest) strcat(places, rest);
    char **env = omp_environment(threads, t);
    assert_non_null(env);
    assert_int_equal(atoi(value_of(env, "OMP_NUM_THREADS")), threads);
    assert_string_equal(value_of(env, "OMP_PROC_BIND"), rest && binds ? "close" : "false");
    assert_string_equal(value_of(env, "GOMP_SPINCOUNT"), threads > t->places_count ? "0" : "300000");
    assert_string_equal(value_of(env, "KMP_BLOCKTIME"), threads > t->places_count ? "0" : "5");
    if (rest && binds)
        assert_string_equal(value_of(env, "OMP_PLACES"), places);
    else
        assert_int_equal(count_of(env, "OMP_PLACES="), 0);
    omp_environment_free(env);
}

/* Thread i on places[i], as many as the largest team has, and every place of the machine is among them. */
static void places_cover_the_teams_and_the_machine(void **state)
{
    const struct topology t = {.places = {4, 6, 5}, .places_count = 3};
    (void)state;
    expect_places(1, &t, ",{6},{5}");
    expect_places(2, &t, ",{5}");
    expect_places(3, &t, "");
    expect_places(4, &t, NULL); /* more threads than places wait for each other anyway */
    struct topology large = {.places_count = LARGEST_TEAM + 2};
    for (int i = 0; i < large.places_count; i++) large.places[i] = i;
    expect_places(LARGEST_TEAM + 1, &large, ",{34}");
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
