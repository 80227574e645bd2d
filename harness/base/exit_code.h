/* SPDX-License-Identifier: MIT */
#ifndef LB_EXIT_CODE_H
#define LB_EXIT_CODE_H

/* The program's exit codes, as documented in --help. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_PROOF = 1,        /* a proof failed */
    EXIT_USAGE = 2,        /* unknown flag, impossible value */
    EXIT_REGRESSION = 3,   /* slower than the baseline, or a verdict that --fail-on names */
    EXIT_INCONCLUSIVE = 4, /* the judgement that was asked for cannot be made */
    EXIT_INTEGRITY = 5,    /* a contender violates an integrity check */
    EXIT_DATA = 6,         /* data missing or malformed */
    EXIT_NOTHING = 77,     /* what was asked for cannot run here */
    EXIT_INTERNAL = 99,    /* a failure of the harness or of the system under it */
    EXIT_INTERRUPTED = 130,
};

#endif
