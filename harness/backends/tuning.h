/* SPDX-License-Identifier: MIT
 *
 * The blockings that this program runs with: those that `bench tune` has saved for this machine, or none. Set
 * once, before anything is opened. */
#ifndef LB_TUNING_H
#define LB_TUNING_H

#include "backends/tuning_file.h"

/* The file in the cache directory. */
#define TUNING_FILE "tuning.json"

enum { TUNING_TEXT = 96 };

/* mode "auto" (or NULL): the cache's file, where there is one; "off": the backends' own defaults; else the
 * path of a file, which must be there. threads: of the team. 0 or e. */
int tuning_use(const char *mode, int threads, struct error *e);

/* The tuning of this backend, or NULL: its defaults. */
const struct tuning *tuning_of(const char *backend);

/* Its blocking, or zeros: what plan->blocking takes. */
struct blocking tuning_blocking(const char *backend);

/* What gemm of this entry really uses under this plan: the tuned sizes, for the rest its backend's own. */
struct blocking tuning_effective(const struct registry_entry *entry, const struct plan *plan);

/* The sizes for people: "mr 6 nr 64 kc 512 mc 256 nc 2048", or "tiles by product kc 512 ...". Returns text.
 */
char *tuning_text(const struct blocking *b, char text[TUNING_TEXT]);

#endif
