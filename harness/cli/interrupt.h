/* SPDX-License-Identifier: MIT
 *
 * SIGINT and SIGTERM: the first asks for an orderly end, the second ends the program at once. */
#ifndef LB_INTERRUPT_H
#define LB_INTERRUPT_H

#include <signal.h>

/* Non-zero once an end was asked for. */
extern volatile sig_atomic_t interrupt_flag;

void interrupt_install(void);

#endif
