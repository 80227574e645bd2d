/* SPDX-License-Identifier: MIT
 *
 * Whether a process is found to have threads beside its OpenMP team, and how the team then waits. Nothing
 * here depends on how long anything takes: what is compared is CPU time. */
#include "../support/check.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include "run/own_threads.h"

#include "../support/skip_test.h"

enum { TEAM = 2, LARGER_TEAM = 4 };

static void nap(long milliseconds)
{
    const struct timespec t = {0, milliseconds * 1000000};
    nanosleep(&t, NULL);
}

static void spend_some(void)
{
    volatile double x = 1.0;
    for (int i = 0; i < 100000; i++) x = x * 1.0000001;
}

static void work_in_the_team(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
#pragma omp parallel num_threads(TEAM)
        spend_some();
    }
}

/* As a backend does that has little for some threads to do in one op, and much in the next. */
static void work_in_smaller_teams_too(void *unused)
{
    work_in_the_team(unused);
#pragma omp parallel num_threads(LARGER_TEAM)
    spend_some();
}

static void *come_and_go(void *unused)
{
    spend_some();
    return unused;
}

static void work_in_a_new_thread_only(void *unused)
{
    pthread_t t;
    (void)unused;
    assert_int_equal(pthread_create(&t, NULL, come_and_go, NULL), 0);
    pthread_join(t, NULL);
}

static void work_in_a_new_thread(void *unused)
{
    work_in_the_team(unused);
    work_in_a_new_thread_only(unused);
}

static sem_t end;

static void *stay(void *unused)
{
    while (sem_wait(&end) != 0) continue;
    return unused;
}

static void the_team_is_nobodys_own(void **state)
{
    (void)state;
    struct own_threads w;
    own_threads_begin(&w, TEAM);
#pragma omp parallel num_threads(7)
    spend_some();
    assert_false(own_threads_found(&w, TEAM, work_in_the_team, NULL));
}

static void threads_that_come_and_go_are_found(void **state)
{
    (void)state;
    struct own_threads w;
    own_threads_begin(&w, TEAM);
    assert_true(own_threads_found(&w, TEAM, work_in_a_new_thread, NULL));
    assert_false(own_threads_found(&w, TEAM, work_in_the_team, NULL));
}

static void threads_of_a_team_that_shrinks_are_nobodys_own(void **state)
{
    (void)state;
    struct own_threads w;
    own_threads_begin(&w, LARGER_TEAM);
    assert_false(own_threads_found(&w, LARGER_TEAM, work_in_smaller_teams_too, NULL));
    assert_true(own_threads_found(&w, LARGER_TEAM, work_in_a_new_thread_only, NULL));
}

static pthread_t pool;

static void work_in_a_late_pool(void *unused)
{
    (void)unused;
    assert_int_equal(pthread_create(&pool, NULL, stay, NULL), 0);
}

static void threads_that_stay_are_found(void **state)
{
    (void)state;
    struct own_threads w;
    sem_init(&end, 0, 0);
    own_threads_begin(&w, TEAM);
    assert_int_equal(pthread_create(&pool, NULL, stay, NULL), 0);
    assert_true(own_threads_found(&w, TEAM, work_in_the_team, NULL));
    sem_post(&end);
    pthread_join(pool, NULL);
    assert_true(own_threads_found(&w, TEAM, work_in_a_late_pool, NULL));
    sem_post(&end);
    pthread_join(pool, NULL);
}

/* CPU seconds of thread 1 for some regions with gaps between them. */
static double spent_waiting(void)
{
    enum { REGIONS = 60 };
    clockid_t clock = 0;
    struct timespec before, after;
#pragma omp parallel num_threads(TEAM)
    if (omp_get_thread_num() == 1) pthread_getcpuclockid(pthread_self(), &clock);
    nap(50);
    clock_gettime(clock, &before);
    for (int i = 0; i < REGIONS; i++) {
#pragma omp parallel num_threads(TEAM)
        {
#pragma omp barrier
        } nap(10);
    }
    clock_gettime(clock, &after);
    return (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
}

static void a_team_that_shall_sleep_does(void **state)
{
    (void)state;
    cpu_set_t cpus;
    assert_int_equal(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    if (CPU_COUNT(&cpus) < TEAM) SKIP_TEST("fewer CPUs are allowed than the team has threads: none spins");
    for (int i = 0; i < 2; i++) {
        const double spinning = spent_waiting();
        own_threads_team_sleeps(true);
        const double sleeping = spent_waiting();
        own_threads_team_sleeps(false);
        print_message("CPU time of 60 waits: %.1f ms spinning, %.1f ms sleeping\n", 1e3 * spinning,
                      1e3 * sleeping);
        assert_true(sleeping < spinning / 4);
    }
}

static void thread_0_keeps_all_places_for_what_it_starts(void **state)
{
    (void)state;
    static struct topology t; /* large */
    struct error e = {0};
    cpu_set_t cpus;
    int bound = 0;
    assert_int_equal(topology_read(&t, &e), 0);
    if (t.places_count < TEAM) SKIP_TEST("fewer CPUs are allowed than the team has threads");
    for (int own = 0; own < 2; own++) {
        own_threads_bind_team(&t, TEAM, own, &bound);
        assert_true(bound);
        assert_int_equal(sched_getaffinity(0, sizeof cpus, &cpus), 0);
        assert_int_equal(CPU_COUNT(&cpus), own ? TEAM : 1);
        for (int i = 0; i < (own ? TEAM : 1); i++) assert_true(CPU_ISSET((size_t)t.places[i], &cpus));
    }
    own_threads_bind_team(&t, TEAM, false, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_team_is_nobodys_own),
        cmocka_unit_test(threads_that_come_and_go_are_found),
        cmocka_unit_test(threads_of_a_team_that_shrinks_are_nobodys_own),
        cmocka_unit_test(threads_that_stay_are_found),
        cmocka_unit_test(a_team_that_shall_sleep_does),
        cmocka_unit_test(thread_0_keeps_all_places_for_what_it_starts),
    };
    return group_result(cmocka_run_group_tests(tests, NULL, NULL));
}
