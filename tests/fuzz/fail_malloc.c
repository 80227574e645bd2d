/* SPDX-License-Identifier: MIT
 *
 * Preloaded into a program, makes one of its allocations fail: number FAIL_MALLOC_AT, from 1, of those that
 * the program itself or Jansson asks for. Other libraries are not the program's to mend: oneDNN allocates
 * before main, and hwloc crashes when it runs out of memory. The file FAIL_MALLOC_MARK is created when it has
 * happened. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, for whoever replaces malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static int counts(const void *caller)
{
    extern char *program_invocation_short_name;
    Dl_info from;
    if (!dladdr(caller, &from) || !from.dli_fname) return 0;
    const char *const slash = strrchr(from.dli_fname, '/');
    const char *const file = slash ? slash + 1 : from.dli_fname;
    return strcmp(file, program_invocation_short_name) == 0 || strncmp(file, "libjansson", 10) == 0;
}

static int fails(const void *caller)
{
    static _Atomic long count;
    const char *const at = getenv("FAIL_MALLOC_AT"), *const mark = getenv("FAIL_MALLOC_MARK");
    if (!at || !mark || !counts(caller) || ++count != strtol(at, NULL, 10)) return 0;
    const int f = open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (f < 0) abort();
    close(f);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (fails(__builtin_return_address(0))) return ENOMEM;
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}
