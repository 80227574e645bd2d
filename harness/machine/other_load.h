/* SPDX-License-Identifier: MIT
 *
 * What others take of the CPUs that a team of threads uses. */
#ifndef LB_OTHER_LOAD_H
#define LB_OTHER_LOAD_H

#include <stdbool.h>

#include "machine/cpu_time.h"

/* One reading of these CPUs and of this process. */
struct load_reading {
    double seconds; /* clock_seconds() */
    double own;     /* CPU seconds of this process so far, user and system */
    bool known;     /* the kernel says how the CPUs spent their time */
    struct cpu_time cpus;
};

/* Between two readings, as shares of the wall time of all these CPUs. NAN: not counted here. */
struct other_load {
    int cpus;
    double others; /* taken by other processes */
    double steal;  /* taken by the hypervisor */
    double blur;   /* so much of either may be due to the ticks that the kernel counts in */
};

/* stat_file: "/proc/stat". */
void load_read(struct load_reading *r, const char *stat_file, const int *cpus, int count);
struct other_load load_between(const struct load_reading *before, const struct load_reading *after,
                               int count);

/* The same over so many seconds in which this thread sleeps. */
struct other_load load_look(const char *stat_file, const int *cpus, int count, double seconds);

/* Whether others, hypervisor included, take more than 1 % beyond the blur: a turn that loses as much is
 * called disturbed. */
bool load_is_high(const struct other_load *l);

#endif
