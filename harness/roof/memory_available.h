/* SPDX-License-Identifier: MIT */
#ifndef LB_MEMORY_AVAILABLE_H
#define LB_MEMORY_AVAILABLE_H

#include <stddef.h>

/* Bytes that this process can still take: the system's available memory, the address space limit, and what
 * the memory limits of its control group and of those above leave, in cgroup v2 and v1. The arguments stand
 * in for
 * "/proc/meminfo", "/proc/self/cgroup" and "/sys/fs/cgroup". Files that cannot be read limit nothing; without
 * any, the largest size_t. */
size_t memory_available(const char *meminfo_file, const char *cgroup_file, const char *cgroup_mount);

/* Of this machine. */
size_t memory_available_here(void);

#endif
