/* SPDX-License-Identifier: MIT */
#include "base/paths.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(const char *path, int *made, struct error *e)
{
    if (mkdir(path, 0755) == 0) {
        if (made) *made = 1;
        return 0;
    }
    if (errno == EEXIST) return 0;
    return error_set(e, EXIT_INTERNAL, "%s: the directory cannot be created: %s", path, strerror(errno));
}

int paths_make_dir(const char *path, int *made, struct error *e)
{
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = part + 1; *slash; slash++) {
        if (*slash != '/') continue;
        *slash = 0;
        if (make(part, NULL, e)) return (int)e->code;
        *slash = '/';
    }
    return make(part, made, e);
}

bool paths_in_cache(const char *name, char *path)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = 0;
    if (cache && cache[0] == '/') {
        n = snprintf(path, PATH_MAX, "%s/lanebench/%s", cache, name);
        return n > 0 && n < PATH_MAX;
    }
    if (!home || home[0] != '/') {
        const struct passwd *user = getpwuid(getuid());
        home = user ? user->pw_dir : NULL;
    }
    if (!home || home[0] != '/') return false;
    n = snprintf(path, PATH_MAX, "%s/.cache/lanebench/%s", home, name);
    return n > 0 && n < PATH_MAX;
}
