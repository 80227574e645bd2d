/* SPDX-License-Identifier: MIT
 *
 * Small files of /proc and /sys below a root that tests can choose. */
#ifndef LB_KERNEL_FILES_H
#define LB_KERNEL_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of root/name without its end; false when it cannot be read, line is "" then. */
bool kernel_line(const char *root, const char *name, char *line, size_t size);

/* The number that root/name begins with. */
bool kernel_number(const char *root, const char *name, long long *value);

/* Reads a list of CPUs such as "0-3,8" into cpus; how many, at most `most`. */
int kernel_cpu_list(const char *text, int *cpus, int most);

/* How often the CPUs were slowed down for heat or power since boot (thermal_throttle of every CPU below a
 * root like "/sys"); -1 when no CPU counts it. */
long long kernel_throttle_events(const char *sys);

/* CPUs that share a core with one of cpus, without being one of them; how many, at most `most`. */
int kernel_siblings(const char *sys, const int *cpus, int count, int *siblings, int most);

#endif
