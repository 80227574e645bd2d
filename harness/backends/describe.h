/* SPDX-License-Identifier: MIT
 *
 * What there is to say about a backend, in words. */
#ifndef LB_DESCRIBE_H
#define LB_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "backend.h"

/* Names of the ops that the backend brings itself (own) or takes from the fallback, "gemm gather ..."; ""
 * when there are none. Returns text. */
char *describe_ops(const struct backend *b, bool own, char *text, size_t size);

/* The same as a JSON array; a new reference for the caller, NULL when out of memory. */
json_t *describe_ops_json(const struct backend *b, bool own);

/* Whether one of the implementations "op=name;op=name" is a reference implementation (its name contains
 * "ref"), and in text the first such pair. */
bool describe_reference(const char *implementation, char *text, size_t size);

#endif
