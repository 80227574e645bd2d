/* SPDX-License-Identifier: MIT */
#include "base/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int unlinked_file(const char *dir, const char *name)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/%s-XXXXXX", dir, name);
    if (n >= (int)sizeof path) return -1;
    const int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    return fd;
}

int memory_file(const char *name)
{
    const char *const dirs[] = {getenv("TMPDIR"), "/tmp", "/dev/shm"};
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const int reason = errno;
    for (size_t i = 0; fd < 0 && i < sizeof dirs / sizeof *dirs; i++)
        if (dirs[i]) fd = unlinked_file(dirs[i], name);
    if (fd < 0) errno = reason;
    return fd;
}
