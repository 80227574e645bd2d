/* SPDX-License-Identifier: MIT
 *
 * The timed loops of the roofline, one set per ISA in a file with that ISA's flags; called only where the CPU
 * has it. Pointers are aligned to 64 bytes, counts of floats are multiples of ROOF_BLOCK_FLOATS. */
#ifndef LB_LOOPS_H
#define LB_LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "machine/isa_tiers.h"

/* What the loops over memory do in one go, with the vectors of every ISA: 512 bytes. */
enum { ROOF_BLOCK_FLOATS = 128 };

struct roof_loops {
    /* Independent multiply-adds, divisions, square roots in registers. The result means nothing but must be
     * used, so that nothing is optimised away; it is always positive. */
    double (*multiply_add)(long steps);
    int flop_per_step;
    double (*divide)(long steps);
    double (*square_root)(long steps);
    int results_per_step; /* of divide and square_root */

    /* Reads a[count] `passes` times. Returns the sum of the floats' bit patterns, as integers modulo 2^32,
     * over all passes. */
    uint32_t (*read)(const float *a, size_t count, long passes);
    /* a[i] = value for i < count, `passes` times. */
    void (*write)(float *a, size_t count, float value, long passes);
    /* a[i] = b[i] + scale * c[i] for i < count, `passes` times. */
    void (*triad)(float *a, const float *b, const float *c, size_t count, float scale, long passes);
};

#define ISA_TIER(ID, name, onednn, needs) extern const struct roof_loops loops_##name;
#include "machine/isa_tiers.def"
#undef ISA_TIER

/* Those of a tier. */
const struct roof_loops *roof_loops(enum isa_tier tier);

#endif
