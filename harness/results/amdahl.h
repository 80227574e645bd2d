/* SPDX-License-Identifier: MIT
 *
 * Amdahl's law on two backends of a run: how much faster the matrix products became, how much the epoch, and
 * what the epoch spends its time on now. */
#ifndef LB_AMDAHL_H
#define LB_AMDAHL_H

#include <stdbool.h>

/* A line of ops.csv, "other" included: median seconds of an epoch. */
struct amdahl_part {
    const char *name;
    double seconds;
};

struct amdahl_side {
    const char *name;
    double epoch; /* median seconds */
    const struct amdahl_part *parts;
    int count;
};

enum { AMDAHL_ALONG = 128 };

struct amdahl {
    double products, epoch;   /* how many times as fast */
    char along[AMDAHL_ALONG]; /* ops that are counted with the products, "bias_act and rmsprop"; or "" */
    const char *largest;      /* part of the fast one outside the products; NULL: there is none */
    double share;             /* of it, in the fast one's epoch */
    double before;            /* of the same part in the slow one's epoch */
};

/* An op that one of the two has no line of its own for is inside that one's products, so it is counted with
 * the products in both: like is compared with like. False where nothing can be said: a side without products,
 * or with a line of an unknown name, in which anything may be. */
bool amdahl_of(struct amdahl *a, const struct amdahl_side *slow, const struct amdahl_side *fast);

#endif
