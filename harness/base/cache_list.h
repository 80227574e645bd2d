/* SPDX-License-Identifier: MIT
 *
 * A JSON file in the cache directory that keeps one list between runs: {"schema": 1, NAME: [...]}. */
#ifndef LB_CACHE_LIST_H
#define LB_CACHE_LIST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/* The root object, with an empty list if there is no file; the caller's. NULL with e: EXIT_USAGE, with the
 * advice for the user, if the file is not such a list. */
json_t *cache_list_read(const char *path, const char *name, const char *advice, struct error *e);

/* Whether the member is this text. */
bool cache_list_text_is(const json_t *object, const char *key, const char *text);

/* Puts entry, which may be NULL for one that memory was short for, at index i of the list, at its end when i
 * is negative. Takes entry over. 0 or e. */
int cache_list_put(json_t *root, const char *name, long i, json_t *entry, struct error *e);

/* Replaces the file, and makes its directory where there is none. Takes root over. 0 or e. */
int cache_list_write(const char *path, json_t *root, struct error *e);

#endif
