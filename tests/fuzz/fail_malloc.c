/* SPDX-License-Identifier: MIT
 *
 * Linked into a copy of the program with --wrap, makes its allocations fail: of those that the program itself
 * or Jansson asks for, number FAIL_MALLOC_AT, from 1, or with a '+' behind it all from that one on. Other
 * libraries are not the program's to mend: oneDNN allocates before main, and hwloc crashes when it runs out
 * of memory.
 *
 *   FAIL_MALLOC_IN    "worker" or "parent": the process that is meant; each counts for itself
 *   FAIL_MALLOC_MARK  a file that is created when an allocation has failed
 *   FAIL_MALLOC_COUNT a file that receives the number of allocations when the process leaves by exit() */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
char *__real_strdup(const char *text);
int __real_vasprintf(char **text, const char *format, va_list arguments);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_vasprintf(char **text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool meant; /* this process */
static long first, last;
static _Atomic long count;

static void read_wishes(int argc, char **argv)
{
    const char *const where = getenv("FAIL_MALLOC_IN"), *const at = getenv("FAIL_MALLOC_AT");
    const bool worker = argc > 1 && strcmp(argv[1], "worker") == 0;
    char *end = NULL;
    meant = where && strcmp(where, worker ? "worker" : "parent") == 0;
    first = at ? strtol(at, &end, 10) : 0;
    last = end && *end == '+' ? __LONG_MAX__ : first;
}

/* glibc gives main's arguments to constructors. */
__attribute__((constructor)) static void begin(int argc, char **argv)
{
    read_wishes(argc, argv);
    json_set_alloc_funcs(__wrap_malloc, free);
}

static int create(const char *path)
{
    const int f = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    if (f < 0) abort();
    return f;
}

__attribute__((destructor)) static void tell_count(void)
{
    const char *const path = getenv("FAIL_MALLOC_COUNT");
    if (!meant || !path) return;
    const int f = create(path);
    if (dprintf(f, "%ld\n", count) < 0) abort();
    close(f);
}

static bool fails(void)
{
    if (!meant) return false;
    const long number = ++count;
    if (number < first || number > last) return false;
    const char *const mark = getenv("FAIL_MALLOC_MARK");
    if (!mark) abort();
    close(create(mark));
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails() ? NULL : __real_realloc(block, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    return fails() ? ENOMEM : __real_posix_memalign(block, alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
    return fails() ? -1 : __real_vasprintf(text, format, arguments);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = __wrap_vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

/* What the two become with _FORTIFY_SOURCE. */
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list arguments)
{
    (void)flag;
    return __wrap_vasprintf(text, format, arguments);
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
    va_list arguments;
    (void)flag;
    va_start(arguments, format);
    const int length = __wrap_vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}
