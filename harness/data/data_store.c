/* SPDX-License-Identifier: MIT */
#include "data/data_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory_file.h"

static const size_t ALIGNMENT = 64;

static int fail(struct error *e, const char *what)
{
    const char *advice = errno == EFBIG                       ? "; raise the limit of file sizes (ulimit -f)"
                         : errno == ENOMEM || errno == ENOSPC ? "; free memory and try again"
                         : errno == ENOSYS || errno == EPERM  ? "; a sandbox forbids it"
                                                              : "";
    return error_set(e, EXIT_INTERNAL, "the data set's shared memory: %s: %s%s", what, strerror(errno),
                     advice);
}

int data_store_create(struct data_store *s, struct error *e)
{
    s->end = 0;
    s->fd = memory_file("lanebench-data");
    return s->fd < 0 ? fail(e, "memfd_create") : 0;
}

int data_store_append(struct data_store *s, const uint8_t *bytes, size_t count, size_t *offset,
                      struct error *e)
{
    const size_t end = s->end + (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (ftruncate(s->fd, (off_t)end) != 0) return fail(e, "growing it");
    for (size_t done = 0; done < count;) {
        const ssize_t n = pwrite(s->fd, bytes + done, count - done, (off_t)(s->end + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(e, "writing it");
        done += (size_t)n;
    }
    *offset = s->end;
    s->end = end;
    return 0;
}

/* What cannot be sealed, being no memfd, is opened again for reading only. */
int data_store_seal(struct data_store *s, struct error *e)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    char path[64];
    if (fcntl(s->fd, F_ADD_SEALS, seals) == 0) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", s->fd);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(e, "protecting it");
    close(s->fd);
    s->fd = fd;
    return 0;
}

void *data_store_map(int fd, size_t bytes, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        fail(e, "reading its size");
        return NULL;
    }
    if (st.st_size < 0 || (size_t)st.st_size < bytes || bytes == 0) {
        error_set(e, EXIT_INTERNAL,
                  "the data set's shared memory holds %lld bytes instead of %zu; report this",
                  (long long)st.st_size, bytes);
        return NULL;
    }
    /* MAP_PRIVATE, because kernels before 6.7 refuse a shared mapping of a write-sealed memfd even for
     * reading. The pages still belong to the memfd, because they cannot be written to. */
    void *map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (map != MAP_FAILED) return map;
    fail(e, "mapping it");
    return NULL;
}

void *data_store_in_huge_pages(void *map, size_t bytes)
{
    void *copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) return map;
    madvise(copy, bytes, MADV_HUGEPAGE);
    memcpy(copy, map, bytes);
    mprotect(copy, bytes, PROT_READ);
    munmap(map, bytes);
    return copy;
}
