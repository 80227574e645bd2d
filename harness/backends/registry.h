/* SPDX-License-Identifier: MIT
 *
 * Every backend that this program knows: the lines of the backend table in kernels/meson.build, then the
 * plug-ins of the command line. The harness never names a backend; it walks this list. */
#ifndef LB_REGISTRY_H
#define LB_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "backend.h"
#include "backends/plugin.h"
#include "backends/spec.h"
#include "base/error.h"

enum { REGISTRY_MAX = 64, REGISTRY_MAX_PLUGINS = 16 };

enum backend_status {
    BACKEND_READY,
    BACKEND_UNSUPPORTED, /* the CPU, or the cap, lacks what it needs */
    BACKEND_NOT_BUILT,   /* left out at configure time */
};

struct program; /* see run/program.h */

struct registry_entry {
    const char *name;              /* clean text */
    const struct backend *backend; /* NULL when not built */
    const char *compiled_as;       /* compiler flags of its file beyond the common ones */
    const char *absent_reason;     /* why it was not built, or NULL */
    const char *spec;              /* what registry_resolve() takes to get this entry again; see spec.h */
    const char *argument;          /* for plan->argument; NULL = none */
    bool ops_only; /* backend goes without its training step, or has none but the ops of the spec */
    /* Whose composed step takes its ops from backend; NULL: backend's own. */
    const struct registry_entry *base;
    /* NULL: built in. Else backend is the plug-in's stub, or made of it, whose functions must not be called
     * before registry_load(). */
    const struct plugin *plugin;
    /* NULL: this program. Else another build of it serves as the worker, and backend is a stub too. */
    const struct program *program;
    bool skip_phases; /* for plan->skip_phases */
};

/* Probes the plug-in of PATH[:NAME] and adds it to the list, ready or not. EXIT_USAGE as for plugin_probe,
 * when its name is taken, or when there are more than REGISTRY_MAX_PLUGINS. */
int registry_add_plugin(const char *argument, struct error *e);

/* For the worker of a process that has probed the plug-in: loads it and adds it under the same name, as a
 * backend of this process. Errors as of plugin_load. */
int registry_add_loaded(const char *name, const char *path, struct error *e);

/* Loads the plug-ins behind an entry into this process, for good: all entries with their backends are
 * theirs from then on. Errors as of plugin_load. */
int registry_load(const struct registry_entry *entry, struct error *e);

/* How many there are; the first ones are built in. */
int registry_count(void);
int registry_built_in(void);
const struct registry_entry *registry_at(int i);
const struct registry_entry *registry_find(const char *name);

/* Status now, and in why[size] the reason unless ready. */
enum backend_status registry_status(const struct registry_entry *entry, char *why, size_t size);

/* The entry of a spec, see spec.h, whether ready or not; e is EXIT_USAGE, with the nearest name, when there
 * is none, and when a backend lacks an op that it is to bring. An entry that is not the backend alone is made
 * on first use. With an argument it is called NAME:BASENAME, or, where another is called so,
 * NAME:DIR/BASENAME, with bytes that are not UTF-8 as \xNN; else as its spec. It lives as long as the
 * program. */
const struct registry_entry *registry_resolve(const char *spec, struct error *e);

/* The reference backend: it implements every op and runs anywhere. */
const struct backend *registry_fallback(void);

/* Whether that is what the entry runs, under whatever name. */
bool registry_is_fallback(const struct registry_entry *entry);

/* The fallback for the ops that this backend leaves empty: the reference backend, or, if the backend asks for
 * it (BACKEND_INHERITS_FASTEST), the fastest built-in one that is ready. */
const struct backend *registry_fallback_for(const struct backend *backend);

/* The same for an entry: its base, where it has one. */
const struct backend *registry_fallback_of(const struct registry_entry *entry);

/* The backend that this op of an entry comes from: its own, its fallback, or the fallback's own. */
const struct backend *registry_op_backend(const struct registry_entry *entry, enum op_id op);

/* As contender_multiplier() once it is opened. */
const struct backend *registry_multiplier(const struct registry_entry *entry);

/* Whether all that its training step runs promises the same bits for every run and every number of threads.
 */
bool registry_is_deterministic(const struct registry_entry *entry);

/* The plug-in whose code it runs, its base's where only that is one; NULL: none. */
const struct plugin *registry_plugin_of(const struct registry_entry *entry);

/* Whether failures in classes of rules are declared deviations of this entry: always where its backend may
 * deviate, of a plug-in when the user asks for it. */
bool registry_may_deviate(const struct registry_entry *entry, bool asked);

/* The backend that this one's trainings are compared with: the fastest other built-in one that is ready, else
 * the reference backend; NULL when there is no other. */
const struct backend *registry_rival_of(const struct backend *backend);

/* The entry that this one is compared with if the user names none: that rival, or its composed step if the
 * entry has no training step of its own. NULL when there is no rival, and with e when out of memory. */
const struct registry_entry *registry_opponent_of(const struct registry_entry *entry, struct error *e);

/* Turns "a,b,c" or "all" into entries, in table order for all, in the user's order otherwise. all = every
 * ready backend but those on request (BACKEND_ON_REQUEST). Plug-ins that the list does not name are added at
 * its end, because a user who loads one wants it. A name that is unknown (EXIT_USAGE, with the nearest one),
 * repeated (EXIT_USAGE) or not ready (EXIT_NOTHING, with the reason; so is a plug-in) is an error. */
int registry_select(const char *list, const struct registry_entry **chosen, int *count, struct error *e);

/* Adds the opponent of the first plug-in without a training step that would run beside fused steps only by
 * name: unless it is chosen already. *added is that opponent, *of the plug-in; NULL when nothing was added.
 * EXIT_USAGE when the registry is full. */
int registry_add_opponent(const struct registry_entry **chosen, int *count,
                          const struct registry_entry **added, const struct registry_entry **of,
                          struct error *e);

#endif
