/* SPDX-License-Identifier: MIT */
#include "backends/registry.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean_text.h"
#include "base/suggest.h"
#include "machine/cpu.h"

#define BACKEND(name, flags) extern const struct backend backend_##name;
#define ABSENT_BACKEND(name, reason)
#include "backends.def"
#undef BACKEND
#undef ABSENT_BACKEND

static const struct registry_entry table[] = {
#define BACKEND(name, flags)         {#name, &backend_##name, flags, NULL, #name, NULL, NULL, NULL, false},
#define ABSENT_BACKEND(name, reason) {#name, NULL, "", reason, #name, NULL, NULL, NULL, false},
#include "backends.def"
#undef BACKEND
#undef ABSENT_BACKEND
};

enum { BUILT_IN = sizeof table / sizeof *table };

static struct registry_entry plugins[REGISTRY_MAX_PLUGINS];
static int plugin_count;

int registry_count(void)
{
    return BUILT_IN + plugin_count;
}

const struct registry_entry *registry_at(int i)
{
    return i < BUILT_IN ? &table[i] : &plugins[i - BUILT_IN];
}

const struct registry_entry *registry_find(const char *name)
{
    for (int i = 0; i < registry_count(); i++)
        if (strcmp(registry_at(i)->name, name) == 0) return registry_at(i);
    return NULL;
}

/* ---- Plug-ins ---- */

static int check_name_is_free(const struct plugin *p, struct error *e)
{
    const struct registry_entry *other = registry_find(p->facts.name);
    if (!other) return 0;
    return error_set(e, EXIT_USAGE,
                     "--plugin %.200s: the name '%s' is taken by %s%.200s; PATH:NAME gives it another",
                     p->shown_path, p->facts.name, other->plugin ? "the plug-in " : "a built-in backend",
                     other->plugin ? other->plugin->shown_path : "");
}

int registry_add_plugin(const char *argument, struct error *e)
{
    if (plugin_count == REGISTRY_MAX_PLUGINS)
        return error_set(e, EXIT_USAGE, "--plugin: more than %d plug-ins", REGISTRY_MAX_PLUGINS);
    struct plugin *p = malloc(sizeof *p); /* lives as long as the program */
    if (!p) return error_set(e, EXIT_INTERNAL, "out of memory");
    if (plugin_probe(p, argument, e) || check_name_is_free(p, e)) {
        free(p);
        return (int)e->code;
    }
    plugins[plugin_count++] = (struct registry_entry){
        .name = p->facts.name, .backend = &p->stub, .compiled_as = "", .spec = p->facts.name, .plugin = p};
    return 0;
}

/* ---- Status and choice ---- */

enum backend_status registry_status(const struct registry_entry *entry, char *why, size_t size)
{
    if (size) why[0] = 0;
    if (!entry->backend) {
        snprintf(why, size, "%s", entry->absent_reason);
        return BACKEND_NOT_BUILT;
    }
    const uint32_t missing = entry->backend->needs & ~cpu_usable();
    if (!missing) return BACKEND_READY;
    char names[128];
    const char *cap = cpu_cap_name();
    if (entry->backend->needs & ~cpu_found())
        snprintf(why, size, "this CPU lacks %s", cpu_isa_names(missing, names, sizeof names));
    else
        snprintf(why, size, "the ISA cap '%s' hides %s", cap ? cap : "?",
                 cpu_isa_names(missing, names, sizeof names));
    return BACKEND_UNSUPPORTED;
}

/* The first line of the table implements every op and needs nothing. */
const struct backend *registry_fallback(void)
{
    return table[0].backend;
}

static int select_all(const struct registry_entry **chosen, int *count, struct error *e)
{
    char why[256];
    for (int i = 0; i < BUILT_IN; i++)
        if (registry_status(&table[i], why, sizeof why) == BACKEND_READY &&
            !(table[i].backend->flags & BACKEND_ON_REQUEST))
            chosen[(*count)++] = &table[i];
    if (*count == 0) return error_set(e, EXIT_NOTHING, "--backend all: no backend can run on this CPU");
    return 0;
}

static const struct registry_entry *unknown(const char *name, struct error *e)
{
    const char *known[BUILT_IN + REGISTRY_MAX_PLUGINS + 2] = {"all"};
    char list[512] = "";
    for (int i = 0; i < registry_count(); i++) {
        known[i + 1] = registry_at(i)->name;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s, ", known[i + 1]);
    }
    const char *near = suggest_nearest(name, known);
    error_set(e, EXIT_USAGE, "--backend: '%s' is not a backend; allowed are %sall%s%s%s", name, list,
              near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

/* Entries made for a NAME:ARGUMENT. */
static struct registry_entry with_argument[REGISTRY_MAX];
static int with_argument_count;

static bool is_taken(const char *name)
{
    for (int i = 0; i < with_argument_count; i++)
        if (strcmp(with_argument[i].name, name) == 0) return true;
    return false;
}

/* NAME:BASENAME, with as many folders of the path before it as tell it from the entries that are there: files
 * and tables know a contender by its name only. NULL when out of memory. */
static char *name_with_argument(const char *of, const char *argument)
{
    const char *tail = argument + strlen(argument);
    for (;;) {
        char *bytes = NULL, *name = NULL;
        while (tail > argument && tail[-1] != '/') tail--;
        if (asprintf(&bytes, "%s:%s", of, tail) >= 0) name = utf8_copy(bytes);
        free(bytes);
        if (!name) return NULL;
        clean_text(name);
        if (tail == argument || !is_taken(name)) return name;
        free(name);
        tail--;
    }
}

static const struct registry_entry *add_with_argument(const struct registry_entry *of, const char *spec,
                                                      const char *argument, struct error *e)
{
    char *kept = strdup(spec), *name = kept ? name_with_argument(of->name, argument) : NULL;
    if (with_argument_count == REGISTRY_MAX || !name) {
        free(name);
        free(kept);
        error_set(e, EXIT_INTERNAL, "--backend %s: out of memory, or more than %d of its kind", spec,
                  REGISTRY_MAX);
        return NULL;
    }
    struct registry_entry *entry = &with_argument[with_argument_count++];
    *entry = *of;
    entry->name = name;
    entry->spec = kept;
    entry->argument = kept + (argument - spec);
    return entry;
}

const struct registry_entry *registry_resolve(const char *spec, struct error *e)
{
    const char *colon = strchr(spec, ':');
    if (strlen(spec) >= REGISTRY_SPEC_SIZE) {
        error_set(e, EXIT_USAGE, "--backend: '%.100s...' has more than %d bytes", spec,
                  REGISTRY_SPEC_SIZE - 1);
        return NULL;
    }
    char name[64];
    snprintf(name, sizeof name, "%.*s", colon ? (int)(colon - spec) : (int)strlen(spec), spec);
    const struct registry_entry *entry = registry_find(name);
    if (!entry) return unknown(name, e);
    if (!colon) return entry;
    if (!entry->backend || !(entry->backend->flags & BACKEND_TAKES_ARGUMENT) || !colon[1]) {
        error_set(e, EXIT_USAGE, "--backend: '%s': %s", spec,
                  colon[1] ? "this backend takes nothing after a colon" : "nothing stands after the colon");
        return NULL;
    }
    for (int i = 0; i < with_argument_count; i++)
        if (strcmp(with_argument[i].spec, spec) == 0) return &with_argument[i];
    return add_with_argument(entry, spec, colon + 1, e);
}

static bool is_complete(const struct backend *b)
{
    bool complete = true;
#define OP(name) complete &= b->ops.name != NULL;
#include "ops.def"
#undef OP
    return complete;
}

/* The table goes from the plainest to the fastest of our own; whatever has every op of its own is one of
 * them. */
const struct backend *registry_fallback_for(const struct backend *backend)
{
    const struct backend *best = registry_fallback();
    char why[256];
    if (!(backend->flags & BACKEND_INHERITS_FASTEST)) return best;
    for (int i = 0; i < BUILT_IN; i++)
        if (registry_status(&table[i], why, sizeof why) == BACKEND_READY && is_complete(table[i].backend))
            best = table[i].backend;
    return best;
}

bool registry_may_deviate(const struct registry_entry *entry, bool asked)
{
    return entry->plugin ? asked : entry->backend && (entry->backend->flags & BACKEND_MAY_DEVIATE);
}

const struct backend *registry_rival_of(const struct backend *backend)
{
    const struct backend *best = NULL;
    char why[256];
    for (int i = 0; i < BUILT_IN; i++)
        if (table[i].backend != backend && registry_status(&table[i], why, sizeof why) == BACKEND_READY &&
            !(table[i].backend->flags & BACKEND_ON_REQUEST) && is_complete(table[i].backend))
            best = table[i].backend;
    return best;
}

static int choose(const struct registry_entry *entry, const struct registry_entry **chosen, int *count,
                  struct error *e)
{
    char why[256];
    const enum backend_status status = registry_status(entry, why, sizeof why);
    if (*count == REGISTRY_MAX)
        return error_set(e, EXIT_USAGE, "--backend: more than %d backends", REGISTRY_MAX);
    if (status != BACKEND_READY && entry->plugin)
        return error_set(e, EXIT_NOTHING, "--plugin %.200s: unsupported here: %s", entry->plugin->shown_path,
                         why);
    if (status != BACKEND_READY)
        return error_set(e, EXIT_NOTHING, "--backend %s: %s: %s; see 'bench list'", entry->spec,
                         status == BACKEND_NOT_BUILT ? "not built" : "unsupported here", why);
    chosen[(*count)++] = entry;
    return 0;
}

static int select_one(const char *name, const struct registry_entry **chosen, int *count, struct error *e)
{
    const struct registry_entry *entry = registry_resolve(name, e);
    if (!entry) return (int)e->code;
    for (int i = 0; i < *count; i++)
        if (chosen[i] == entry) return error_set(e, EXIT_USAGE, "--backend: '%s' is named twice", name);
    return choose(entry, chosen, count, e);
}

static int select_list(const char *list, const struct registry_entry **chosen, int *count, struct error *e)
{
    if (!*list) return error_set(e, EXIT_USAGE, "--backend: the list is empty; name backends or 'all'");
    while (list) {
        char name[REGISTRY_SPEC_SIZE + 1]; /* one that is too long stays so */
        const char *comma = strchr(list, ',');
        const size_t n = comma ? (size_t)(comma - list) : strlen(list);
        if (n == 0) return error_set(e, EXIT_USAGE, "--backend: an empty name in the list");
        snprintf(name, sizeof name, "%.*s", (int)n, list);
        if (select_one(name, chosen, count, e)) return (int)e->code;
        list = comma ? comma + 1 : NULL;
    }
    return 0;
}

/* With or without an argument. */
static bool is_chosen(const struct plugin *p, const struct registry_entry *const *chosen, int count)
{
    for (int i = 0; i < count; i++)
        if (chosen[i]->plugin == p) return true;
    return false;
}

int registry_select(const char *list, const struct registry_entry **chosen, int *count, struct error *e)
{
    *count = 0;
    if (strcmp(list, "all") == 0 ? select_all(chosen, count, e) : select_list(list, chosen, count, e))
        return (int)e->code;
    for (int i = 0; i < plugin_count; i++)
        if (!is_chosen(plugins[i].plugin, chosen, *count) && choose(&plugins[i], chosen, count, e))
            return (int)e->code;
    return 0;
}
