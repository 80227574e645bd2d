/* SPDX-License-Identifier: MIT
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT: the first asks for an orderly end; one that comes later ends the
 * program at once. What comes within interrupt_same_seconds is the same request: `timeout` and a closing
 * terminal send a signal to the process and then to its group. */
#ifndef LB_INTERRUPT_H
#define LB_INTERRUPT_H

#include <signal.h>

/* Non-zero once an end was asked for. */
extern volatile sig_atomic_t interrupt_flag;

/* A signal that is ignored when the program starts stays ignored, as nohup wants it. */
void interrupt_install(void);

#endif
