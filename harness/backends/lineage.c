/* SPDX-License-Identifier: MIT
 *
 * Whose ops a backend runs where it has none of its own, and whom it is compared with. */
#include <stdlib.h>
#include <string.h>

#include "backends/registry.h"

/* The first line of the table implements every op and needs nothing. */
const struct backend *registry_fallback(void)
{
    return registry_at(0)->backend;
}

bool registry_is_fallback(const struct registry_entry *entry)
{
    return !entry->base && strcmp(entry->backend->name, registry_fallback()->name) == 0;
}

static bool is_complete(const struct backend *b)
{
    for (int op = 0; op < OP_COUNT; op++)
        if (!backend_has_op(b, (enum op_id)op)) return false;
    return true;
}

/* The built-in backend of line i where it is ready and has every op; else NULL. */
static const struct backend *own_backend(int i)
{
    char why[256];
    const struct registry_entry *entry = registry_at(i);
    const bool is_ready = registry_status(entry, why, sizeof why) == BACKEND_READY;
    return is_ready && is_complete(entry->backend) ? entry->backend : NULL;
}

/* The table goes from the plainest to the fastest of our own; whatever has every op of its own is one of
 * them. */
const struct backend *registry_fallback_for(const struct backend *backend)
{
    const struct backend *best = registry_fallback();
    if (!(backend->flags & BACKEND_INHERITS_FASTEST)) return best;
    for (int i = 0; i < registry_built_in(); i++)
        if (own_backend(i)) best = own_backend(i);
    return best;
}

const struct backend *registry_fallback_of(const struct registry_entry *entry)
{
    return entry->base ? entry->base->backend : registry_fallback_for(entry->backend);
}

const struct backend *registry_op_backend(const struct registry_entry *entry, enum op_id op)
{
    const struct backend *fallback = registry_fallback_of(entry);
    if (backend_has_op(entry->backend, op)) return entry->backend;
    return backend_has_op(fallback, op) ? fallback : registry_fallback_for(fallback);
}

const struct backend *registry_multiplier(const struct registry_entry *entry)
{
    return entry->backend->step ? entry->backend : registry_op_backend(entry, OP_gemm);
}

bool registry_is_deterministic(const struct registry_entry *entry)
{
    uint32_t flags = entry->backend->flags;
    for (int op = 0; op < OP_COUNT && !entry->backend->step; op++)
        flags &= registry_op_backend(entry, (enum op_id)op)->flags;
    return (flags & BACKEND_DETERMINISTIC) != 0;
}

const struct plugin *registry_plugin_of(const struct registry_entry *entry)
{
    return entry->plugin || !entry->base ? entry->plugin : entry->base->plugin;
}

bool registry_may_deviate(const struct registry_entry *entry, bool asked)
{
    const struct registry_entry *of =
        entry->base && !backend_has_op(entry->backend, OP_gemm) ? entry->base : entry;
    return of->plugin ? asked : of->backend && (of->backend->flags & BACKEND_MAY_DEVIATE);
}

const struct backend *registry_rival_of(const struct backend *backend)
{
    const struct backend *best = NULL;
    for (int i = 0; i < registry_built_in(); i++) {
        const struct backend *other = own_backend(i);
        if (other && strcmp(other->name, backend->name) != 0 && !(other->flags & BACKEND_ON_REQUEST))
            best = other;
    }
    return best;
}

const struct registry_entry *registry_opponent_of(const struct registry_entry *entry, struct error *e)
{
    const struct backend *rival = registry_rival_of(entry->backend);
    struct backend_spec s = {.composed = rival && rival->step && !entry->backend->step};
    if (!rival) return NULL;
    strncpy(s.name, rival->name, sizeof s.name - 1);
    char *spec = backend_spec_text(&s);
    const struct registry_entry *opponent = registry_resolve(spec, e);
    free(spec);
    return opponent;
}

int registry_add_opponent(const struct registry_entry **chosen, int *count,
                          const struct registry_entry **added, const struct registry_entry **of,
                          struct error *e)
{
    bool any_fused = false;
    *added = *of = NULL;
    for (int i = *count - 1; i >= 0; i--) {
        any_fused = any_fused || chosen[i]->backend->step;
        if (chosen[i]->plugin && !chosen[i]->base && !chosen[i]->backend->step) *of = chosen[i];
    }
    const struct registry_entry *opponent = any_fused && *of ? registry_opponent_of(*of, e) : NULL;
    if (!opponent) return (int)e->code;
    for (int i = 0; i < *count; i++)
        if (chosen[i] == opponent) return 0;
    if (*count == REGISTRY_MAX)
        return error_set(e, EXIT_USAGE, "--backend: more than %d backends", REGISTRY_MAX);
    *added = chosen[(*count)++] = opponent;
    return 0;
}
