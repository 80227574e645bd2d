/* SPDX-License-Identifier: MIT
 *
 * The roof: how many multiply-adds a second this machine really does, measured, not taken from a data sheet.
 */
#ifndef LB_PEAK_H
#define LB_PEAK_H

#include <stdint.h>

#include "backend.h"

enum roof { ROOF_BASELINE, ROOF_AVX2, ROOF_AVX512, ROOF_COUNT };

/* "baseline", "avx2", "avx512" */
const char *roof_name(enum roof roof);

/* The roof over a backend: that of the ISA it declares. One that declares none but stands on a library (which
 * looks at the CPU itself) is held against the widest that may be used. */
enum roof roof_of(const struct backend *backend, uint32_t usable_isa);

/* The widest ISA among those bits. */
enum roof roof_widest(uint32_t isa);

/* Measured single-precision peak of `threads` OpenMP threads together, in GFLOP/s: independent multiply-adds
 * in registers, enough of them to cover the latency, on all threads at the same time, for about `seconds`.
 * Only for an ISA that this CPU has. A multiply-add counts as two operations; baseline x86-64 has no fused
 * one, so its roof is a multiplication and an addition per pair of instructions. */
double peak_gflops(enum roof roof, int threads, double seconds);

/* In the same way, divisions and square roots: results a second, in 10^9, of vectors whose latency others
 * hide. */
double peak_divisions(enum roof roof, int threads, double seconds);
double peak_square_roots(enum roof roof, int threads, double seconds);

#endif
