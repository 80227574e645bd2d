/* SPDX-License-Identifier: MIT */
#include "backends/spec.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"

/* "BASE+OP[+OP...]:" in front, which it passes. */
static int parse_base(struct backend_spec *s, const char **text, struct error *e)
{
    const char *at = *text;
    const size_t length = strcspn(at, ":+");
    if (at[length] != '+') return 0;
    snprintf(s->base, sizeof s->base, "%.*s", (int)length, at);
    at += length;
    while (*at == '+') {
        const size_t op = strcspn(at + 1, "+:");
        if (op_set_add(&s->ops, at + 1, op, *text, e)) return (int)e->code;
        at += 1 + op;
    }
    if (!*at)
        return error_set(
            e, EXIT_USAGE,
            "--backend: '%.200s': the backend that supplies these ops is missing, as in %s+gemm:mine", *text,
            s->base);
    *text = at + 1;
    s->composed = true;
    return 0;
}

/* Takes ":composed", or an argument of that word, off the end. */
static void cut_composed(struct backend_spec *s)
{
    static const char word[] = COMPOSED;
    const size_t length = strlen(s->argument), tail = sizeof word - 1;
    if (length < tail || strcmp(s->argument + length - tail, word) != 0) return;
    if (length > tail && s->argument[length - tail - 1] != ':') return;
    s->argument[length > tail ? length - tail - 1 : 0] = 0;
    s->composed = true;
}

int backend_spec_parse(struct backend_spec *s, const char *text, struct error *e)
{
    const char *rest = text;
    memset(s, 0, sizeof *s);
    if (strlen(text) >= BACKEND_SPEC_SIZE)
        return error_set(e, EXIT_USAGE, "--backend: '%.100s...' has more than %d bytes", text,
                         BACKEND_SPEC_SIZE - 1);
    if (parse_base(s, &rest, e)) return (int)e->code;
    const char *colon = strchr(rest, ':');
    snprintf(s->name, sizeof s->name, "%.*s", colon ? (int)(colon - rest) : (int)strlen(rest), rest);
    if (!colon) return 0;
    snprintf(s->argument, sizeof s->argument, "%s", colon + 1);
    cut_composed(s);
    if (!s->argument[0] && strcmp(colon + 1, COMPOSED) != 0)
        return error_set(e, EXIT_USAGE, "--backend: '%.200s': nothing follows the colon", text);
    return 0;
}

char *backend_spec_text(const struct backend_spec *s)
{
    char text[2 * BACKEND_SPEC_SIZE], ops[OP_NAMES_SIZE];
    const bool has_argument = s->argument[0] != 0, has_base = s->base[0] != 0;
    const int length =
        snprintf(text, sizeof text, "%s%s%s%s%s%s%s%s", s->base, has_base ? "+" : "",
                 op_set_names(s->ops, "+", ops, sizeof ops), has_base ? ":" : "", s->name,
                 has_argument ? ":" : "", s->argument, s->composed && !has_base ? ":" COMPOSED : "");
    return memcpy(xmalloc((size_t)length + 1), text, (size_t)length + 1);
}

char *backend_spec_title(const struct backend_spec *s, const char *base, const char *name)
{
    char ops[OP_NAMES_SIZE], *title;
    op_set_names(s->ops, "+", ops, sizeof ops);
    const size_t size = strlen(base) + strlen(ops) + strlen(name) + sizeof COMPOSED + 3;
    title = xmalloc(size);
    if (s->base[0])
        snprintf(title, size, "%s+%s:%s", base, ops, name);
    else
        snprintf(title, size, "%s%s", name, s->composed ? ":" COMPOSED : "");
    return title;
}
