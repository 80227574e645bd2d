/* SPDX-License-Identifier: MIT
 *
 * MXCSR less its flags: how SSE and AVX round, whether they flush subnormals, and which exceptions trap. */
#ifndef LB_CONTROL_WORD_H
#define LB_CONTROL_WORD_H

/* Of this thread. */
unsigned control_word(void);

/* The first of a team's threads that differs from expected; expected when none does. */
unsigned control_word_of_team(int threads, unsigned expected);

#endif
