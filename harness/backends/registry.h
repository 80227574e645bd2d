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
#include "base/error.h"

enum { REGISTRY_MAX = 64, REGISTRY_MAX_PLUGINS = 16 };
enum { REGISTRY_SPEC_SIZE = 512 }; /* bytes of a NAME:ARGUMENT, its end included */

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
    const char *spec;     /* what registry_resolve() takes to get this entry again: name or name:argument */
    const char *argument; /* for plan->argument; NULL = none */
    /* NULL: built in. Else backend is the plug-in's stub, whose functions must not be called here. */
    const struct plugin *plugin;
    /* NULL: this program. Else another build of it serves as the worker, and backend is a stub too. */
    const struct program *program;
    bool skip_phases; /* for plan->skip_phases */
};

/* Probes the plug-in of PATH[:NAME] and adds it to the list, ready or not. EXIT_USAGE as for plugin_probe,
 * when its name is taken, or when there are more than REGISTRY_MAX_PLUGINS. */
int registry_add_plugin(const char *argument, struct error *e);

int registry_count(void);
const struct registry_entry *registry_at(int i);
const struct registry_entry *registry_find(const char *name);

/* Status now, and in why[size] the reason in words unless ready. */
enum backend_status registry_status(const struct registry_entry *entry, char *why, size_t size);

/* The entry of a spec, NAME or NAME:ARGUMENT, whether ready or not; e is EXIT_USAGE, with the nearest name,
 * when there is none, and when it has REGISTRY_SPEC_SIZE bytes or more. An entry with an argument is made on
 * first use and called NAME:BASENAME, or, where another is called so, NAME:FOLDER/BASENAME, with bytes that
 * are not UTF-8 as \xNN; it lives as long as the program. */
const struct registry_entry *registry_resolve(const char *spec, struct error *e);

/* The reference backend: it implements every op and runs anywhere. */
const struct backend *registry_fallback(void);

/* The backend behind the ops that this one leaves empty: the reference backend, or the fastest own one that
 * is ready where the backend asks for that (BACKEND_INHERITS_FASTEST). */
const struct backend *registry_fallback_for(const struct backend *backend);

/* Whether failures in classes of rules are declared deviations of this entry: always where its backend may
 * deviate, of a plug-in when the user asks for it. */
bool registry_may_deviate(const struct registry_entry *entry, bool asked);

/* What the outcome of this backend's trainings is compared with: the fastest other one of our own that is
 * ready, else the reference backend; NULL when there is no other. */
const struct backend *registry_rival_of(const struct backend *backend);

/* Turns "a,b,c" or "all" into entries, in table order for all, in the user's order otherwise. all = every
 * ready backend but those on request (BACKEND_ON_REQUEST). Plug-ins that the list does not name follow at its
 * end: who loads one wants it. A name that is unknown (EXIT_USAGE, with the nearest one), repeated
 * (EXIT_USAGE) or not ready (EXIT_NOTHING, with the reason; so is a plug-in) is an error. */
int registry_select(const char *list, const struct registry_entry **chosen, int *count, struct error *e);

#endif
