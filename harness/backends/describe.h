/* SPDX-License-Identifier: MIT
 *
 * Descriptions of a backend as text. */
#ifndef LB_DESCRIBE_H
#define LB_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "backends/contender.h"
#include "backends/registry.h"

/* The ops of a set as a JSON array; a new reference for the caller, NULL when out of memory. */
json_t *describe_ops_json(op_set ops);

/* The backend that each op comes from, {"gemm": "mine", "gather": "avx512", ...}; a new reference, NULL when
 * out of memory. */
json_t *describe_sources_json(const struct registry_entry *entry);

/* The ops that come from where this one does, itself among them. */
op_set describe_ops_beside(const struct registry_entry *entry, enum op_id one);

/* The ops that are not its backend's own, "avx512: gather bias_act; naive: vexp"; "" when there are none.
 * Returns text. */
enum { DESCRIBE_INHERITED_SIZE = 512 };
char *describe_inherited(const struct registry_entry *entry, char text[DESCRIBE_INHERITED_SIZE]);

/* The kind of training steps that a comparison of these two compares: "fused", "composed", or "composed
 * against fused". */
const char *describe_steps(const struct registry_entry *a, const struct registry_entry *b);
bool steps_differ(const struct registry_entry *a, const struct registry_entry *b);

/* The implementations "op=name;op=name" and the libraries of an opened contender, of all whose ops it has.
 * Where ops_only, a source that has been left some of its ops says nothing but theirs. Clean text is the
 * caller's business. */
void describe_implementation(const struct contender *c, bool ops_only, char *text, size_t size);
void describe_library(const struct contender *c, char *text, size_t size);

/* The note to show with every speed of a backend whose step skips products: "skips zero pixels; same bits as
 * avx512". "" for the others. Returns text. */
enum { DESCRIBE_NOTE_SIZE = 40 + BACKEND_NAME_MAX };
char *describe_note(const struct registry_entry *entry, char text[DESCRIBE_NOTE_SIZE]);

/* Its name, and in brackets that note where there is one. Returns text. */
enum { DESCRIBE_NAMED_SIZE = BACKEND_SPEC_SIZE + BACKEND_NAME_MAX + DESCRIBE_NOTE_SIZE };
char *describe_named(const struct registry_entry *entry, char text[DESCRIBE_NAMED_SIZE]);

/* Whether one of the implementations "op=name;op=name" is a reference implementation (its name contains
 * "ref"), and in text the first such pair. */
bool describe_reference(const char *implementation, char *text, size_t size);

#endif
