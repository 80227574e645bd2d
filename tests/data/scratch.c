/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <assert.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char dir[PATH_MAX / 2];

void scratch_create(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/lanebench-test-XXXXXX", base && *base ? base : "/tmp");
    char *made = mkdtemp(dir);
    assert(made);
    (void)made;
    chmod(dir, 0755);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

void scratch_remove(void)
{
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, PATH_MAX, "%s%s%s", dir, *name ? "/" : "", name);
    return path;
}

const char *scratch_write(const char *name, const void *bytes, size_t size)
{
    const char *path = scratch_path(name);
    FILE *f = fopen(path, "wb");
    assert(f);
    const size_t written = fwrite(bytes, 1, size, f);
    const int closed = fclose(f);
    assert(written == size && closed == 0);
    (void)written, (void)closed;
    return path;
}
