/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <string.h>

volatile sig_atomic_t interrupt_flag;

static void on_signal(int number)
{
    (void)number;
    interrupt_flag = 1;
}

void interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND; /* the second signal finds the default action: death */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
