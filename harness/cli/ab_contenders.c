/* SPDX-License-Identifier: MIT */
#include "cli/ab_contenders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
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
    if (path_length >= sizeof path)
        return error_set(e, EXIT_USAGE, "bench ab: '%.100s...' is too long", word);
    snprintf(path, sizeof path, "%.*s", (int)path_length, word);
    struct program *p = xmalloc(sizeof *p);
    if (program_probe(p, path, spec, e)) {
        free(p);
        return (int)e->code;
    }
    *entry =
        (struct registry_entry){.name = backend_spec_title(&p->spec, p->spec.base, p->backend.facts.name),
                                .backend = &p->backend.stub,
                                .compiled_as = "",
                                .spec = backend_spec_text(&p->spec),
                                .argument = p->spec.argument[0] ? p->spec.argument : NULL,
                                .ops_only = p->spec.composed,
                                .base = p->spec.base[0] ? registry_find(p->spec.base) : NULL,
                                .program = p};
    return 0;
}

/* PATH.so[:NAME][:composed] */
static const struct registry_entry *resolve_plugin(const char *word, struct error *e)
{
    static const char end[] = ":" COMPOSED;
    char argument[PLUGIN_PATH_SIZE + BACKEND_SPEC_NAME_SIZE];
    struct backend_spec s = {.composed = false};
    size_t length = strlen(word);
    if (length > sizeof end && strcmp(word + length - (sizeof end - 1), end) == 0) {
        s.composed = true;
        length -= sizeof end - 1;
    }
    if (length >= sizeof argument) {
        error_set(e, EXIT_USAGE, "bench ab: '%.100s...' is too long", word);
        return NULL;
    }
    snprintf(argument, sizeof argument, "%.*s", (int)length, word);
    if (registry_add_plugin(argument, e)) return NULL;
    snprintf(s.name, sizeof s.name, "%s", registry_at(registry_count() - 1)->name);
    char *spec = backend_spec_text(&s);
    const struct registry_entry *entry = registry_resolve(spec, e);
    free(spec);
    return entry;
}

static int resolve_here(struct registry_entry *entry, const struct registry_entry *found, const char *word,
                        struct error *e)
{
    char why[256];
    if (!found) return (int)e->code;
    const enum backend_status status = registry_status(found, why, sizeof why);
    if (status != BACKEND_READY)
        return error_set(e, EXIT_NOTHING, "bench ab: %.100s: %s: %s; see 'bench list'", word,
                         status == BACKEND_NOT_BUILT ? "not built" : "unsupported here", why);
    *entry = *found;
    return 0;
}

static int resolve(struct registry_entry *entry, const char *word, struct error *e)
{
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
    return resolve_here(entry, is_path ? resolve_plugin(word, e) : registry_resolve(word, e), word, e);
}

/* ---- With --op ---- */

static int parse_ops(op_set *ops, const char *list, struct error *e)
{
    for (const char *word = list;; word++) {
        const size_t length = strcspn(word, ",");
        if (op_set_add(ops, word, length, "--op", e)) return (int)e->code;
        word += length;
        if (!*word) return 0;
    }
}

/* The spec of a contender that ops can be taken from, or put into. */
static int spec_of(struct backend_spec *s, const struct registry_entry *entry, struct error *e)
{
    if (entry->program)
        return error_set(e, EXIT_USAGE,
                         "bench ab --op: %.100s is from another build; ops can be taken only from backends "
                         "and plug-ins of this one",
                         entry->name);
    if (backend_spec_parse(s, entry->spec, e) == 0 && s->base[0])
        return error_set(e, EXIT_USAGE, "bench ab --op: %.100s already has ops of two backends", entry->name);
    return (int)e->code;
}

static int resolve_spec(struct registry_entry *entry, const struct backend_spec *s, struct error *e)
{
    char *spec = backend_spec_text(s);
    resolve_here(entry, registry_resolve(spec, e), spec, e);
    free(spec);
    return (int)e->code;
}

/* A's composed step for both; B's has these ops of the backend that B was. */
static int exchange_ops(struct registry_entry contenders[AB_COUNT], const char *list, struct error *e)
{
    struct backend_spec a, b;
    op_set ops = 0;
    if (parse_ops(&ops, list, e) || spec_of(&a, &contenders[AB_A], e) || spec_of(&b, &contenders[AB_B], e))
        return (int)e->code;
    if (a.argument[0])
        return error_set(e, EXIT_USAGE,
                         "bench ab --op: %.100s has an argument; only the second contender may have one",
                         contenders[AB_A].name);
    a.composed = b.composed = true;
    b.ops = ops;
    memcpy(b.base, a.name, sizeof b.base);
    return resolve_spec(&contenders[AB_A], &a, e) ? (int)e->code : resolve_spec(&contenders[AB_B], &b, e);
}

/* ---- All of them ---- */

static int resolve_opponent(struct registry_entry *entry, const struct registry_entry *of, struct error *e)
{
    const struct registry_entry *opponent = registry_opponent_of(of, e);
    if (opponent) *entry = *opponent;
    return opponent || e->code
               ? (int)e->code
               : error_set(e, EXIT_NOTHING, "bench ab: there is no other backend to compare %.100s with",
                           of->name);
}

/* Another name for a contender. */
static void rename_contender(struct registry_entry *entry, const char *suffix)
{
    const size_t size = strlen(entry->name) + strlen(suffix) + 1;
    char *name = xmalloc(size);
    snprintf(name, size, "%s%s", entry->name, suffix);
    entry->name = name;
}

int ab_contenders_resolve(struct registry_entry contenders[AB_COUNT], const struct ab_operands *operands,
                          struct error *e)
{
    if (operands->a && resolve(&contenders[AB_A], operands->a, e)) return (int)e->code;
    if (operands->a && strcmp(operands->a, operands->b) == 0)
        contenders[AB_B] = contenders[AB_A];
    else if (resolve(&contenders[AB_B], operands->b, e))
        return (int)e->code;
    if (!operands->a && resolve_opponent(&contenders[AB_A], &contenders[AB_B], e)) return (int)e->code;
    if (operands->ops && exchange_ops(contenders, operands->ops, e)) return (int)e->code;
    contenders[AB_AGAIN] = contenders[AB_A];
    rename_contender(&contenders[AB_AGAIN], ".again");
    if (strcmp(contenders[AB_B].name, contenders[AB_A].name) == 0) rename_contender(&contenders[AB_B], ".b");
    return 0;
}
