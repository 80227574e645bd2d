/* SPDX-License-Identifier: MIT */
#include "backends/describe.h"

#include <stdio.h>
#include <string.h>

json_t *describe_ops_json(op_set ops)
{
    json_t *array = json_array();
    for (int op = 0; op < OP_COUNT; op++)
        if (ops >> op & 1 && json_array_append_new(array, json_string(op_name((enum op_id)op))) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *describe_sources_json(const struct registry_entry *entry)
{
    json_t *object = json_object();
    for (int op = 0; op < OP_COUNT; op++)
        if (json_object_set_new(object, op_name((enum op_id)op),
                                json_string(registry_op_backend(entry, (enum op_id)op)->name)) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

op_set describe_ops_beside(const struct registry_entry *entry, enum op_id one)
{
    op_set ops = 0;
    for (int op = 0; op < OP_COUNT; op++)
        if (registry_op_backend(entry, (enum op_id)op) == registry_op_backend(entry, one))
            ops |= (op_set)1 << op;
    return ops;
}

char *describe_inherited(const struct registry_entry *entry, char text[DESCRIBE_INHERITED_SIZE])
{
    char names[OP_NAMES_SIZE];
    op_set told = backend_ops(entry->backend);
    size_t used = 0;
    text[0] = 0;
    for (int op = 0; op < OP_COUNT && used < DESCRIBE_INHERITED_SIZE; op++) {
        if (told >> op & 1) continue;
        const op_set ops = describe_ops_beside(entry, (enum op_id)op);
        used += (size_t)snprintf(text + used, DESCRIBE_INHERITED_SIZE - used, "%s%s: %s", used ? "; " : "",
                                 registry_op_backend(entry, (enum op_id)op)->name,
                                 op_set_names(ops, " ", names, sizeof names));
        told |= ops;
    }
    return text;
}

bool steps_differ(const struct registry_entry *a, const struct registry_entry *b)
{
    return !a->backend->step != !b->backend->step;
}

const char *describe_steps(const struct registry_entry *a, const struct registry_entry *b)
{
    if (steps_differ(a, b)) return "composed against fused";
    return a->backend->step ? "fused" : "composed";
}

char *describe_note(const struct registry_entry *entry, char text[DESCRIBE_NOTE_SIZE])
{
    const struct backend *b = entry->backend;
    text[0] = 0;
    if (!b || !b->step || !b->step->flop_done) return text;
    snprintf(text, DESCRIBE_NOTE_SIZE, "skips zero pixels%s%.*s", b->same_bits_as ? "; same bits as " : "",
             BACKEND_NAME_MAX, b->same_bits_as ? b->same_bits_as : "");
    return text;
}

char *describe_named(const struct registry_entry *entry, char text[DESCRIBE_NAMED_SIZE])
{
    char note[DESCRIBE_NOTE_SIZE];
    describe_note(entry, note);
    snprintf(text, DESCRIBE_NAMED_SIZE, "%s%s%s%s", entry->name, note[0] ? " (" : "", note,
             note[0] ? ")" : "");
    return text;
}

/* Appends text of this length, after `between` where there is some. */
static void append(char *to, size_t size, const char *between, const char *text, size_t length)
{
    const size_t used = strlen(to);
    snprintf(to + used, size - used, "%s%.*s", used ? between : "", (int)length, text);
}

/* Whether the pair "op=name" is of an op that comes from this source. */
static bool is_of_source(const char *pair, const struct contender *c, const struct backend *source)
{
    const size_t length = strcspn(pair, "=;");
    for (int op = 0; op < OP_COUNT; op++)
        if (c->op_backend[op] == source && strlen(op_name((enum op_id)op)) == length &&
            strncmp(pair, op_name((enum op_id)op), length) == 0)
            return true;
    return false;
}

void describe_implementation(const struct contender *c, bool ops_only, char *text, size_t size)
{
    text[0] = 0;
    for (int i = 0; i < CONTENDER_SOURCES; i++) {
        const struct backend *b = c->sources[i].backend;
        const char *pair = b && b->implementation ? b->implementation(c->sources[i].state) : NULL;
        while (pair && *pair) {
            const size_t length = strcspn(pair, ";");
            if ((i == 0 && !ops_only) || is_of_source(pair, c, b)) append(text, size, ";", pair, length);
            pair += length + (pair[length] == ';');
        }
    }
}

void describe_library(const struct contender *c, char *text, size_t size)
{
    text[0] = 0;
    for (int i = 0; i < CONTENDER_SOURCES; i++) {
        const struct backend *b = c->sources[i].backend;
        const char *library = b && b->library ? b->library() : NULL;
        if (library && *library) append(text, size, ", ", library, strlen(library));
    }
}

bool describe_reference(const char *implementation, char *text, size_t size)
{
    for (const char *pair = implementation; *pair;) {
        const size_t length = strcspn(pair, ";");
        char one[160];
        snprintf(one, sizeof one, "%.*s", (int)length, pair);
        const char *name = strchr(one, '=');
        if (strstr(name ? name : one, "ref")) {
            snprintf(text, size, "%s", one);
            return true;
        }
        pair += length + (pair[length] == ';');
    }
    return false;
}
