/* SPDX-License-Identifier: MIT */
#include "backends/tuning.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/contender.h"
#include "base/paths.h"

static struct tuning used[REGISTRY_MAX];
static int used_count;

static bool is_choice(const int *choices, int own, int size)
{
    if (size == 0 || size == own) return true;
    while (choices && *choices && *choices != size) choices++;
    return choices && *choices == size;
}

/* Other sizes than those that bench tune tries are proven by nothing, and a backend may take any of them for
 * another. */
static int check_sizes(const char *path, const struct backend *b, const struct tuning *t, struct error *e)
{
    const struct blocking_choices *c = b->choices;
    const struct {
        const char *name;
        const int *choices;
        int own, size;
    } sizes[] = {{"mr", c->mr, b->blocking.mr, t->blocking.mr},
                 {"nr", c->nr, b->blocking.nr, t->blocking.nr},
                 {"mc", c->mc, b->blocking.mc, t->blocking.mc},
                 {"nc", c->nc, b->blocking.nc, t->blocking.nc},
                 {"kc", c->kc, b->blocking.kc, t->blocking.kc}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (!is_choice(sizes[i].choices, sizes[i].own, sizes[i].size))
            return error_set(e, EXIT_USAGE,
                             "%.300s: %s with %d thread%s: its %s is not a size that bench tune tries; run "
                             "bench tune again, or use --tuning off",
                             path, t->backend, t->threads, t->threads == 1 ? "" : "s", sizes[i].name);
    return 0;
}

static int use_file(const char *path, int threads, struct error *e)
{
    for (int i = 0; i < registry_count() && used_count < REGISTRY_MAX; i++) {
        const struct backend *b = registry_at(i)->backend;
        bool found = false;
        if (!b || !b->choices) continue;
        struct tuning *const t = &used[used_count];
        if (tuning_find(path, registry_at(i)->name, threads, t, &found, e) ||
            (found && check_sizes(path, b, t, e)))
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
        return paths_in_cache(TUNING_FILE, cache) ? use_file(cache, threads, e) : 0;
    if (access(mode, R_OK) != 0)
        return error_set(
            e, EXIT_USAGE,
            "--tuning %.300s: cannot be read; allowed are auto, off, or a file written by bench tune", mode);
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

struct blocking tuning_effective(const struct registry_entry *entry, const struct plan *plan)
{
    const struct backend *b = registry_op_backend(entry, OP_gemm);
    struct plan tuned = *plan;
    tuned.blocking = tuning_blocking(b->name);
    return contender_blocking(b, &tuned);
}

char *tuning_text(const struct blocking *b, char text[TUNING_TEXT])
{
    char tile[32] = "tiles by product";
    if (b->mr || b->nr) snprintf(tile, sizeof tile, "mr %d nr %d", b->mr, b->nr);
    snprintf(text, TUNING_TEXT, "%s kc %d mc %d nc %d", tile, b->kc, b->mc, b->nc);
    return text;
}
