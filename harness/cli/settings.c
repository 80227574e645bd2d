/* SPDX-License-Identifier: MIT */
#include "cli/settings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "machine/cpu.h"

/* ---- Writing ---- */

static bool runs_plugin(const struct registry_entry *entry, const struct plugin *p)
{
    return entry->plugin == p || (entry->base && entry->base->plugin == p);
}

/* Which files were measured. NULL when out of memory. */
static json_t *plugins_json(const struct registry_entry *const *entries, int count)
{
    json_t *array = json_array();
    for (int i = registry_built_in(); i < registry_count(); i++) {
        const struct plugin *p = registry_at(i)->plugin;
        bool is_used = false;
        for (int j = 0; j < count; j++) is_used = is_used || runs_plugin(entries[j], p);
        if (!is_used) continue;
        json_t *file =
            json_pack("{s:s, s:s, s:s}", "name", p->facts.name, "path", p->shown_path, "sha256", p->sha256);
        if (json_array_append_new(array, file) == 0) continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *backends_json(const struct registry_entry *const *entries, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++) {
        if (json_array_append_new(array, json_string_of_bytes(entries[i]->spec)) == 0) continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

/* The absolute path if it exists, because the run may be resumed from another directory. */
static json_t *path_json(const char *path)
{
    char *resolved = path ? realpath(path, NULL) : NULL;
    json_t *text = path ? json_string_of_bytes(resolved ? resolved : path) : json_null();
    free(resolved);
    return text;
}

static bool is_file(const char *tuning)
{
    return tuning && strcmp(tuning, "auto") != 0 && strcmp(tuning, "off") != 0;
}

int settings_add_choices(json_t *settings, const struct options *o,
                         const struct registry_entry *const *entries, int count)
{
    const char *cap = cpu_cap_name(), *tuning = o->tuning ? o->tuning : "auto";
    if (json_object_set_new(settings, "plugins", plugins_json(entries, count)) != 0 ||
        json_object_set_new(settings, "backends", backends_json(entries, count)) != 0 ||
        json_object_set_new(settings, "data", path_json(o->data)) != 0 ||
        json_object_set_new(settings, "tuning", is_file(tuning) ? path_json(tuning) : json_string(tuning)) !=
            0 ||
        json_object_set_new(settings, "attribution", json_string(o->attribution)) != 0 ||
        json_object_set_new(settings, "allow_deviation",
                            o->allow_deviation ? json_string(o->allow_deviation) : json_null()) != 0 ||
        json_object_set_new(settings, "isa_cap", cap ? json_string(cap) : json_null()) != 0)
        return -1;
    return 0;
}

static json_t *list_json(const struct int_list *list)
{
    json_t *array = json_array();
    for (int i = 0; i < list->count; i++)
        if (json_array_append_new(array, json_integer(list->values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *settings_of_sweep(const struct options *o, const struct registry_entry *const *entries, int count)
{
    char seed[24]; /* as text: it may be larger than JSON's integers */
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    json_t *settings = json_pack("{s:i, s:i, s:f, s:s, s:i}", "epochs", o->epochs, "naive_epochs",
                                 o->naive_epochs, "lr", o->lr, "seed", seed, "timeout", o->timeout);
    bool lost = settings_add_choices(settings, o, entries, count) != 0;
    for (enum grid_axis axis = 0; axis < GRID_AXES; axis++)
        lost =
            json_object_set_new(settings, grid_axis_name(axis), list_json(&o->grid.axis[axis])) != 0 || lost;
    if (!lost) return settings;
    json_decref(settings);
    return NULL;
}

/* ---- Reading ---- */

static int missing(const char *path, const char *name, struct error *e)
{
    return error_set(e, EXIT_DATA,
                     "%.300s: the setting '%s' is missing or malformed: the file is damaged, or written by a "
                     "version whose runs cannot be resumed",
                     path, name);
}

static bool read_int(const json_t *number, json_int_t lo, json_int_t hi, int *value)
{
    const json_int_t integer = json_integer_value(number);
    *value = (int)integer;
    return json_is_integer(number) && integer >= lo && integer <= hi;
}

/* A number, or of a sweep a list of them. */
static bool read_axis(struct int_list *list, const json_t *value, int hi)
{
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (count < 1 || count > GRID_MAX_VALUES) return false;
    for (size_t i = 0; i < count; i++)
        if (!read_int(json_is_array(value) ? json_array_get(value, i) : value, 1, hi, &list->values[i]))
            return false;
    list->count = (int)count;
    return true;
}

static int read_numbers(struct options *o, const json_t *settings, const char *path, struct error *e)
{
    static const int most[GRID_AXES] = {[GRID_THREADS] = 1024, [GRID_BATCH] = 65536, [GRID_HIDDEN] = 65536};
    const char *seed = json_string_value(json_object_get(settings, "seed"));
    o->lr = json_number_value(json_object_get(settings, "lr"));
    if (!read_int(json_object_get(settings, "epochs"), 1, 100000, &o->epochs))
        return missing(path, "epochs", e);
    if (!read_int(json_object_get(settings, "naive_epochs"), 1, 100000, &o->naive_epochs))
        return missing(path, "naive_epochs", e);
    if (!read_int(json_object_get(settings, "timeout"), 0, 1000000, &o->timeout))
        return missing(path, "timeout", e);
    for (enum grid_axis axis = 0; axis < GRID_AXES; axis++)
        if (!read_axis(&o->grid.axis[axis], json_object_get(settings, grid_axis_name(axis)), most[axis]))
            return missing(path, grid_axis_name(axis), e);
    if (!(o->lr > 0.0)) return missing(path, "lr", e);
    if (!seed || !*seed || seed[strspn(seed, "0123456789")]) return missing(path, "seed", e);
    o->seed = strtoull(seed, NULL, 10);
    o->threads = o->grid.axis[GRID_THREADS].values[0];
    o->batch = o->grid.axis[GRID_BATCH].values[0];
    o->hidden = o->grid.axis[GRID_HIDDEN].values[0];
    return 0;
}

static int load_plugins(const json_t *plugins, const char *path, struct error *e)
{
    size_t i;
    json_t *plugin;
    if (!json_is_array(plugins)) return missing(path, "plugins", e);
    json_array_foreach(plugins, i, plugin)
    {
        const char *file = json_string_value(json_object_get(plugin, "path")),
                   *name = json_string_value(json_object_get(plugin, "name")),
                   *sum = json_string_value(json_object_get(plugin, "sha256"));
        char argument[PLUGIN_PATH_SIZE + PLUGIN_NAME_SIZE + 2];
        if (!file || !name || !sum ||
            snprintf(argument, sizeof argument, "%s:%s", file, name) >= (int)sizeof argument)
            return missing(path, "plugins", e);
        if (registry_find(name)) continue;
        if (registry_add_plugin(argument, e)) return (int)e->code;
        if (strcmp(registry_at(registry_count() - 1)->plugin->sha256, sum) != 0)
            return error_set(e, EXIT_USAGE,
                             "%.300s: the plug-in %.300s has changed (its SHA-256 differs); start a new run",
                             path, file);
    }
    return 0;
}

static int read_cap(struct options *o, const json_t *cap, const char *path, struct error *e)
{
    const char *name = json_string_value(cap), *here = cpu_cap_name();
    if (!name && !json_is_null(cap)) return missing(path, "isa_cap", e);
    o->max_isa = name;
    if (name) return cpu_set_cap(name, path, e);
    if (here)
        return error_set(e, EXIT_USAGE,
                         "%.300s: ran without --max-isa, but BENCH_MAX_ISA is %s here; unset it", path, here);
    return 0;
}

/* "a,b,c" of the array; NULL when out of memory, "" when it has no texts. */
static char *join(const json_t *array)
{
    size_t i;
    json_t *item;
    char *list = strdup("");
    json_array_foreach(array, i, item)
    {
        char *longer = NULL;
        const char *name = json_string_value(item);
        if (!list || !name) break;
        if (asprintf(&longer, "%s%s%s", list, *list ? "," : "", name) < 0) longer = NULL;
        free(list);
        list = longer;
    }
    return list;
}

int settings_read(struct options *o, const json_t *settings, const char *path, char **list, struct error *e)
{
    const json_t *data = json_object_get(settings, "data");
    *list = NULL;
    if (read_numbers(o, settings, path, e)) return (int)e->code;
    if (!o->data) o->data = json_string_value(data);
    if (!o->data && !json_is_null(data)) return missing(path, "data", e);
    o->tuning = json_string_value(json_object_get(settings, "tuning"));
    if (!o->tuning) return missing(path, "tuning", e);
    o->attribution = json_string_value(json_object_get(settings, "attribution"));
    if (!o->attribution) return missing(path, "attribution", e);
    o->allow_deviation = json_string_value(json_object_get(settings, "allow_deviation"));
    if (json_is_number(json_object_get(settings, "target_accuracy")))
        return error_set(
            e, EXIT_USAGE,
            "%.300s: is of a run with --target-accuracy, which cannot be resumed; start a new run", path);
    if (read_cap(o, json_object_get(settings, "isa_cap"), path, e) ||
        load_plugins(json_object_get(settings, "plugins"), path, e))
        return (int)e->code;
    *list = join(json_object_get(settings, "backends"));
    if (!*list) return error_set(e, EXIT_INTERNAL, "out of memory");
    if (!**list) return missing(path, "backends", e);
    o->backend = *list;
    return 0;
}
