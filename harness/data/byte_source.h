/* SPDX-License-Identifier: MIT
 *
 * Bytes to read once, forwards, from memory or from a descriptor, through a small window. */
#ifndef LB_BYTE_SOURCE_H
#define LB_BYTE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BYTE_SOURCE_WINDOW = 64 * 1024 };

struct byte_source {
    const uint8_t *next; /* unread part of the window */
    size_t have;
    int fd;          /* -1: memory, whose window is all of it */
    uint8_t *buffer; /* of BYTE_SOURCE_WINDOW bytes, the caller's, or NULL for memory */
    bool ended;
    int error; /* errno of a failed read; such a source is also ended */
};

struct byte_source byte_source_memory(const uint8_t *bytes, size_t size);
struct byte_source byte_source_descriptor(int fd, uint8_t *buffer);

/* Makes at least one unread byte available; false at the end. */
bool byte_source_fill(struct byte_source *s);

/* Copies up to size bytes; fewer only at the end. */
size_t byte_source_read(struct byte_source *s, uint8_t *to, size_t size);

#endif
