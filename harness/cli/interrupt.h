/* SPDX-License-Identifier: MIT
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT. The first asks for an orderly end. If the command has not ended after
 * 0.8 seconds, because its current work cannot be stopped, the signal handler puts the files in order (see
 * base/ending.h) and ends the program. A signal within half a second of the first is the same request,
 * because `timeout` and a closing terminal send one to the process and one to its group; a later one ends the
 * program at once, as if no signal were handled. */
#ifndef LB_INTERRUPT_H
#define LB_INTERRUPT_H

#include <signal.h>

/* Non-zero once an end was asked for. */
extern volatile sig_atomic_t interrupt_flag;

/* SIGHUP stays ignored if it is ignored when the program starts, as under nohup. */
void interrupt_install(void);

#endif
