/* SPDX-License-Identifier: MIT */
#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ending.h"

int file_sync(int fd)
{
    if (fsync(fd) == 0 || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM)
        return 0;
    return -1;
}

static int write_all(int fd, const char *bytes, size_t count)
{
    while (count) {
        const ssize_t n = write(fd, bytes, count);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        bytes += n;
        count -= (size_t)n;
    }
    return file_sync(fd);
}

/* Where the new content goes: a file to be renamed, or the path itself. Returns its length, which may be too
 * much for `size`. */
static int place_of(const char *path, char *place, size_t size, bool *renamed)
{
    struct stat s;
    *renamed = lstat(path, &s) != 0 || S_ISREG(s.st_mode);
    return snprintf(place, size, *renamed ? "%s.tmp" : "%s", path);
}

/* The descriptor of that place, or -1 and e. */
static int open_place(const char *path, char *place, size_t size, bool *renamed, struct error *e)
{
    if (place_of(path, place, size, renamed) >= (int)size) {
        error_set(e, EXIT_INTERNAL, "%.200s...: the path is too long", path);
        return -1;
    }
    const int fd = open(place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
    if (fd < 0) error_set(e, EXIT_INTERNAL, "%s: cannot be created: %s", place, strerror(errno));
    return fd;
}

/* 0, or the reason as an errno. */
static int write_and_close(int fd, const char *bytes, size_t count)
{
    const int failed = write_all(fd, bytes, count) != 0 ? errno : 0;
    return close(fd) != 0 && !failed ? errno : failed;
}

int file_replace(const char *path, const char *bytes, size_t count, struct error *e)
{
    char place[4200];
    bool renamed;
    ending_hold();
    const int fd = open_place(path, place, sizeof place, &renamed, e);
    if (fd >= 0) {
        int failed = write_and_close(fd, bytes, count);
        if (!failed && renamed && rename(place, path) != 0) failed = errno;
        if (failed && renamed) unlink(place);
        if (failed) error_set(e, EXIT_INTERNAL, "%s: cannot be written: %s", path, strerror(failed));
    }
    ending_let();
    return (int)e->code;
}

int file_check_place(const char *path, struct error *e)
{
    char place[4200];
    struct stat s;
    bool renamed;
    if (place_of(path, place, sizeof place, &renamed) < (int)sizeof place && !renamed &&
        stat(path, &s) == 0) {
        if (access(path, W_OK) == 0 && !S_ISDIR(s.st_mode)) return 0;
        return error_set(e, EXIT_INTERNAL, "%s: cannot be written: %s", path,
                         S_ISDIR(s.st_mode) ? strerror(EISDIR) : strerror(errno));
    }
    const int fd = open_place(path, place, sizeof place, &renamed, e);
    if (fd >= 0) {
        close(fd);
        unlink(place);
    }
    return (int)e->code;
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
