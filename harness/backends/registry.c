/* SPDX-License-Identifier: MIT */
#include "backends/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "machine/cpu.h"

#define BACKEND(name, flags) extern const struct backend backend_##name;
#define ABSENT_BACKEND(name, reason)
#include "backends.def"
#undef BACKEND
#undef ABSENT_BACKEND

static const struct registry_entry entries[] = {
#define BACKEND(name, flags) {#name, &backend_##name, flags, NULL},
#define ABSENT_BACKEND(name, reason) {#name, NULL, "", reason},
#include "backends.def"
#undef BACKEND
#undef ABSENT_BACKEND
};

enum { ENTRIES = sizeof entries / sizeof *entries };

int registry_count(void)
{
    return ENTRIES;
}

const struct registry_entry *registry_at(int i)
{
    return &entries[i];
}

const struct registry_entry *registry_find(const char *name)
{
    for (int i = 0; i < ENTRIES; i++)
        if (strcmp(entries[i].name, name) == 0) return &entries[i];
    return NULL;
}

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
        snprintf(why, size, "the ISA cap '%s' hides %s", cap ? cap : "?", cpu_isa_names(missing, names, sizeof names));
    return BACKEND_UNSUPPORTED;
}

/* The first line of the table implements every op and needs nothing. */
const struct backend *registry_fallback(void)
{
    return entries[0].backend;
}

static int select_all(const struct registry_entry **chosen, int *count, struct error *e)
{
    char why[256];
    for (int i = 0; i < ENTRIES; i++)
        if (registry_status(&entries[i], why, sizeof why) == BACKEND_READY) chosen[(*count)++] = &entries[i];
    if (*count == 0) return error_set(e, EXIT_NOTHING, "--backend all: no backend can run on this CPU");
    return 0;
}

static int select_one(const char *name, const struct registry_entry **chosen, int *count, struct error *e)
{
    const struct registry_entry *entry = registry_find(name);
    if (!entry) {
        const char *known[ENTRIES + 2] = {"all"};
        char list[256] = "";
        for (int i = 0; i < ENTRIES; i++) {
            known[i + 1] = entries[i].name;
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s, ", entries[i].name);
        }
        const char *near = suggest_nearest(name, known);
        return error_set(e, EXIT_USAGE, "--backend: '%s' is not a backend; allowed are %sall%s%s%s", name, list,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    for (int i = 0; i < *count; i++)
        if (chosen[i] == entry) return error_set(e, EXIT_USAGE, "--backend: '%s' is named twice", name);
    char why[256];
    const enum backend_status status = registry_status(entry, why, sizeof why);
    if (status != BACKEND_READY)
        return error_set(e, EXIT_NOTHING, "--backend %s: %s: %s; see 'bench list'", name,
                         status == BACKEND_NOT_BUILT ? "not built" : "unsupported here", why);
    chosen[(*count)++] = entry;
    return 0;
}

int registry_select(const char *list, const struct registry_entry **chosen, int *count, struct error *e)
{
    *count = 0;
    if (strcmp(list, "all") == 0) return select_all(chosen, count, e);
    if (!*list) return error_set(e, EXIT_USAGE, "--backend: the list is empty; name backends or 'all'");
    while (list) {
        char name[64];
        const char *comma = strchr(list, ',');
        const size_t n = comma ? (size_t)(comma - list) : strlen(list);
        if (n == 0 || n >= sizeof name) return error_set(e, EXIT_USAGE, "--backend: empty or overlong name in the list");
        memcpy(name, list, n);
        name[n] = 0;
        if (select_one(name, chosen, count, e)) return (int)e->code;
        list = comma ? comma + 1 : NULL;
    }
    return 0;
}
