/* SPDX-License-Identifier: MIT
 *
 * The standard streams: results on stdout must arrive, or the program must say that they did not. */
#ifndef LB_OUTPUT_H
#define LB_OUTPUT_H

#include "base/error.h"

/* Before anything else opens a file: gives closed standard descriptors a harmless target, so that no result
 * file becomes "stdout", and turns a reader that closed its end into an error of write() instead of a signal.
 * */
void output_prepare(void);

/* EXIT_INTERNAL when stdout is closed or cannot take anything, as far as that is known before the first
 * write. */
int output_check(struct error *e);

/* Flushes stdout. EXIT_INTERNAL when something was lost, but not when the reader simply closed the pipe
 * (EPIPE). */
int output_finish(struct error *e);

#endif
