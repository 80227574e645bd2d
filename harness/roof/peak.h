/* SPDX-License-Identifier: MIT
 *
 * Peaks: how many multiply-adds per second this machine really does, measured, not taken from a data sheet.
 */
#ifndef LB_PEAK_H
#define LB_PEAK_H

#include <stdint.h>

#include "machine/isa_tiers.h"

/* The tier that a backend is compared with: the narrowest that has all bits it declares, but none that may
 * not be used. For one that declares none but uses a library (which looks at the CPU itself), the widest that
 * may be used. */
enum isa_tier isa_tier_of(const struct backend *backend, uint32_t usable_isa);

/* Measured single-precision peak of `threads` OpenMP threads together, in GFLOP/s: independent multiply-adds
 * in registers, enough of them to cover the latency, on all threads at the same time, for about `seconds`.
 * Only for an ISA that this CPU has. A multiply-add counts as two operations; baseline x86-64 has no fused
 * one, so its roof is a multiplication and an addition per pair of instructions. */
double peak_gflops(enum isa_tier tier, int threads, double seconds);

/* A rate as a share of the best measurement of the peak. NAN, not known, where there is none, or where the
 * rate exceeds it: then every measurement was disturbed, which can only make it too low, or the backend skips
 * work that the rate counts. */
double peak_share(double rate, double best_peak);

/* In the same way, divisions and square roots: results a second, in 10^9, of vectors whose latency others
 * hide. */
double peak_divisions(enum isa_tier tier, int threads, double seconds);
double peak_square_roots(enum isa_tier tier, int threads, double seconds);

#endif
