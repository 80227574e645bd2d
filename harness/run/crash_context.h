/* SPDX-License-Identifier: MIT
 *
 * What a crashing worker was at, written down in time for its parent to read. */
#ifndef LB_CRASH_CONTEXT_H
#define LB_CRASH_CONTEXT_H

#include <stddef.h>

/* From now on a crash (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP), SIGTERM, or exit() first appends
 * ": " and what current() says, unless that is "", to the text in page[size], then takes its course as
 * before. page is shared memory; current() and its answer must be safe to use in a signal handler. Once per
 * process. */
void crash_context_install(char *page, size_t size, const char *(*current)(void));

#endif
