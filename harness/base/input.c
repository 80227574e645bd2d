/* SPDX-License-Identifier: MIT */
#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean_text.h"

static const long long max_bytes[] = {
#define X(kind, most) [kind] = most,
    INPUT_KINDS(X)
#undef X
};

__attribute__((format(printf, 3, 4))) static int fail(struct input_problem *p, enum input_fault fault,
                                                      const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(p->why, sizeof p->why, format, ap);
    va_end(ap);
    clean_text(p->why);
    p->fault = fault;
    return -1;
}

static int fail_errno(struct input_problem *p)
{
    const int code = errno;
    const enum input_fault fault = code == ENOENT || code == ENOTDIR                    ? INPUT_MISSING
                                   : code == ENOMEM || code == EMFILE || code == ENFILE ? INPUT_NO_MEMORY
                                                                                        : INPUT_UNREADABLE;
    return fail(p, fault, "cannot be opened: %s", strerror(code));
}

static int check_regular(const struct stat *st, struct input_problem *p)
{
    if (S_ISREG(st->st_mode)) return 0;
    if (S_ISDIR(st->st_mode)) return fail(p, INPUT_DIRECTORY, "is a directory, not a file");
    if (S_ISFIFO(st->st_mode)) return fail(p, INPUT_FIFO, "is a FIFO, not a regular file");
    return fail(p, INPUT_NOT_REGULAR, "is a device or a socket, not a regular file");
}

enum exit_code input_exit_code(const struct input_problem *p, enum exit_code code)
{
    return p->fault == INPUT_NO_MEMORY ? EXIT_INTERNAL : code;
}

/* The kind of file is looked at before opening it, because opening some devices does something, and again
 * after, because the name may lead elsewhere by then. O_NONBLOCK: even then a FIFO cannot hold us up. */
int input_open(const char *path, long long *size, struct input_problem *p)
{
    struct stat st;
    *p = (struct input_problem){.fault = INPUT_OK};
    if (stat(path, &st) != 0) return fail_errno(p);
    if (check_regular(&st, p) != 0) return -1;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return fail_errno(p);
    if ((fstat(fd, &st) != 0 ? fail_errno(p) : check_regular(&st, p)) != 0) {
        close(fd);
        return -1;
    }
    *size = st.st_size;
    return fd;
}

static char *read_whole(int fd, size_t capacity, size_t *size, struct input_problem *p)
{
    char *text = malloc(capacity + 1);
    ssize_t n = 1;
    *size = 0;
    if (!text) fail(p, INPUT_NO_MEMORY, "cannot be read: out of memory");
    while (text && n != 0 && *size < capacity) {
        n = read(fd, text + *size, capacity - *size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            fail(p, INPUT_UNREADABLE, "cannot be read: %s", strerror(errno));
            free(text);
            return NULL;
        }
        *size += (size_t)n;
    }
    if (text) text[*size] = 0;
    return text;
}

char *input_read(const char *path, enum input_kind kind, size_t *size, struct input_problem *p)
{
    long long bytes;
    char *text = NULL;
    const int fd = input_open(path, &bytes, p);
    if (fd < 0) return NULL;
    if (bytes > max_bytes[kind])
        fail(p, INPUT_TOO_LARGE, "has %lld MiB, more than the limit of %lld", bytes >> 20,
             max_bytes[kind] >> 20);
    else
        text = read_whole(fd, (size_t)bytes, size, p);
    close(fd);
    return text;
}

/* ---- JSON ---- */

static json_t *clean_json(json_t *value);

static json_t *clean_string(const char *text)
{
    char *copy = strdup(text);
    json_t *clean = copy ? json_string(clean_text(copy)) : NULL;
    free(copy);
    return clean;
}

static int add_clean_member(json_t *object, const char *key, json_t *value)
{
    char *copy = strdup(key);
    const int failed = copy ? json_object_set_new(object, clean_text(copy), clean_json(value)) : -1;
    free(copy);
    return failed;
}

/* A copy with clean text; NULL when out of memory. */
static json_t *clean_json(json_t *value)
{
    const char *key;
    json_t *member, *copy;
    size_t i;
    bool lost = false;
    if (json_is_string(value)) return clean_string(json_string_value(value));
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach(value, key, member) lost |= add_clean_member(copy, key, member) != 0;
    } else if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, member) lost |= json_array_append_new(copy, clean_json(member)) != 0;
    } else {
        return json_copy(value);
    }
    if (!lost) return copy;
    json_decref(copy);
    return NULL;
}

json_t *input_json(const char *path, enum input_kind kind, size_t flags, struct input_problem *p)
{
    size_t size = 0;
    json_error_t why;
    char *text = input_read(path, kind, &size, p);
    if (!text) return NULL;
    json_t *read = json_loadb(text, size, flags, &why);
    free(text);
    if (!read) {
        const bool memory = json_error_code(&why) == json_error_out_of_memory;
        fail(p, memory ? INPUT_NO_MEMORY : INPUT_MALFORMED, "is not JSON: line %d: %s", why.line, why.text);
        return NULL;
    }
    json_t *clean = clean_json(read);
    json_decref(read);
    if (!clean) fail(p, INPUT_NO_MEMORY, "cannot be read: out of memory");
    return clean;
}
