/* SPDX-License-Identifier: MIT */
#include "tune/tuning.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/folders.h"

static struct tuning used[REGISTRY_MAX];
static int used_count;

static int use_file(const char *path, int threads, struct error *e)
{
    for (int i = 0; i < registry_count() && used_count < REGISTRY_MAX; i++) {
        const struct backend *b = registry_at(i)->backend;
        bool found = false;
        if (!b || !b->choices) continue;
        if (tuning_find(path, registry_at(i)->name, threads, &used[used_count], &found, e))
            return (int)e->code;
        used_count += found;
    }
    return 0;
}

int tuning_use(const char *mode, int threads, struct error *e)
{
    char cache[PATH_MAX];
    used_count = 0;
    if (mode && strcmp(mode, "off") == 0) return 0;
    if (!mode || strcmp(mode, "auto") == 0)
        return folders_cache(TUNING_FILE, cache) ? use_file(cache, threads, e) : 0;
    if (access(mode, R_OK) != 0)
        return error_set(e, EXIT_USAGE,
                         "--tuning %.300s: no such file, or not readable; allowed are auto, off, or a file "
                         "that bench tune has written",
                         mode);
    return use_file(mode, threads, e);
}

const struct tuning *tuning_of(const char *backend)
{
    for (int i = 0; i < used_count; i++)
        if (strcmp(used[i].backend, backend) == 0) return &used[i];
    return NULL;
}

struct blocking tuning_blocking(const char *backend)
{
    const struct tuning *t = tuning_of(backend);
    return t ? t->blocking : (struct blocking){0};
}

struct blocking tuning_effective(const struct backend *b)
{
    const struct plan plan = {.blocking = tuning_blocking(b->name)};
    return contender_blocking(b, &plan);
}

char *tuning_text(const struct blocking *b, char text[TUNING_TEXT])
{
    snprintf(text, TUNING_TEXT, "mr %d nr %d kc %d mc %d nc %d", b->mr, b->nr, b->kc, b->mc, b->nc);
    return text;
}
