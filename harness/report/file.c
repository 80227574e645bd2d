/* SPDX-License-Identifier: MIT */
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *bytes, size_t count)
{
    while (count) {
        const ssize_t n = write(fd, bytes, count);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        bytes += n;
        count -= (size_t)n;
    }
    return fsync(fd);
}

int file_replace(const char *path, const char *bytes, size_t count, struct error *e)
{
    char temporary[4200];
    if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
        return error_set(e, EXIT_INTERNAL, "%.200s...: the path is too long", path);
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return error_set(e, EXIT_INTERNAL, "%s: cannot be created: %s", temporary, strerror(errno));
    int failed = write_all(fd, bytes, count) != 0 ? errno : 0;
    if (close(fd) != 0 && !failed) failed = errno;
    if (!failed && rename(temporary, path) != 0) failed = errno;
    if (!failed) return 0;
    unlink(temporary);
    return error_set(e, EXIT_INTERNAL, "%s: cannot be written: %s", path, strerror(failed));
}

char *file_format_real(char *text, size_t size, double value)
{
    snprintf(text, size, "%.9g", value);
    const char *point = localeconv()->decimal_point;
    char *found = strcmp(point, ".") != 0 ? strstr(text, point) : NULL;
    if (found) { /* the locale's point may have several bytes */
        const size_t length = strlen(point);
        memmove(found + 1, found + length, strlen(found + length) + 1);
        *found = '.';
    }
    return text;
}
