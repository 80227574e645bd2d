/* SPDX-License-Identifier: MIT
 *
 * Memory for small things that the program cannot do without: these functions return it, or end the process
 * with one line on stderr and EXIT_INTERNAL. Nothing is lost that a kill would not lose as well. Free with
 * free(). */
#ifndef LB_XALLOC_H
#define LB_XALLOC_H

#include <stddef.h>

/* Never NULL, not even for 0 bytes. Also what Jansson takes its memory from. */
void *xmalloc(size_t bytes);

/* count numbers. */
double *xdoubles(int count);

#endif
