/* SPDX-License-Identifier: MIT
 *
 * Makes IDX files, good and bad, in memory. */
#ifndef LB_IDX_CASES_H
#define LB_IDX_CASES_H

#include <stddef.h>
#include <stdint.h>

#include "data/idx.h"

struct bytes {
    uint8_t *at; /* exactly size bytes of heap, so that a sanitizer sees the first byte too far; free() */
    size_t size;
};

/* One malformed file: how to make it and what the parser must call it. */
struct idx_case {
    const char *message;
    enum idx_kind kind; /* read as */
    enum idx_status expected;
    struct bytes (*make)(void);
};

extern const struct idx_case IDX_CASES[];
extern const size_t IDX_CASE_COUNT;

/* Raw content with the given sizes (rank is 1 or 3); data holds data_bytes bytes of i % 10. */
struct bytes idx_make(int rank, const uint32_t *dims, size_t data_bytes);

/* One gzip member around it, and with all the optional fields a header can have. */
struct bytes idx_gzip(struct bytes raw);
struct bytes idx_gzip_with_options(struct bytes raw);

/* Two members, the first with the first `at` bytes, and then `zeros` zeros. */
struct bytes idx_gzip_parts(struct bytes raw, size_t at, size_t zeros);

/* A small good file of 4 images of 5 x 6 pixels, or of 4 labels. Takes nothing, gives a buffer. */
struct bytes idx_good_images(void);
struct bytes idx_good_labels(void);

#endif
