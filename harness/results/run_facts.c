/* SPDX-License-Identifier: MIT */
#include "results/run_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/short_id.h"

enum { VALUE_SIZE = 80 };

/* A single value as text; "" for none, a list or an object. */
static const char *value_text(const json_t *value, char text[VALUE_SIZE])
{
    text[0] = 0;
    if (json_is_string(value))
        snprintf(text, VALUE_SIZE, "%.60s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(text, VALUE_SIZE, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, VALUE_SIZE, "%g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, VALUE_SIZE, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_null(value))
        snprintf(text, VALUE_SIZE, "none");
    return text;
}

/* Adds what differs and both say. */
static void add(json_t *differences, const char *name, const json_t *first, const json_t *second)
{
    char a[VALUE_SIZE], b[VALUE_SIZE];
    if (!*value_text(first, a) || !*value_text(second, b) || strcmp(a, b) == 0) return;
    json_object_set_new(differences, name,
                        json_pack("[o, o]", json_string_of_bytes(a), json_string_of_bytes(b)));
}

static const json_t *member(const json_t *root, const char *section, const char *name)
{
    return json_object_get(json_object_get(root, section), name);
}

/* Twelve digits of the commit, and whether files were changed; a new reference, NULL where it is not known.
 */
static json_t *commit_of(const json_t *root)
{
    const char *digits = json_string_value(member(root, "build", "commit"));
    char id[SHORT_ID_SIZE], text[SHORT_ID_SIZE + 16];
    if (!digits || !*digits) return NULL;
    snprintf(text, sizeof text, "%s%s", short_id(id, digits),
             json_is_true(member(root, "build", "dirty")) ? "+changes" : "");
    return json_string(text);
}

json_t *run_facts_differences(const json_t *first, const json_t *second)
{
    static const char *const of_the_call[] = {"timeout", "data", NULL}; /* change nothing that is measured */
    json_t *found = json_object(), *a = commit_of(first), *b = commit_of(second), *value;
    const char *name;
    add(found, "CPU", member(first, "cpu", "model"), member(second, "cpu", "model"));
    add(found, "env_id", json_object_get(first, "env_id"), json_object_get(second, "env_id"));
    add(found, "commit", a, b);
    add(found, "compiler", member(first, "build", "compiler"), member(second, "build", "compiler"));
    add(found, "dataset", member(first, "dataset", "name"), member(second, "dataset", "name"));
    json_object_foreach(json_object_get(first, "settings"), name, value)
    {
        bool counts = true;
        for (int i = 0; of_the_call[i]; i++) counts = counts && strcmp(name, of_the_call[i]) != 0;
        if (counts) add(found, name, value, member(second, "settings", name));
    }
    add(found, "exit code", json_object_get(first, "exit_code"), json_object_get(second, "exit_code"));
    json_decref(a);
    json_decref(b);
    return found;
}

bool run_facts_other_work(const json_t *first, const json_t *second, char *text, size_t size)
{
    static const struct {
        const char *section, *name;
    } work[] = {{"dataset", "name"},    {"dataset", "train_images"}, {"settings", "inputs"},
                {"settings", "hidden"}, {"settings", "classes"},     {"settings", "batch"}};
    for (size_t i = 0; i < sizeof work / sizeof *work; i++) {
        char a[VALUE_SIZE], b[VALUE_SIZE];
        value_text(member(first, work[i].section, work[i].name), a);
        value_text(member(second, work[i].section, work[i].name), b);
        if (strcmp(a, b) == 0) continue;
        snprintf(text, size, "%s %.30s and %.30s", strcmp(work[i].name, "name") ? work[i].name : "dataset",
                 *a ? a : "unknown", *b ? b : "unknown");
        return true;
    }
    return false;
}
