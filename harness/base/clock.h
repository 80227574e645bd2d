/* SPDX-License-Identifier: MIT */
#ifndef LB_CLOCK_H
#define LB_CLOCK_H

#include <time.h>

/* Monotonic seconds since an arbitrary start. */
static inline double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
