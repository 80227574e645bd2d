/* SPDX-License-Identifier: MIT
 * One failed call = one line for the user and one exit code. */
#ifndef LB_ERROR_H
#define LB_ERROR_H

#include "base/exit_code.h"

/* The caller owns it, zeroed. text is what, where and what to do, one line of clean text
 * (clean_text.h) without newline. */
struct error {
    enum exit_code code;
    char text[700];
};

/* Fills e (the first error wins: an error already set stays) and returns code. */
int error_set(struct error *e, enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of two exit codes the one that the program ends with. */
int exit_code_worst(int a, int b);

#endif
