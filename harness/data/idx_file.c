/* SPDX-License-Identifier: MIT
 *
 * The file front of the IDX parser. */
#include "data/idx_source.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/input.h"

static enum idx_status status_of(enum input_fault fault)
{
    switch (fault) {
    case INPUT_MISSING:
        return IDX_MISSING;
    case INPUT_DIRECTORY:
        return IDX_DIRECTORY;
    case INPUT_FIFO:
        return IDX_FIFO;
    case INPUT_NOT_REGULAR:
        return IDX_NOT_REGULAR;
    case INPUT_NO_MEMORY:
        return IDX_OUT_OF_MEMORY;
    default:
        return IDX_UNREADABLE;
    }
}

enum idx_status idx_load(const char *path, enum idx_kind kind, const struct idx_limits *limits,
                         struct idx_array *a, struct error *e)
{
    struct input_problem wrong;
    long long size;
    *a = (struct idx_array){.kind = kind};
    const int fd = input_open(path, &size, &wrong);
    if (fd < 0) return idx_fail(status_of(wrong.fault), path, e, "%s", wrong.why);
    enum idx_status s;
    uint8_t *window = malloc(BYTE_SOURCE_WINDOW);
    if (window) {
        struct byte_source in = byte_source_descriptor(fd, window);
        s = idx_parse_source(&in, path, kind, limits, a, e);
    } else {
        s = idx_fail(IDX_OUT_OF_MEMORY, path, e, "no memory to read it");
    }
    free(window);
    close(fd);
    return s;
}
