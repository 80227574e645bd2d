/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ending.h"

volatile sig_atomic_t interrupt_flag;

static const double same_seconds = 0.5;
enum { PATIENCE_MICROSECONDS = 800000, AGAIN_MICROSECONDS = 5000 };

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* From here to interrupt_install(): only async-signal-safe calls. */

static void set_alarm(int microseconds)
{
    const struct itimerval timer = {.it_value = {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* To stderr, unless that does not take it. */
static void say(const char *text)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&fd, 1, 0) == 1 && write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

static void on_alarm(int number)
{
    const int reason = errno;
    const char *dir;
    (void)number;
    if (ending_now(&dir)) {
        say("bench: interrupted");
        if (dir) {
            say("; the complete rows so far are in ");
            say(dir);
        }
        say("\n");
        _exit(EXIT_INTERRUPTED);
    }
    set_alarm(AGAIN_MICROSECONDS);
    errno = reason;
}

/* The default action follows when the handler returns, and tells the waiting parent which signal it was. */
static void die_of(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static void on_signal(int number)
{
    static volatile double first; /* clock_seconds() */
    const int reason = errno;
    const double now = clock_seconds();
    if (first == 0.0) {
        first = now;
        set_alarm(PATIENCE_MICROSECONDS);
    } else if (now - first > same_seconds) {
        die_of(number);
    }
    interrupt_flag = 1;
    errno = reason;
}

void interrupt_install(void)
{
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++) sigaddset(&action.sa_mask, signals[i]);
    sigaction(SIGALRM, &action, NULL);
    sigset_t blocked = {0}; /* by the program that started this one */
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    action.sa_handler = on_signal;
    for (int i = 0; i < SIGNALS; i++)
        if (signals[i] != SIGHUP || sigaction(SIGHUP, NULL, &before) != 0 || before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}
