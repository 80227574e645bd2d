/* SPDX-License-Identifier: MIT
 *
 * What the targets of the IDX parser share. */
#ifndef LB_FUZZ_IDX_INPUT_H
#define LB_FUZZ_IDX_INPUT_H

#include "data/idx.h"

/* idx_parse on these bytes; aborts when the error or the array is not as its header promises. The caller owes
 * *a an idx_free, which does nothing after a failure. cap in bytes. */
enum idx_status parse_checked(const uint8_t *bytes, size_t size, enum idx_kind kind, size_t cap,
                              struct idx_array *a);

/* How a gzip member is written. */
struct packing {
    int level;     /* of deflate, 0 .. 9 */
    int strategy;  /* Z_DEFAULT_STRATEGY .. Z_FIXED */
    int options;   /* bits of the header's optional parts: 1 its checksum, 2 extra field, 4 name, 8 comment */
    size_t blocks; /* a new block every so many bytes; 0 = as deflate likes */
};

/* size bytes as one gzip member; free(). Aborts when zlib fails. */
uint8_t *pack(const uint8_t *bytes, size_t size, const struct packing *how, size_t *packed);

#endif
