/* SPDX-License-Identifier: MIT
 *
 * THE COMPARER. It accepts an element only when its error is at most the bound, so NaN fails; it counts what
 * it compared and demands the count announced; and it notices references that an idle backend would satisfy.
 */
#ifndef LB_COMPARE_H
#define LB_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Share of the bound that is reported if there is no finite one (NaN, or an error where equality is
 * demanded). */
#define COMPARE_HOPELESS 1e30

/* The map of the wrong region: at most so many rows and columns of cells, and the bytes of its text. */
enum { COMPARE_MAP_ROWS = 8, COMPARE_MAP_COLUMNS = 16, COMPARE_MAP_TEXT = COMPARE_MAP_ROWS * 17 };

enum { COMPARE_PLACE_TEXT = 80 };

enum compare_flag {
    COMPARE_IDLE_IS_RIGHT =
        1u << 0,                 /* the correct answer may be what an idle backend leaves or writes: zeros */
    COMPARE_NONFINITE = 1u << 1, /* the truth holds NaN or Inf on purpose */
    COMPARE_TIGHT =
        1u << 2, /* correct results come arbitrarily close to the bound: one rounding is all there is, or
                    outweighs all others; or a gradient smaller than its own bound counts as 0 */
};

/* The extents of a result, and the smallest rectangle of it that holds every wrong element. */
struct compare_region {
    long long rows, columns; /* 0: no element is wrong, or where is not known */
    long long first_row, last_row, first_column, last_column;
};

struct comparison {
    const char *what; /* the tensor compared; a string that outlives the comparison */
    unsigned flags;
    int columns; /* for printing an index */
    long long announced, compared, wrong;
    long long telling;                    /* elements at which the idle answer would be rejected */
    long long nonfinite;                  /* elements whose truth is NaN or Inf */
    long long intruded;                   /* bytes changed outside the elements */
    char intruded_at[COMPARE_PLACE_TEXT]; /* where the first of them is; "" when that is not known */
    double worst;                         /* largest error as a share of its bound */
    long long first;                      /* linear index of the first wrong element, -1 */
    double first_expected, first_got, first_share;
    double first_below, first_above; /* what that element was allowed */
    struct compare_region region;
    uint16_t map[COMPARE_MAP_ROWS]; /* bit j of row i: something in that cell is wrong */
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

/* One line that says why it did not pass. An element that is wrong in kind, or that had to be equal, has no
 * share of a bound: then the line says what it had to be. Returns text. */
char *compare_describe(const struct comparison *c, char *text, size_t size);

/* Where the wrong elements lie: '#' for a cell with wrong ones, '.' for one without, '/' between rows; ""
 * when none is wrong, or there is only one element. A cell is one element, or an equal part of a matrix with
 * more elements than cells. */
void compare_map(const struct comparison *c, char text[COMPARE_MAP_TEXT]);

/* What a cell of the map of a result of these extents is: "1 element", "5 x 3 elements or fewer". Returns
 * text. */
char *compare_map_scale(long long rows, long long columns, char *text, size_t size);

#endif
