/* SPDX-License-Identifier: MIT
 *
 * What the failing cases of an op have in common and the passing ones have not: a pure function of the cases'
 * texts and of where their results are wrong. */
#ifndef LB_FAILURE_PATTERN_H
#define LB_FAILURE_PATTERN_H

#include <stdbool.h>

#include "proof/compare.h"

enum { PATTERN_EXTENTS = 3, PATTERN_LARGEST_MODULUS = 64, PATTERN_MAX_KEYS = 16, PATTERN_TEXT = 240 };

/* Bits of places: all wrong elements of a case lie there. */
enum pattern_place {
    WRONG_IN_FIRST_COLUMN = 1 << 0,
    WRONG_IN_LAST_COLUMN = 1 << 1,
    WRONG_IN_FIRST_ROW = 1 << 2,
    WRONG_IN_LAST_ROW = 1 << 3,
    WRONG_IN_COLUMN_TAIL = 1 << 4, /* and the next three: after the last multiple of 4, 8, 16, 32 columns */
    WRONG_IN_ROW_TAIL = 1 << 8,    /* likewise of rows */
};

/* What the cases of one kind, failed or passed, have in an extent. */
struct extent_values {
    int count, smallest, largest;
    int residues[PATTERN_LARGEST_MODULUS]; /* how many of them are r modulo that */
};

struct pattern_extent {
    struct extent_values failed, passed;
};

/* A word of a case's text such as "beta=0": whether all failing cases have the value of the first one. */
struct pattern_key {
    char name[16], value[24]; /* of the first failing case; "": none has failed */
    char passed[24];          /* value of the first passing case */
    bool in_all_failed;
    bool passed_several; /* passing cases have different values */
};

struct failure_pattern {
    long long failed, passed, located;              /* located: failed, and where is known */
    unsigned places;                                /* enum pattern_place, of all located cases */
    long long max_rows, max_columns;                /* of the located results */
    struct pattern_extent extents[PATTERN_EXTENTS]; /* m, n, k */
    int keys;
    struct pattern_key key[PATTERN_MAX_KEYS];
    int training; /* the class of the training shapes: 0 not tried, 1 passed, -1 failed */
};

/* m, n and k of a case's text, 0 for those that it has not: "gemm NT 5x7x9 ...", "bias_act 5x7 ...",
 * "vexp n=17 ...". */
void pattern_extents_of(const char *case_text, int extents[PATTERN_EXTENTS]);

/* Adds a case. wrong: where its result is wrong, which may not be known; NULL: the case passed. */
void pattern_add(struct failure_pattern *p, const char *case_text, const struct compare_region *wrong);

/* Adds that a class of cases is complete. */
void pattern_add_class(struct failure_pattern *p, const char *cases, long long failed);

/* "all in column n-1; n mod 32 in 17..31; the training shapes pass"; "" where nothing is known. One failing
 * case has nothing in common with others. Returns text. */
char *pattern_text(const struct failure_pattern *p, char text[PATTERN_TEXT]);

#endif
