/* SPDX-License-Identifier: MIT */
#include "run/control_word.h"

#include <omp.h>
#include <xmmintrin.h>

enum { FLAGS = 0x3f }; /* what has happened since they were cleared */

unsigned control_word(void)
{
    return _mm_getcsr() & ~(unsigned)FLAGS;
}

unsigned control_word_of_team(int threads, unsigned expected)
{
    unsigned seen = expected;
#pragma omp parallel num_threads(threads)
    {
        const unsigned own = control_word();
#pragma omp critical
        if (own != expected) seen = own;
    }
    return seen;
}
