/* SPDX-License-Identifier: MIT */
#ifndef LB_CLEAN_TEXT_H
#define LB_CLEAN_TEXT_H

/* Makes foreign text fit for one line on a terminal, for CSV and for JSON, in place: control characters
 * become blanks, bytes that are no UTF-8 become '?'. Returns text. */
char *clean_text(char *text);

#endif
