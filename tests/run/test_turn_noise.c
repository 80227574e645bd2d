/* SPDX-License-Identifier: MIT
 *
 * Which turns are called noisy, and that the kernel's counts are read: by disturbances that the test makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/turn_noise.h"
#include "../support/skip_test.h"

/* A second on two CPUs with ticks of 10 ms. */
static struct turn_noise calm(void)
{
    return (struct turn_noise){
        .seconds = 1, .steal_ms = 0, .steal_floor_ms = 20, .cpu_seconds = 2, .llc_gbps = NAN};
}

static void test_causes(void **state)
{
    struct turn_noise n = calm();
    (void)state;
    assert_string_equal(turn_noise_cause(&n, 0), "");
    n.steal_ms = 20; /* two ticks on two CPUs may be hardly anything */
    assert_string_equal(turn_noise_cause(&n, 0), "");
    n.steal_ms = 30;
    assert_string_equal(turn_noise_cause(&n, 0), "steal");
    n.seconds = 10; /* less than a hundredth of it */
    assert_string_equal(turn_noise_cause(&n, 0), "");
    n = calm();
    n.wait_ms = 10;
    assert_string_equal(turn_noise_cause(&n, 0), "");
    n.wait_ms = 11;
    assert_string_equal(turn_noise_cause(&n, 0), "switches");
    n.steal_ms = n.wait_ms = NAN;
    n.invol_ctx = 13; /* 9.75 ms at the least */
    assert_string_equal(turn_noise_cause(&n, 0), "");
    n.invol_ctx = 14;
    assert_string_equal(turn_noise_cause(&n, 0), "switches");
    n.major_faults = 10;
    assert_string_equal(turn_noise_cause(&n, 0), "switches");
    n.major_faults = 11;
    assert_string_equal(turn_noise_cause(&n, 0), "faults");
    n.steal_ms = 30;
    assert_string_equal(turn_noise_cause(&n, 0), "steal");
}

/* What no counter shows: others in the last-level cache. */
static void test_cache(void **state)
{
    struct turn_noise n = calm();
    (void)state;
    assert_string_equal(turn_noise_cause(&n, 100), ""); /* not known */
    n.llc_gbps = 76;
    assert_string_equal(turn_noise_cause(&n, 100), "");
    n.llc_gbps = 74;
    assert_string_equal(turn_noise_cause(&n, 100), "cache");
    assert_string_equal(turn_noise_cause(&n, 98), "");
    assert_string_equal(turn_noise_cause(&n, 0), "");
    n.wait_ms = 11; /* was counted, and explains it */
    assert_string_equal(turn_noise_cause(&n, 100), "switches");
}

static void spin(double seconds)
{
    const double start = clock_seconds();
    while (clock_seconds() - start < seconds) continue;
}

/* Another process on the same CPU: both want it all the time. */
static void test_switches_are_seen(void **state)
{
    struct topology t = {.places = {sched_getcpu()}, .places_count = 1};
    struct turn_noise_start start;
    cpu_set_t one;
    (void)state;
    CPU_ZERO(&one);
    CPU_SET(t.places[0], &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) SKIP_TEST("sched_setaffinity is denied here");
    const pid_t other = fork();
    if (other == 0)
        for (;;) continue;
    assert_true(other > 0);
    turn_noise_begin(&start, &t, 1);
    spin(0.3);
    const struct turn_noise n = turn_noise_end(&start);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    assert_true(n.seconds >= 0.3 && n.seconds < 60);
    assert_true(n.invol_ctx > 0);
    if (!isnan(n.wait_ms)) assert_true(n.wait_ms > 1 && n.wait_ms < 1e3 * n.seconds + 50);
    assert_string_equal(turn_noise_cause(&n, 0), "switches");
    assert_true(n.cpu_seconds > 0 && n.cpu_seconds < n.seconds + 0.05);
    assert_true(isnan(n.steal_ms) || n.steal_ms >= 0);
    assert_int_equal(n.major_faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_causes), cmocka_unit_test(test_cache),
                                       cmocka_unit_test(test_switches_are_seen)};
    return group_result(cmocka_run_group_tests(tests, NULL, NULL));
}
