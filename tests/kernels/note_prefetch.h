/* SPDX-License-Identifier: MIT
 *
 * Included before a kernel's source: prefetches are noted instead of done. */
#ifndef LB_NOTE_PREFETCH_H
#define LB_NOTE_PREFETCH_H

#include <immintrin.h>

void note_prefetch(const void *address);

#undef _mm_prefetch
#define _mm_prefetch(address, hint) note_prefetch(address)

#endif
