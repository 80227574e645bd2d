/* SPDX-License-Identifier: MIT
 *
 * Bandwidth: how many bytes a second go between registers and a working set of a given size. Counted are the
 * bytes that the instructions read and write; the lines that a cache fetches before a store are not. */
#ifndef LB_BANDWIDTH_H
#define LB_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "roof/loops.h"

enum bandwidth { BANDWIDTH_READ, BANDWIDTH_WRITE, BANDWIDTH_TRIAD, BANDWIDTH_COUNT };

/* "read", "write", "triad" */
const char *bandwidth_name(enum bandwidth kind);

/* What `passes` passes over a working set did. */
struct bandwidth_done {
    double bytes;
    uint32_t checksum; /* of read: the sum of all bit patterns read, modulo 2^32; else 0 */
};

/* One thread's passes over the first `bytes` of memory, which is aligned to 64 bytes; of triad, over three
 * arrays that fill it. Uses as much of them as is whole blocks of every array. */
struct bandwidth_done bandwidth_run(const struct roof_loops *loops, enum bandwidth kind, float *memory,
                                    size_t bytes, long passes);

/* One working set per thread of an OpenMP team, each touched first by its owner. */
struct bandwidth_memory {
    int threads;
    size_t bytes;   /* of each thread */
    float **memory; /* per thread */
    size_t *cursor; /* per thread: where the next cold measurement starts, so that none meets what the one
                     * before it left in the caches */
};

/* EXIT_INTERNAL when the memory is not there. Free with bandwidth_memory_free in either case. */
int bandwidth_memory_init(struct bandwidth_memory *m, int threads, size_t bytes, struct error *e);
void bandwidth_memory_free(struct bandwidth_memory *m);

enum bandwidth_start { BANDWIDTH_WARM, BANDWIDTH_COLD };

/* 10^9 bytes a second of the whole team, each thread on the first `bytes` of its own memory over and over,
 * for about so many seconds. The time is the slowest thread's. WARM: after one pass that is not timed. COLD:
 * for a working set larger than all caches; starts where the last cold measurement ended, since a whole pass
 * may take longer than all of it is worth. */
double bandwidth_gbytes(const struct bandwidth_memory *m, enum isa_tier tier, enum bandwidth kind,
                        size_t bytes, enum bandwidth_start start, double seconds);

#endif
