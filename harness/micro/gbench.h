/* SPDX-License-Identifier: MIT
 *
 * A C interface to Google Benchmark: named cases in, one result per case and repetition out. Its own
 * flags, reports and output files work as its users know them. */
#ifndef LB_GBENCH_H
#define LB_GBENCH_H

#include <signal.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/error.h"

struct gbench_case {
    const char *name;
    void (*call)(void *context); /* the work of one iteration */
    void *context;
    double flop, bytes; /* of one iteration; counters where not 0 */
    const char *label;  /* a remark beside the result, or NULL */
    /* Called before each measurement, outside of it: NULL, or why the case cannot run. May be NULL. */
    const char *(*prepare)(void *context);
    /* Measures the flop a second that are possible at most; called before and after each measurement of a
     * case with flop, and the better of both counts. May be NULL. */
    double (*peak)(void *context);
};

struct gbench_result {
    void *context; /* of its case */
    long long iterations;
    int repetition;          /* from 0 */
    double seconds_per_call; /* wall time */
    double peak;             /* flop a second; 0: not measured */
};

/* Called for each measured repetition, not for means and the like. */
typedef void gbench_report_fn(void *context, const struct gbench_result *result);

/* Reads Google Benchmark's flags in argv[1..argc-1]. NULL, or in message[size] what is wrong with them. */
const char *gbench_flags(int argc, char **argv, char *message, unsigned long size);

/* Whether the file that --benchmark_out names, if it does, can be written. 0 or e (EXIT_INTERNAL). */
int gbench_check_out(struct error *e);

/* Whether the flags ask for the names only. */
bool gbench_lists_only(int argc, char **argv);

/* Another line of the context that Google Benchmark's reports begin with. Texts are copied. */
void gbench_context(const char *key, const char *value);

/* Runs the cases that the flags select; ends early when *stop becomes non-zero. Then writes the file that
 * --benchmark_out names, whole or not at all. Returns how many were selected; 0 and e, EXIT_INTERNAL, where
 * Google Benchmark itself fails. */
int gbench_run(const struct gbench_case *cases, int count, const volatile sig_atomic_t *stop,
               gbench_report_fn *report, void *context, struct error *e);

#ifdef __cplusplus
}
#endif
#endif
