/* SPDX-License-Identifier: MIT
 *
 * IDX files, raw or gzip-compressed: two zero bytes, a type code, the rank, big-endian 32-bit sizes, then the
 * data. Input is untrusted: sizes are checked before memory is allocated, and a file must be exactly what its
 * header says. Peak memory of a call: 2 MiB, and the declared size (<= cap) or twice what the file really
 * holds, whichever is less. */
#ifndef LB_IDX_H
#define LB_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/idx_status.h"

#define IDX_DEFAULT_CAP ((size_t)1 << 30)

/* The value is the rank. */
enum idx_kind { IDX_LABELS = 1, IDX_IMAGES = 3 };

struct idx_limits {
    size_t cap;  /* bytes of header and data, decompressed; 0 = IDX_DEFAULT_CAP */
    int classes; /* labels must be below */
};

struct idx_array {
    enum idx_kind kind;
    uint32_t dims[3]; /* count, rows, cols; of labels count, 1, 1. Each >= 1 */
    uint8_t *content; /* the whole decompressed file, header included; owned, idx_free */
    size_t content_bytes;
    const uint8_t *data; /* after the header: dims[0] * dims[1] * dims[2] bytes */
    size_t data_bytes;
};

/* Parses size bytes as if they were the file `name`, which only serves the error's text. On failure *a is
 * empty and e is one line with name, problem and remedy, code EXIT_DATA. */
enum idx_status idx_parse(const uint8_t *bytes, size_t size, const char *name, enum idx_kind kind,
                          const struct idx_limits *limits, struct idx_array *a, struct error *e);

/* The same for a file, which must be a regular one: never blocks on a FIFO or a device. */
enum idx_status idx_load(const char *path, enum idx_kind kind, const struct idx_limits *limits,
                         struct idx_array *a, struct error *e);

/* Images and labels of one split belong together: equal counts. */
enum idx_status idx_check_pair(const struct idx_array *images, const char *images_name,
                               const struct idx_array *labels, const char *labels_name, struct error *e);

/* Reports a status of the file `name` as this header's functions do: "name: what (idx-...); remedy". Returns
 * s. */
enum idx_status idx_fail(enum idx_status s, const char *name, struct error *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void idx_free(struct idx_array *a);

#endif
