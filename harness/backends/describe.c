/* SPDX-License-Identifier: MIT */
#include "backends/describe.h"

#include <stdio.h>
#include <string.h>

#include "backends/contender.h"

char *describe_ops(const struct backend *b, bool own, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int op = 0; op < OP_COUNT; op++) {
        if (backend_has_op(b, (enum op_id)op) != own || used >= size) continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", op_name((enum op_id)op));
    }
    return text;
}

json_t *describe_ops_json(const struct backend *b, bool own)
{
    json_t *array = json_array();
    for (int op = 0; op < OP_COUNT; op++)
        if (backend_has_op(b, (enum op_id)op) == own &&
            json_array_append_new(array, json_string(op_name((enum op_id)op))) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

bool describe_reference(const char *implementation, char *text, size_t size)
{
    for (const char *pair = implementation; *pair;) {
        const size_t length = strcspn(pair, ";");
        char one[160];
        snprintf(one, sizeof one, "%.*s", (int)length, pair);
        const char *name = strchr(one, '=');
        if (strstr(name ? name : one, "ref")) {
            snprintf(text, size, "%s", one);
            return true;
        }
        pair += length + (pair[length] == ';');
    }
    return false;
}
