/* SPDX-License-Identifier: MIT */
#include "base/json_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean_text.h"

struct text {
    char *at;
    size_t used, capacity; /* bytes; one is reserved for the end */
    bool lost;
};

static int grow(struct text *t, size_t more)
{
    size_t capacity = t->capacity ? t->capacity : 4096;
    while (capacity - t->used <= more)
        if (__builtin_mul_overflow(capacity, (size_t)2, &capacity)) return -1;
    if (capacity == t->capacity) return 0;
    char *longer = realloc(t->at, capacity);
    if (!longer) return -1;
    t->at = longer;
    t->capacity = capacity;
    return 0;
}

/* A json_dump_callback_t. */
static int add(const char *bytes, size_t count, void *context)
{
    struct text *t = context;
    if (!t->lost && grow(t, count) != 0) t->lost = true;
    if (t->lost) return -1;
    memcpy(t->at + t->used, bytes, count);
    t->used += count;
    return 0;
}

char *json_text(const json_t *value, size_t flags)
{
    struct text t = {.at = NULL};
    if (value && json_dump_callback(value, add, &t, flags) == 0 && !t.lost && t.at) {
        t.at[t.used] = 0;
        return t.at;
    }
    free(t.at);
    return NULL;
}

int json_print(json_t *root, FILE *out, struct error *e)
{
    char *text = json_text(root, JSON_DOCUMENT);
    json_decref(root);
    if (!text) return error_set(e, EXIT_INTERNAL, "out of memory");
    fprintf(out, "%s\n", text);
    free(text);
    return 0;
}

json_t *json_string_of_bytes(const char *text)
{
    char *utf8 = utf8_copy(text);
    json_t *value = json_string(utf8);
    free(utf8);
    return value;
}

json_t *json_string_or_null(const char *text)
{
    return text && *text ? json_string_of_bytes(text) : json_null();
}
