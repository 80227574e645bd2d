/* SPDX-License-Identifier: MIT */
#include "backends/held_back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean_text.h"
#include "machine/library_env.h"

extern char **environ;

/* A plug-in that has taken a backend's name is not that backend. */
static const char *changed_library(const struct registry_entry *entry, const char *variable)
{
    const char *library = entry->base ? changed_library(entry->base, variable) : NULL;
    if (library || !entry->backend || entry->plugin) return library;
    return library_env_changes(variable, entry->backend->name);
}

static const char *changed_in_any(const struct registry_entry *const *entries, int count,
                                  const char *variable)
{
    const char *library = NULL;
    for (int i = 0; i < count && !library; i++) library = changed_library(entries[i], variable);
    return library;
}

static bool is_changed(const struct registry_entry *entry)
{
    for (char **v = environ; *v; v++)
        if (changed_library(entry, *v)) return true;
    return false;
}

static void write_message(FILE *out, const struct registry_entry *const *entries, int count)
{
    const char *before = "", *library;
    fputs("the environment sets ", out);
    for (char **v = environ; *v; v++) {
        if (!(library = changed_in_any(entries, count, *v))) continue;
        fprintf(out, "%s%.80s (%s)", before, *v, library);
        before = ", ";
    }
    before = "; this can slow down ";
    for (int i = 0; i < count; i++) {
        if (!is_changed(entries[i])) continue;
        fprintf(out, "%s%s", before, entries[i]->name);
        before = ", ";
    }
    fputs("; measure without: env", out);
    for (char **v = environ; *v; v++)
        if (changed_in_any(entries, count, *v)) fprintf(out, " -u %.*s", (int)strcspn(*v, "="), *v);
    fputs(" bench ...", out);
}

char *held_back_message(const struct registry_entry *const *entries, int count)
{
    bool any = false;
    char *text = NULL;
    size_t size;
    for (int i = 0; i < count && !any; i++) any = is_changed(entries[i]);
    FILE *out = any ? open_memstream(&text, &size) : NULL;
    if (!out) return NULL;
    write_message(out, entries, count);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return clean_text(text);
}
