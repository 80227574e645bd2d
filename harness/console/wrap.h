/* SPDX-License-Identifier: MIT
 *
 * Text broken at its blanks. */
#ifndef LB_WRAP_H
#define LB_WRAP_H

#include <stdio.h>

/* Prints text in lines of at most `width` columns (0: one line) and a line end. The first line begins in
 * column `at`, where the cursor is; the others are indented by `indent`. A word longer than a line has one of
 * its own. */
void wrap_print(FILE *out, const char *text, int at, int indent, int width);

#endif
