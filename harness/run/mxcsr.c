/* SPDX-License-Identifier: MIT */
#include "run/mxcsr.h"

#include <omp.h>
#include <xmmintrin.h>

enum { FLAGS = 0x3f }; /* what has happened since they were cleared */

unsigned mxcsr(void)
{
    return _mm_getcsr() & ~(unsigned)FLAGS;
}

unsigned mxcsr_of_team(int threads, unsigned expected)
{
    unsigned seen = expected;
#pragma omp parallel num_threads(threads)
    {
        const unsigned own = mxcsr();
#pragma omp critical
        if (own != expected) seen = own;
    }
    return seen;
}
