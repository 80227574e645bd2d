/* SPDX-License-Identifier: MIT
 *
 * Bodies of the loops over memory, included by one file per ISA after register_loops.h. No pass is optimised
 * away: between two of them the compiler must assume that memory has changed. */
#ifndef LB_MEMORY_LOOPS_H
#define LB_MEMORY_LOOPS_H

#include "roof/loops.h"

/* As many 32-bit integers as the ISA's vector has floats. Integer sums are exact in any order. */
typedef uint32_t roof_ints __attribute__((vector_size(4 * ROOF_LANES), may_alias));

enum { ROOF_READ_SUMS = 8, ROOF_UNROLL = 4 };

_Static_assert(ROOF_BLOCK_FLOATS % (ROOF_READ_SUMS * ROOF_LANES) == 0, "a block is whole turns of read");
_Static_assert(ROOF_BLOCK_FLOATS % (ROOF_UNROLL * ROOF_LANES) == 0,
               "a block is whole turns of write and triad");

#define ROOF_NEW_PASS __asm__ volatile("" ::: "memory")

static uint32_t read_pass(const float *a, size_t count, long passes)
{
    const roof_ints *p = (const void *)a;
    const size_t vectors = count / ROOF_LANES;
    roof_ints sum[ROOF_READ_SUMS];
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_READ_SUMS; i++) sum[i] = (roof_ints){0};
    for (long pass = 0; pass < passes; pass++) {
        ROOF_NEW_PASS;
        for (size_t at = 0; at < vectors; at += ROOF_READ_SUMS) {
#pragma GCC unroll 32
            for (int i = 0; i < ROOF_READ_SUMS; i++) sum[i] += p[at + (size_t)i];
        }
    }
    uint32_t total = 0;
#pragma GCC unroll 32
    for (int i = 0; i < ROOF_READ_SUMS; i++) {
        uint32_t lanes[ROOF_LANES];
        __builtin_memcpy(lanes, &sum[i], sizeof lanes);
        for (int j = 0; j < ROOF_LANES; j++) total += lanes[j];
    }
    return total;
}

static void write_pass(float *a, size_t count, float value, long passes)
{
    roof_vec *p = (void *)a;
    const size_t vectors = count / ROOF_LANES;
    const roof_vec v = roof_set1(value);
    for (long pass = 0; pass < passes; pass++) {
        ROOF_NEW_PASS;
        for (size_t at = 0; at < vectors; at += ROOF_UNROLL) {
#pragma GCC unroll 32
            for (int i = 0; i < ROOF_UNROLL; i++) p[at + (size_t)i] = v;
        }
    }
    ROOF_NEW_PASS;
}

static void triad_pass(float *a, const float *b, const float *c, size_t count, float scale, long passes)
{
    roof_vec *p = (void *)a;
    const roof_vec *q = (const void *)b, *r = (const void *)c, s = roof_set1(scale);
    const size_t vectors = count / ROOF_LANES;
    for (long pass = 0; pass < passes; pass++) {
        ROOF_NEW_PASS;
        for (size_t at = 0; at < vectors; at += ROOF_UNROLL) {
#pragma GCC unroll 32
            for (int i = 0; i < ROOF_UNROLL; i++)
                p[at + (size_t)i] = roof_multiply_add(r[at + (size_t)i], s, q[at + (size_t)i]);
        }
    }
    ROOF_NEW_PASS;
}

/* What the file exports. */
#define ROOF_LOOPS                                                                                           \
    {                                                                                                        \
        .multiply_add = multiply_add, .flop_per_step = 2 * ROOF_LANES * ROOF_SUMS, .divide = divide,         \
        .square_root = square_root, .results_per_step = ROOF_LANES * ROOF_CHAINS, .read = read_pass,         \
        .write = write_pass, .triad = triad_pass                                                             \
    }

#endif
