/* SPDX-License-Identifier: MIT */
#include "backends/op.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

static const char *const names[OP_COUNT + 1] = {
#define OP(name) #name,
#include "ops.def"
#undef OP
    NULL,
};
_Static_assert((int)OP_COUNT < 32, "a bit for each op in an op_set");

const char *op_name(enum op_id op)
{
    return names[op];
}

bool backend_has_op(const struct backend *b, enum op_id op)
{
    switch (op) {
#define OP(name)                                                                                             \
    case OP_##name:                                                                                          \
        return b->ops.name != NULL;
#include "ops.def"
#undef OP
    case OP_COUNT:
        break;
    }
    return false;
}

op_set backend_ops(const struct backend *b)
{
    op_set ops = 0;
    for (int op = 0; op < OP_COUNT; op++)
        if (backend_has_op(b, (enum op_id)op)) ops |= (op_set)1 << op;
    return ops;
}

char *op_set_names(op_set ops, const char *between, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int op = 0; op < OP_COUNT && used < size; op++)
        if (ops >> op & 1)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? between : "", names[op]);
    return text;
}

int op_set_add(op_set *ops, const char *name, size_t length, const char *where, struct error *e)
{
    char word[64], all[OP_NAMES_SIZE];
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    for (int op = 0; op < OP_COUNT; op++) {
        if (strcmp(names[op], word) != 0) continue;
        if (*ops >> op & 1) return error_set(e, EXIT_USAGE, "%.200s: '%s' is named twice", where, word);
        *ops |= (op_set)1 << op;
        return 0;
    }
    const char *near = suggest_nearest(word, names);
    return error_set(e, EXIT_USAGE, "%.200s: '%s' is not an op; allowed are %s%s%s%s", where, word,
                     op_set_names(OP_ALL, ", ", all, sizeof all), near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}
