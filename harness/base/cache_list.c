/* SPDX-License-Identifier: MIT */
#include "base/cache_list.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "base/input.h"
#include "base/json_text.h"
#include "base/atomic_file.h"

json_t *cache_list_read(const char *path, const char *name, const char *advice, struct error *e)
{
    struct input_problem wrong;
    json_t *root = input_json(path, INPUT_CACHE, JSON_REJECT_DUPLICATES, &wrong);
    if (!root && wrong.fault == INPUT_MISSING) {
        json_t *empty = json_pack("{s:i, s:[]}", "schema", 1, name);
        if (!empty) error_set(e, EXIT_INTERNAL, "out of memory");
        return empty;
    }
    if (root && json_is_array(json_object_get(root, name)) &&
        json_integer_value(json_object_get(root, "schema")) == 1)
        return root;
    if (root)
        error_set(e, EXIT_USAGE, "%s: is not a file of %s (expected schema 1 with a list of %s); %s", path,
                  name, name, advice);
    else
        error_set(e, input_exit_code(&wrong, EXIT_USAGE), "%s: is not a file of %s: it %s; %s", path, name,
                  wrong.why, advice);
    json_decref(root);
    return NULL;
}

bool cache_list_text_is(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && strcmp(value, text) == 0;
}

int cache_list_put(json_t *root, const char *name, long i, json_t *entry, struct error *e)
{
    json_t *list = json_object_get(root, name);
    const int failed =
        i < 0 ? json_array_append_new(list, entry) : json_array_set_new(list, (size_t)i, entry);
    return failed ? error_set(e, EXIT_INTERNAL, "out of memory") : 0;
}

int cache_list_write(const char *path, json_t *root, struct error *e)
{
    char dir[PATH_MAX];
    char *text = json_text(root, JSON_DOCUMENT);
    json_decref(root);
    if (!text) return error_set(e, EXIT_INTERNAL, "out of memory");
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash) *slash = 0;
    if (!slash || slash == dir || paths_make_dir(dir, NULL, e) == 0)
        file_replace(path, text, strlen(text), e);
    free(text);
    return (int)e->code;
}
