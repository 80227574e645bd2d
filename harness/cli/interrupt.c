/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

volatile sig_atomic_t interrupt_flag;

static const double same_seconds = 0.5;
static volatile double
    first_at; /* clock_seconds(); written by the handler only, whose signals exclude each other */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* The default action follows when the handler returns, and says in the exit status which signal it was. */
static void die_of(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static void on_signal(int number)
{
    const double now = clock_seconds();
    if (!interrupt_flag) {
        first_at = now;
        interrupt_flag = 1;
    } else if (now - first_at > same_seconds) {
        die_of(number);
    }
}

void interrupt_install(void)
{
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++) sigaddset(&action.sa_mask, signals[i]);
    for (int i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}
