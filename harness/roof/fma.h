/* SPDX-License-Identifier: MIT */
#ifndef LB_FMA_H
#define LB_FMA_H

/* One per ISA, each in a file with that ISA's flags; called only where the CPU has it. */
struct fma_loop {
    double (*run)(long steps); /* the result means nothing but must be used */
    int flop_per_step;
};

extern const struct fma_loop fma_baseline, fma_avx2, fma_avx512;

#endif
