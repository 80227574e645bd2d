/* SPDX-License-Identifier: MIT
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT. The first asks for an orderly end. Where the command has not come to
 * it after 0.8 seconds, because what it does cannot be stopped, the files are put in order from here (see
 * base/ending.h) and the program leaves. A signal within half a second of the first is the same request,
 * for `timeout` and a closing terminal send one to the process and one to its group; a later one ends the
 * program at once, as if nothing were handled. */
#ifndef LB_INTERRUPT_H
#define LB_INTERRUPT_H

#include <signal.h>

/* Non-zero once an end was asked for. */
extern volatile sig_atomic_t interrupt_flag;

/* SIGHUP stays ignored where it is when the program starts, as nohup wants it. */
void interrupt_install(void);

#endif
