/* SPDX-License-Identifier: MIT
 *
 * The CPU time that control groups allow this process, in CPUs. */
#ifndef LB_CGROUP_H
#define LB_CGROUP_H

/* Smallest quota / period along the process's own group and its parents, in cgroup v2 (cpu.max) and v1
 * (cpu.cfs_quota_us); 0 = no limit, or none that can be read. The arguments name the process's cgroup and
 * mountinfo files, "/proc/self/cgroup" and "/proc/self/mountinfo". */
double cgroup_quota_cpus(const char *cgroup_file, const char *mountinfo_file);

/* Seconds that threads were held back by such quotas since the groups were made, summed over the threads and
 * over the same groups (cpu.stat); NAN where none of them counts it. Same arguments. */
double cgroup_throttled_seconds(const char *cgroup_file, const char *mountinfo_file);

#endif
