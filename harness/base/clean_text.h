/* SPDX-License-Identifier: MIT */
#ifndef LB_CLEAN_TEXT_H
#define LB_CLEAN_TEXT_H

#include <stddef.h>

/* Text from outside (paths, names and messages of plug-ins and libraries, variables) may hold any bytes.
 *
 * Makes it fit for one line on a terminal, for CSV and for JSON, in place: control characters, C1's (U+0080
 * to U+009F) too, become spaces, bytes that are not UTF-8 become '?', because the text must not grow.
 * Returns text. */
char *clean_text(char *text);

/* The same into another place of size >= 1 bytes, where a byte that is not UTF-8 becomes \xNN, so that
 * different names stay different. Cut between characters, and never inside a \xNN. from may be NULL, which is
 * "". Returns to. */
char *clean_copy(char *to, size_t size, const char *from);

/* A whole copy, in which bytes that are not UTF-8 are \xNN; control characters stay. free(). Memory
 * that runs out ends the process (xalloc.h). */
char *utf8_copy(const char *bytes);

#endif
