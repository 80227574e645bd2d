/* SPDX-License-Identifier: MIT */
#include "cli/ab_contenders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/program.h"

static bool ends_in_so(const char *word, size_t length)
{
    return length > 3 && strncmp(word + length - 3, ".so", 3) == 0;
}

/* A backend of another build, which lives as long as the program. */
static int resolve_program(struct registry_entry *entry, const char *word, size_t path_length,
                           struct error *e)
{
    char path[PLUGIN_PATH_SIZE];
    const char *spec = word + path_length + 1;
    struct program *p = malloc(sizeof *p);
    char *kept = strdup(spec);
    if (!p || !kept) {
        error_set(e, EXIT_INTERNAL, "out of memory");
    } else if (path_length >= sizeof path || strlen(spec) >= REGISTRY_SPEC_SIZE) {
        error_set(e, EXIT_USAGE, "bench ab: '%.100s...' is too long", word);
    } else {
        snprintf(path, sizeof path, "%.*s", (int)path_length, word);
        program_probe(p, path, spec, e);
    }
    if (e->code) {
        free(p);
        free(kept);
        return (int)e->code;
    }
    const char *colon = strchr(kept, ':');
    *entry = (struct registry_entry){.name = p->backend.facts.name,
                                     .backend = &p->backend.stub,
                                     .compiled_as = "",
                                     .spec = kept,
                                     .argument = colon ? colon + 1 : NULL,
                                     .program = p};
    return 0;
}

static int resolve(struct registry_entry *entry, const char *word, struct error *e)
{
    char why[256];
    const size_t length = strcspn(word, ":");
    const bool is_path = memchr(word, '/', length) != NULL;
    if (!*word) return error_set(e, EXIT_USAGE, "bench ab: a contender's name is empty");
    if (is_path && !ends_in_so(word, length)) {
        if (!word[length] || !word[length + 1])
            return error_set(e, EXIT_USAGE,
                             "bench ab: '%.200s': a path must be that of a plug-in (.so), or name a backend "
                             "of another build: PATH/bench:BACKEND",
                             word);
        return resolve_program(entry, word, length, e);
    }
    if (is_path && registry_add_plugin(word, e)) return (int)e->code;
    const struct registry_entry *found =
        is_path ? registry_at(registry_count() - 1) : registry_resolve(word, e);
    if (!found) return (int)e->code;
    const enum backend_status status = registry_status(found, why, sizeof why);
    if (status != BACKEND_READY)
        return error_set(e, EXIT_NOTHING, "bench ab: %.100s: %s: %s; see 'bench list'", word,
                         status == BACKEND_NOT_BUILT ? "not built" : "unsupported here", why);
    *entry = *found;
    return 0;
}

/* Another name for a contender. */
static int rename_arm(struct registry_entry *entry, const char *suffix, struct error *e)
{
    char *name = NULL;
    if (asprintf(&name, "%s%s", entry->name, suffix) < 0) return error_set(e, EXIT_INTERNAL, "out of memory");
    entry->name = name;
    return 0;
}

int ab_contenders_resolve(struct registry_entry arms[ARM_COUNT], const char *const words[2], struct error *e)
{
    if (resolve(&arms[ARM_A], words[0], e)) return (int)e->code;
    if (strcmp(words[0], words[1]) == 0)
        arms[ARM_B] = arms[ARM_A];
    else if (resolve(&arms[ARM_B], words[1], e))
        return (int)e->code;
    arms[ARM_AGAIN] = arms[ARM_A];
    if (rename_arm(&arms[ARM_AGAIN], ".again", e)) return (int)e->code;
    if (strcmp(arms[ARM_B].name, arms[ARM_A].name) == 0) return rename_arm(&arms[ARM_B], ".b", e);
    return 0;
}
