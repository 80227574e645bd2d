/* SPDX-License-Identifier: MIT
 *
 * How CPUs spent their time, as the kernel counts it. */
#ifndef LB_CPU_TIME_H
#define LB_CPU_TIME_H

#include <stdbool.h>

/* Seconds since boot, summed over the CPUs asked for. The kernel counts in ticks of 10 ms on most systems, so
 * the difference of two readings is accurate to one tick per CPU. */
struct cpu_time {
    double busy;  /* user, nice, system and interrupts */
    double steal; /* wanted to run, but the hypervisor ran something else; NAN where it is not counted */
};

/* From a file like "/proc/stat". False when one of the CPUs is not in it; none at all is false too. */
bool cpu_time_read(const char *stat_file, const int *cpus, int count, struct cpu_time *t);

#endif
