/* SPDX-License-Identifier: MIT */
#include "cli/saved_roofline.h"

#include <limits.h>

#include "base/paths.h"
#include "roof/roofline_cache.h"

bool saved_roofline_find(const struct session *s, struct roofline_rates *rates)
{
    char path[PATH_MAX];
    struct error e = {.code = EXIT_OK};
    bool found = false;
    if (paths_in_cache(ROOFLINE_CACHE, path))
        roofline_cache_find(path, s->env_id, s->plan.threads, rates, &found, &e);
    if (e.code)
        fprintf(stderr, "warning: %s\n", e.text);
    else if (!found && !s->options->quiet)
        fprintf(stderr,
                "note: ops.csv can only name FMA as the limit: bandwidths and divider of this machine are "
                "unknown with %d thread%s; measure them once: bench roofline --threads %d\n",
                s->plan.threads, s->plan.threads == 1 ? "" : "s", s->plan.threads);
    return found;
}

void saved_roofline_save(const char *env_id, const struct roofline_rates *rates, bool quiet)
{
    char path[PATH_MAX];
    struct error e = {.code = EXIT_OK};
    if (!paths_in_cache(ROOFLINE_CACHE, path)) return;
    if (roofline_cache_save(path, env_id, rates, &e))
        fprintf(stderr, "warning: not saved for later runs: %s\n", e.text);
    else if (!quiet)
        fprintf(stderr, "saved for runs with %d thread%s: %s\n", rates->threads,
                rates->threads == 1 ? "" : "s", path);
}
