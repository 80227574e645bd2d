/* SPDX-License-Identifier: MIT
 *
 * The file front of the IDX parser. */
#include "data/idx_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum idx_status check_regular(const struct stat *st, const char *path, struct error *e)
{
    if (S_ISREG(st->st_mode)) return IDX_OK;
    if (S_ISDIR(st->st_mode)) return idx_fail(IDX_DIRECTORY, path, e, "is a folder, not a file");
    if (S_ISFIFO(st->st_mode)) return idx_fail(IDX_FIFO, path, e, "is a FIFO, not a regular file");
    return idx_fail(IDX_NOT_REGULAR, path, e, "is a device or a socket, not a regular file");
}

static enum idx_status fail_errno(const char *path, struct error *e)
{
    const int code = errno;
    const enum idx_status s = code == ENOENT || code == ENOTDIR                    ? IDX_MISSING
                              : code == ENOMEM || code == EMFILE || code == ENFILE ? IDX_OUT_OF_MEMORY
                                                                                   : IDX_UNREADABLE;
    return idx_fail(s, path, e, "cannot be opened: %s", strerror(code));
}

/* The kind of file is looked at before opening it, because opening some devices does something, and again
 * after, because the name may lead elsewhere by then. O_NONBLOCK: even then a FIFO cannot hold us up. */
static enum idx_status open_regular(const char *path, int *fd, struct error *e)
{
    struct stat st;
    *fd = -1;
    if (stat(path, &st) != 0) return fail_errno(path, e);
    enum idx_status s = check_regular(&st, path, e);
    if (s != IDX_OK) return s;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return fail_errno(path, e);
    if (fstat(*fd, &st) != 0) return fail_errno(path, e);
    return check_regular(&st, path, e);
}

enum idx_status idx_load(const char *path, enum idx_kind kind, const struct idx_limits *limits,
                         struct idx_array *a, struct error *e)
{
    int fd;
    *a = (struct idx_array){.kind = kind};
    enum idx_status s = open_regular(path, &fd, e);
    uint8_t *window = NULL;
    if (s == IDX_OK && !(window = malloc(BYTE_SOURCE_WINDOW)))
        s = idx_fail(IDX_OUT_OF_MEMORY, path, e, "no memory to read it");
    if (s == IDX_OK) {
        struct byte_source in = byte_source_descriptor(fd, window);
        s = idx_parse_source(&in, path, kind, limits, a, e);
    }
    free(window);
    if (fd >= 0) close(fd);
    return s;
}
