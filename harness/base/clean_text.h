/* SPDX-License-Identifier: MIT */
#ifndef LB_CLEAN_TEXT_H
#define LB_CLEAN_TEXT_H

#include <stddef.h>

/* Makes foreign text fit for one line on a terminal, for CSV and for JSON, in place: control characters, C1's
 * (U+0080 to U+009F) too, become blanks, bytes that are no UTF-8 become '?'. Returns text. */
char *clean_text(char *text);

/* Copies at most size - 1 bytes of foreign text as clean text, cut between characters. size is at least 1;
 * from may be NULL, which is "". Returns to. */
char *clean_copy(char *to, size_t size, const char *from);

#endif
