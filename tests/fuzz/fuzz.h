/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share. A target aborts on what must not happen; anything else is a pass. */
#ifndef LB_FUZZ_H
#define LB_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The fuzzer's entry point, and that of standalone.c. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts with the line and what was demanded. */
#define FUZZ_DEMAND(condition)                                                                               \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* Input, taken from the front; zeros once it is used up. */
struct fuzz_input {
    const uint8_t *next;
    size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
    if (!in->left) return 0;
    in->left--;
    return *in->next++;
}

#endif
