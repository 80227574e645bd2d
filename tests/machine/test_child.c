/* SPDX-License-Identifier: MIT
 *
 * A child for foreign code: how it ended, what it left, and that it is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/child.h"

#include "../support/skip_test.h"

static const double long_enough = 600;

static void tells_how_it_ended(void **state)
{
    struct offspring left = {.count = 0};
    (void)state;
    signal(SIGCHLD, SIG_IGN); /* as some shells leave it: nothing would be left to collect */
    const pid_t child = child_fork();
    if (child == 0) _exit(getsid(0) == getpid() ? 3 : 4);
    assert_true(child > 0);
    assert_true(child_await(child, long_enough));
    const int status = child_collect(child, "test", &left);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(left.count, 0);
}

static void is_given_up(void **state)
{
    struct offspring left = {.count = 0};
    (void)state;
    const pid_t child = child_fork();
    if (child == 0)
        for (alarm(60);;) pause();
    assert_true(child > 0);
    assert_false(child_await(child, 0));
    assert_int_equal(kill(child, SIGKILL), 0);
    const int status = child_collect(child, "test", &left);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(waitpid(child, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void takes_with_it_what_it_has_started(void **state)
{
    struct offspring left = {.count = 0};
    (void)state;
    const pid_t child = child_fork();
    if (child == 0) {
        if (fork() > 0) _exit(0);
        setsid();
        for (alarm(60);;) pause();
    }
    assert_true(child > 0);
    assert_true(child_await(child, long_enough));
    child_collect(child, "a test", &left);
    if (left.unknown) SKIP_TEST("/proc does not show what a process started");
    assert_int_equal(left.count, 1);
    assert_false(left.unstoppable);
    assert_true(kill(left.of[0].pid, 0) == -1 && errno == ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_it_ended),
        cmocka_unit_test(is_given_up),
        cmocka_unit_test(takes_with_it_what_it_has_started),
    };
    return group_result(cmocka_run_group_tests(tests, NULL, NULL));
}
