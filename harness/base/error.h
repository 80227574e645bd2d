/* SPDX-License-Identifier: MIT
 * One failed call = one line for the user and one exit code. */
#ifndef LB_ERROR_H
#define LB_ERROR_H

/* The program's exit codes, as documented in --help. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_PROOF = 1,        /* a proof failed */
    EXIT_USAGE = 2,        /* unknown flag, impossible value */
    EXIT_REGRESSION = 3,   /* reserved for the gate */
    EXIT_INCONCLUSIVE = 4, /* reserved for the gate */
    EXIT_INTEGRITY = 5,    /* a contender violates an integrity check */
    EXIT_DATA = 6,         /* data missing or malformed */
    EXIT_NOTHING = 77,     /* what was asked for cannot run here */
    EXIT_INTERNAL = 99,    /* a failure of the harness or of the system under it */
    EXIT_INTERRUPTED = 130,
};

/* The caller owns it, zeroed. text is what, where and what to do, one line of clean text
 * (clean_text.h) without newline. */
struct error {
    enum exit_code code;
    char text[700];
};

/* Fills e (the first error wins: an error already set is kept) and returns code. */
int error_set(struct error *e, enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of two exit codes the one that the program ends with. */
int exit_code_worst(int a, int b);

#endif
