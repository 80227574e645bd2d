/* SPDX-License-Identifier: MIT
 *
 * MXCSR less its flags: how SSE and AVX round, whether they flush subnormals, and which exceptions trap. */
#ifndef LB_MXCSR_H
#define LB_MXCSR_H

/* Of this thread. */
unsigned mxcsr(void);

/* The first of a team's threads that differs from expected; expected when none does. */
unsigned mxcsr_of_team(int threads, unsigned expected);

#endif
