/* SPDX-License-Identifier: MIT
 *
 * JSON to text, whole or not at all, and any text to JSON. */
#ifndef LB_JSON_TEXT_H
#define LB_JSON_TEXT_H

#include <jansson.h>

/* value as text with Jansson's flags (JSON_INDENT and so on); free(). NULL when value is NULL or memory runs
 * out. json_dumps() does not see every failure: where memory runs out at an object's key, it goes on without
 * that key. */
char *json_text(const json_t *value, size_t flags);

/* A string that holds text, which need not be UTF-8: if it is not, each byte beyond ASCII becomes a '?'. A
 * new reference; NULL only when memory runs out. */
json_t *json_string_of_bytes(const char *text);

#endif
