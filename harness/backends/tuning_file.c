/* SPDX-License-Identifier: MIT */
#include "backends/tuning_file.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean_text.h"
#include "machine/cpu.h"
#include "base/cache_list.h"

static const char list_name[] = "tunings";

static const char *usable_isa(char text[128])
{
    return cpu_isa_names(cpu_usable(), text, 128);
}

static json_t *read_root(const char *path, struct error *e)
{
    return cache_list_read(path, list_name, "remove it, or use --tuning off", e);
}

/* Index of the entry, or -1. */
static long find(const json_t *root, const char *backend, int threads)
{
    char isa[128];
    const json_t *list = json_object_get(root, list_name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *t = json_array_get(list, i);
        if (cache_list_text_is(t, "cpu", cpu_model()) && cache_list_text_is(t, "isa", usable_isa(isa)) &&
            cache_list_text_is(t, "backend", backend) &&
            json_integer_value(json_object_get(t, "threads")) == threads)
            return (long)i;
    }
    return -1;
}

/* A size of the file; 0 (the backend's own) where there is none, -1 where it could be no size. */
static int size_of(const json_t *blocking, const char *key)
{
    const json_t *size = json_object_get(blocking, key);
    const json_int_t value = json_integer_value(size);
    return !size ? 0 : json_is_integer(size) && value >= 0 && value <= 1 << 20 ? (int)value : -1;
}

int tuning_find(const char *path, const char *backend, int threads, struct tuning *tuning, bool *found,
                struct error *e)
{
    *found = false;
    json_t *root = read_root(path, e);
    if (!root) return (int)e->code;
    const long i = find(root, backend, threads);
    if (i >= 0) {
        const json_t *t = json_array_get(json_object_get(root, list_name), (size_t)i);
        const json_t *b = json_object_get(t, "blocking");
        memset(tuning, 0, sizeof *tuning);
        snprintf(tuning->backend, sizeof tuning->backend, "%s", backend);
        tuning->threads = threads;
        tuning->blocking = (struct blocking){size_of(b, "mr"), size_of(b, "nr"), size_of(b, "mc"),
                                             size_of(b, "nc"), size_of(b, "kc")};
        tuning->gain_percent = json_number_value(json_object_get(t, "gain_percent"));
        clean_copy(tuning->commit, sizeof tuning->commit, json_string_value(json_object_get(t, "commit")));
        clean_copy(tuning->utc, sizeof tuning->utc, json_string_value(json_object_get(t, "utc")));
        *found = true;
    }
    json_decref(root);
    return 0;
}

static json_t *entry_json(const struct tuning *t)
{
    char isa[128];
    const struct blocking *b = &t->blocking;
    return json_pack("{s:s, s:s, s:s, s:i, s:{s:i, s:i, s:i, s:i, s:i}, s:f, s:s, s:s}", "cpu", cpu_model(),
                     "isa", usable_isa(isa), "backend", t->backend, "threads", t->threads, "blocking", "mr",
                     b->mr, "nr", b->nr, "mc", b->mc, "nc", b->nc, "kc", b->kc, "gain_percent",
                     t->gain_percent, "commit", t->commit, "utc", t->utc);
}

int tuning_keep(const char *path, const struct tuning *tuning, struct error *e)
{
    json_t *root = read_root(path, e);
    if (!root) return (int)e->code;
    const long i = find(root, tuning->backend, tuning->threads);
    if (cache_list_put(root, list_name, i, entry_json(tuning), e)) {
        json_decref(root);
        return (int)e->code;
    }
    return cache_list_write(path, root, e);
}

int tuning_drop(const char *path, const char *backend, int threads, struct error *e)
{
    json_t *root = read_root(path, e);
    if (!root) return (int)e->code;
    const long i = find(root, backend, threads);
    if (i < 0) {
        json_decref(root);
        return 0;
    }
    json_array_remove(json_object_get(root, list_name), (size_t)i);
    return cache_list_write(path, root, e);
}
