/* SPDX-License-Identifier: MIT */
#include "backends/plugin_facts.h"

#include <string.h>

#include "backends/spec.h"
#include "base/clean_text.h"

void plugin_facts_name(char to[PLUGIN_NAME_SIZE], const char *name)
{
    static const char cut[] = "...";
    const bool fits = !name || strlen(name) <= BACKEND_NAME_MAX;
    clean_copy(to, fits ? PLUGIN_NAME_SIZE : PLUGIN_NAME_SIZE - strlen(cut), name);
    if (!fits) strcat(to, cut);
}

void plugin_facts_of(struct plugin_facts *f, const struct backend *b)
{
    memset(f, 0, sizeof *f); /* every byte, since it is written to a pipe */
    f->needs = b->needs;
    f->flags = b->flags;
    f->blocking = b->blocking;
    f->has_step = b->step != NULL;
    f->has_flop_done = b->step && b->step->flop_done;
    plugin_facts_name(f->name, b->name);
    plugin_facts_name(f->same_bits_as, b->same_bits_as);
    clean_copy(f->summary, sizeof f->summary, b->summary);
    for (int op = 0; op < OP_COUNT; op++) f->has_op[op] = backend_has_op(b, (enum op_id)op);
}

/* Those that this version can judge. */
static const uint32_t known_needs =
    ISA_AVX2 | ISA_FMA | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL | ISA_AVX512BF16;
static const uint32_t known_flags =
    BACKEND_DETERMINISTIC | BACKEND_ON_REQUEST | BACKEND_TAKES_ARGUMENT | BACKEND_INHERITS_FASTEST;
enum { MAX_BLOCKING = 1 << 24 };

/* The rule of backend.h. */
static bool is_name(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return length > 0 && length <= BACKEND_NAME_MAX && !name[length] && *name != '-' &&
           strcmp(name, "all") != 0 && strcmp(name, COMPOSED) != 0;
}

static bool is_blocking(const struct blocking *b)
{
    const int sizes[] = {b->mr, b->nr, b->mc, b->nc, b->kc};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] < 0 || sizes[i] > MAX_BLOCKING) return false;
    return true;
}

int plugin_facts_check(const struct plugin_facts *f, const char *path, struct error *e)
{
    bool measurable = f->has_step;
    for (int i = 0; i < OP_COUNT; i++) measurable = measurable || f->has_op[i];
    if (!is_name(f->name))
        return error_set(e, EXIT_USAGE,
                         "--plugin %.200s: the name '%s' is not 1 to %d characters of a-z, 0-9, '_' and '-', "
                         "begins with '-', or is 'all' or '" COMPOSED "'; PATH:NAME gives it another",
                         path, f->name, BACKEND_NAME_MAX);
    if (f->same_bits_as[0] && !is_name(f->same_bits_as))
        return error_set(e, EXIT_USAGE, "--plugin %.200s: its same_bits_as '%s' is no backend's name", path,
                         f->same_bits_as);
    if (!measurable)
        return error_set(e, EXIT_USAGE,
                         "--plugin %.200s: it has neither an op nor a step: nothing to measure", path);
    if (f->needs & ~known_needs)
        return error_set(
            e, EXIT_USAGE,
            "--plugin %.200s: its needs 0x%x have bits that this version's backend.h does not define", path,
            f->needs);
    if (f->flags & ~known_flags)
        return error_set(
            e, EXIT_USAGE,
            "--plugin %.200s: its flags 0x%x have bits that this version's backend.h does not define", path,
            f->flags);
    if (!is_blocking(&f->blocking))
        return error_set(e, EXIT_USAGE, "--plugin %.200s: its blocking has a size outside 0 to %d", path,
                         MAX_BLOCKING);
    return 0;
}
