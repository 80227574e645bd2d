/* SPDX-License-Identifier: MIT
 *
 * THE COMPARER. It accepts an element only when its error is at most the bound, so NaN fails; it counts what
 * it compared and demands the count announced; and it notices references that an idle backend would satisfy.
 */
#ifndef LB_COMPARE_H
#define LB_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

/* Share of the bound reported when there is no finite one (NaN, or an error where equality is demanded). */
#define COMPARE_HOPELESS 1e30

enum compare_flag {
    COMPARE_IDLE_IS_RIGHT =
        1u << 0,                 /* the right answer may be what an idle backend leaves or writes: zeros */
    COMPARE_NONFINITE = 1u << 1, /* the truth holds NaN or Inf on purpose */
};

struct comparison {
    const char *what; /* the tensor compared; a string that outlives the comparison */
    unsigned flags;
    int columns; /* for printing an index */
    long long announced, compared, wrong;
    long long telling;   /* elements at which the idle answer would be rejected */
    long long nonfinite; /* elements whose truth is NaN or Inf */
    long long intruded;  /* bytes changed outside the elements */
    double worst;        /* largest error as a share of its bound */
    long long first;     /* linear index of the first wrong element, -1 */
    double first_expected, first_got, first_share;
};

/* announced elements will follow; columns per row. */
void compare_begin(struct comparison *c, const char *what, long long announced, int columns, unsigned flags);

/* The next element. It may lie `below` and `above` expected by so much. idle: what a backend that did nothing
 * would leave. Where expected is NaN, got must be NaN; where it is infinite, got must be the same infinity.
 */
void compare_element(struct comparison *c, double got, double expected, double below, double above,
                     double idle);

/* m x n elements, bounds symmetric, idle answer 0. expected and bound are dense. */
void compare_matrix(struct comparison *c, int m, int n, const float *got, int ld, const double *expected,
                    const double *bound);

/* The verdict. */
bool compare_passed(const struct comparison *c);

/* One line that says why it did not pass. */
void compare_describe(const struct comparison *c, char *text, size_t size);

#endif
