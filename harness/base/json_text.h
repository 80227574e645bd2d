/* SPDX-License-Identifier: MIT
 *
 * JSON to text, whole or not at all, and any text to JSON. */
#ifndef LB_JSON_TEXT_H
#define LB_JSON_TEXT_H

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"

/* value as text with Jansson's flags (JSON_INDENT and so on); free(). NULL when value is NULL or memory runs
 * out. json_dumps() does not see every failure: where memory runs out at an object's key, it continues
 * without that key. */
char *json_text(const json_t *value, size_t flags);

/* The flags of a document that people read, too: nine significant digits, a member a line. */
#define JSON_DOCUMENT (JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9))

/* Prints such a document and takes over the reference to it. 0 or e; root may be NULL: out of memory. */
int json_print(json_t *root, FILE *out, struct error *e);

/* A string of text from outside. json_string() and json_pack()'s "s" fail for what is not UTF-8: they are for
 * the program's own text, and for what is clean text already (clean_text.h). Here bytes that are not UTF-8
 * become \xNN. A new reference; memory that runs out ends the process (xalloc.h). */
json_t *json_string_of_bytes(const char *text);

/* The same; null for NULL and "". */
json_t *json_string_or_null(const char *text);

#endif
