/* SPDX-License-Identifier: MIT
 *
 * What `bench tune` found, saved for later runs: one JSON file for all CPU models, backends and team sizes.
 *
 *   {"schema": 1, "tunings": [{"cpu": model, "isa": usable ISA, "backend": name, "threads": n,
 *     "blocking": {"mr": n, "nr": n, "mc": n, "nc": n, "kc": n}, "gain_percent": x, "commit": of the program,
 *     "utc": when}, ...]}
 */
#ifndef LB_TUNING_FILE_H
#define LB_TUNING_FILE_H

#include <stdbool.h>

#include "backends/registry.h"
#include "base/error.h"

/* One entry. What identifies it (cpu, isa) is this machine's and not stored here. In one that was read, a
 * size that is not a positive int is -1; mr and nr 0: the tile is chosen for each product. */
struct tuning {
    char backend[64];
    int threads;
    struct blocking blocking;
    double gain_percent; /* less time than with the defaults, over the shapes of the search */
    char commit[64], utc[32];
};

/* Finds the entry for this CPU, this usable ISA, the backend and the team size. *found tells. A file that is
 * not there has no entries; one that is not such a file is EXIT_USAGE with its path and what is wrong. */
int tuning_find(const char *path, const char *backend, int threads, struct tuning *tuning, bool *found,
                struct error *e);

/* Adds the entry or replaces the one it supersedes; makes the directory. 0; or e, and the file is unchanged.
 */
int tuning_keep(const char *path, const struct tuning *tuning, struct error *e);

/* Removes the entry, if there is one: the defaults were not beaten. */
int tuning_drop(const char *path, const char *backend, int threads, struct error *e);

#endif
