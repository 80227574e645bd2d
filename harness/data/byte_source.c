/* SPDX-License-Identifier: MIT */
#include "data/byte_source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct byte_source byte_source_memory(const uint8_t *bytes, size_t size)
{
    return (struct byte_source){.next = bytes, .have = size, .fd = -1, .ended = true};
}

struct byte_source byte_source_descriptor(int fd, uint8_t *buffer)
{
    return (struct byte_source){.fd = fd, .buffer = buffer};
}

/* One read of at most size bytes; 0 at the end or on failure. */
static size_t read_some(struct byte_source *s, uint8_t *to, size_t size)
{
    ssize_t n;
    do n = read(s->fd, to, size);
    while (n < 0 && errno == EINTR);
    if (n <= 0) {
        s->ended = true;
        s->error = n < 0 ? errno : 0;
        return 0;
    }
    return (size_t)n;
}

bool byte_source_fill(struct byte_source *s)
{
    if (s->have > 0) return true;
    if (s->ended) return false;
    s->next = s->buffer;
    s->have = read_some(s, s->buffer, BYTE_SOURCE_WINDOW);
    return s->have > 0;
}

size_t byte_source_read(struct byte_source *s, uint8_t *to, size_t size)
{
    size_t done = 0;
    while (done < size) {
        if (s->have == 0 && !s->ended && size - done >= BYTE_SOURCE_WINDOW) {
            done += read_some(s, to + done, size - done); /* large reads need no window */
            continue;
        }
        if (!byte_source_fill(s)) break;
        const size_t n = s->have < size - done ? s->have : size - done;
        memcpy(to + done, s->next, n);
        s->next += n;
        s->have -= n;
        done += n;
    }
    return done;
}
