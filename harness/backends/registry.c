/* SPDX-License-Identifier: MIT */
#include "backends/registry.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/plugin_load.h"
#include "base/clean_text.h"
#include "base/suggest.h"
#include "base/xalloc.h"
#include "machine/cpu.h"

#define BACKEND(name, flags) extern const struct backend backend_##name;
#define ABSENT_BACKEND(name, reason)
#include "backends.def"
#undef BACKEND
#undef ABSENT_BACKEND

static const struct registry_entry table[] = {
#define BACKEND(name_, flags)                                                                                \
    {.name = #name_, .backend = &backend_##name_, .compiled_as = flags, .spec = #name_},
#define ABSENT_BACKEND(name_, reason)                                                                        \
    {.name = #name_, .compiled_as = "", .absent_reason = reason, .spec = #name_},
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

int registry_built_in(void)
{
    return BUILT_IN;
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

int registry_add_loaded(const char *name, const char *path, struct error *e)
{
    struct backend *b = xmalloc(sizeof *b); /* these live as long as the program */
    char *own_name = utf8_copy(name);
    if (plugin_count == REGISTRY_MAX_PLUGINS)
        return error_set(e, EXIT_INTERNAL, "more than %d plug-ins", REGISTRY_MAX_PLUGINS);
    if (plugin_load(b, path, own_name, e)) return (int)e->code;
    plugins[plugin_count++] =
        (struct registry_entry){.name = own_name, .backend = b, .compiled_as = "", .spec = own_name};
    return 0;
}

/* ---- Status ---- */

enum backend_status registry_status(const struct registry_entry *entry, char *why, size_t size)
{
    if (size) why[0] = 0;
    if (!entry->backend) {
        snprintf(why, size, "%s", entry->absent_reason);
        return BACKEND_NOT_BUILT;
    }
    if (entry->base && registry_status(entry->base, why, size) != BACKEND_READY)
        return registry_status(entry->base, why, size);
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

/* ---- Entries made for a spec ---- */

struct made {
    struct registry_entry entry;
    const struct registry_entry *of; /* whose backend it has, or a part of it */
    op_set ops;                      /* of a spec with a base */
    struct backend part;
};

static struct made made[REGISTRY_MAX];
static int made_count;

static bool is_taken(const char *name)
{
    for (int i = 0; i < made_count; i++)
        if (strcmp(made[i].entry.name, name) == 0) return true;
    return false;
}

/* NAME:BASENAME, with as many directories of the path before it as tell it from the entries that are there:
 * files and tables know a contender by its name only. */
static char *name_with_argument(const char *of, const char *argument)
{
    const char *tail = argument + strlen(argument);
    for (;;) {
        char bytes[BACKEND_SPEC_NAME_SIZE + BACKEND_SPEC_SIZE];
        while (tail > argument && tail[-1] != '/') tail--;
        snprintf(bytes, sizeof bytes, "%s:%s", of, tail);
        char *name = clean_text(utf8_copy(bytes));
        if (tail == argument || !is_taken(name)) return name;
        free(name);
        tail--;
    }
}

/* What is left of the backend without its step, and without the ops that its base is to bring. */
static void take_part(struct made *m)
{
    m->entry.backend = m->of->backend;
    if (!m->entry.ops_only || !m->of->backend) return;
    m->part = *m->of->backend;
    m->part.step = NULL;
    m->part.same_bits_as = NULL; /* its step's promise */
#define OP(name)                                                                                             \
    if (m->ops && !(m->ops >> OP_##name & 1)) m->part.ops.name = NULL;
#include "ops.def"
#undef OP
    m->entry.backend = &m->part;
}

/* The entry of this spec of a backend; it is made of `of`, whose place it takes when it has no argument. */
static struct registry_entry *make(const struct backend_spec *s, const struct registry_entry *of,
                                   struct error *e)
{
    char *spec = backend_spec_text(s);
    for (int i = 0; i < made_count; i++) {
        if (strcmp(made[i].entry.spec, spec) != 0) continue;
        free(spec);
        return &made[i].entry;
    }
    if (made_count == REGISTRY_MAX) {
        error_set(e, EXIT_USAGE,
                  "--backend %.200s: more than %d backends with an argument, 'composed' or an exchanged op",
                  spec, REGISTRY_MAX);
        free(spec);
        return NULL;
    }
    struct made *m = &made[made_count++];
    *m = (struct made){.entry = *of, .of = of, .ops = s->ops};
    m->entry.name = ""; /* the caller knows it */
    m->entry.spec = spec;
    m->entry.ops_only = s->composed;
    take_part(m);
    return &m->entry;
}

/* NAME or NAME:ARGUMENT. */
static const struct registry_entry *resolve_backend(const struct backend_spec *s, struct error *e)
{
    struct backend_spec plain = *s;
    const struct registry_entry *of = registry_find(s->name);
    if (!of) return unknown(s->name, e);
    if (!s->argument[0]) return of;
    if (!of->backend || !(of->backend->flags & BACKEND_TAKES_ARGUMENT)) {
        error_set(e, EXIT_USAGE, "--backend: '%s:%.200s': this backend accepts only '%s' after a colon",
                  s->name, s->argument, COMPOSED);
        return NULL;
    }
    plain.base[0] = 0;
    plain.ops = 0;
    plain.composed = false;
    struct registry_entry *entry = make(&plain, of, e);
    if (!entry || entry->name[0]) return entry;
    entry->name = name_with_argument(of->name, s->argument);
    entry->argument = entry->spec + strlen(s->name) + 1;
    return entry;
}

static int check_ops(const struct registry_entry *of, op_set ops, const char *spec, struct error *e)
{
    char lacks[OP_NAMES_SIZE], has[OP_NAMES_SIZE];
    if (!of->backend || !(ops & ~backend_ops(of->backend))) return 0;
    return error_set(e, EXIT_USAGE, "%.200s: %.100s has no %s of its own; it has %s", spec, of->name,
                     op_set_names(ops & ~backend_ops(of->backend), ", ", lacks, sizeof lacks),
                     op_set_names(backend_ops(of->backend), ", ", has, sizeof has));
}

const struct registry_entry *registry_resolve(const char *spec, struct error *e)
{
    struct backend_spec s;
    if (backend_spec_parse(&s, spec, e)) return NULL;
    const struct registry_entry *of = resolve_backend(&s, e),
                                *base = s.base[0] ? registry_find(s.base) : NULL;
    if (!of || !s.composed) return of;
    if (s.base[0] && !base) return unknown(s.base, e);
    if (check_ops(of, s.ops, spec, e)) return NULL;
    struct registry_entry *entry = make(&s, of, e);
    if (!entry || entry->name[0]) return entry;
    entry->name = backend_spec_title(&s, base ? base->name : "", of->name);
    entry->base = base;
    return entry;
}

static int load(struct registry_entry *entry, struct error *e)
{
    struct backend *b = xmalloc(sizeof *b); /* these live as long as the program */
    if (plugin_load(b, entry->plugin->path, entry->plugin->facts.name, e)) {
        free(b);
        return (int)e->code;
    }
    entry->backend = b;
    return 0;
}

int registry_load(const struct registry_entry *entry, struct error *e)
{
    for (int i = 0; i < plugin_count; i++) {
        const struct plugin *p = plugins[i].plugin;
        const bool is_wanted = p && (p == entry->plugin || (entry->base && p == entry->base->plugin));
        if (is_wanted && plugins[i].backend == &p->stub && load(&plugins[i], e)) return (int)e->code;
    }
    for (int i = 0; i < made_count; i++) take_part(&made[i]);
    return 0;
}

/* ---- Choice ---- */

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

static bool is_listed(const struct registry_entry *entry, const struct registry_entry *const *chosen,
                      int count)
{
    for (int i = 0; i < count; i++)
        if (chosen[i] == entry) return true;
    return false;
}

static int select_one(const char *name, const struct registry_entry **chosen, int *count, struct error *e)
{
    const struct registry_entry *entry = registry_resolve(name, e);
    if (!entry) return (int)e->code;
    if (is_listed(entry, chosen, *count))
        return error_set(e, EXIT_USAGE, "--backend: '%s' is named twice", name);
    return choose(entry, chosen, count, e);
}

static int select_list(const char *list, const struct registry_entry **chosen, int *count, struct error *e)
{
    if (!*list) return error_set(e, EXIT_USAGE, "--backend: the list is empty; name backends or 'all'");
    while (list) {
        char name[BACKEND_SPEC_SIZE + 1]; /* one that is too long stays so */
        const char *comma = strchr(list, ',');
        const size_t n = comma ? (size_t)(comma - list) : strlen(list);
        if (n == 0) return error_set(e, EXIT_USAGE, "--backend: an empty name in the list");
        snprintf(name, sizeof name, "%.*s", (int)n, list);
        if (select_one(name, chosen, count, e)) return (int)e->code;
        list = comma ? comma + 1 : NULL;
    }
    return 0;
}

/* In whatever spec. */
static bool is_chosen(const struct plugin *p, const struct registry_entry *const *chosen, int count)
{
    for (int i = 0; i < count; i++)
        if (chosen[i]->plugin == p || (chosen[i]->base && chosen[i]->base->plugin == p)) return true;
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
