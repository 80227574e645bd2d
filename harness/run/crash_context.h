/* SPDX-License-Identifier: MIT
 *
 * What a crashing worker was doing, written down in time for its parent to read. */
#ifndef LB_CRASH_CONTEXT_H
#define LB_CRASH_CONTEXT_H

#include "proof/guarded.h"
#include "proof/proof.h"

/* In shared memory. */
struct crash_context {
    char case_text[PROOF_CASE_TEXT]; /* the proof's case under way; "" outside one */
    char access[GUARDED_TEXT];       /* of a forbidden access, where it went, see guarded_describe; or "" */
};

/* From now on a crash (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP), SIGTERM, or exit() first fills in
 * *to, then takes its course as before. current() says the case under way; it and its answer must be safe to
 * use in a signal handler. Once per process. */
void crash_context_install(struct crash_context *to, const char *(*current)(void));

#endif
