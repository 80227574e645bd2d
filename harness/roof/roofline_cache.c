/* SPDX-License-Identifier: MIT */
#include "roof/roofline_cache.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean_text.h"
#include "machine/cpu.h"
#include "base/cache_list.h"

static const char list_name[] = "rooflines";

void roofline_rates_add(struct roofline_rates *rates, const struct roofline_row *row)
{
    const double rate = row->median * 1e9;
    if (row->threads != rates->threads) return;
    if (strcmp(row->quantity, "divide") == 0) rates->divide[row->tier] = rate;
    if (strcmp(row->quantity, "square_root") == 0) rates->square_root[row->tier] = rate;
    if (row->phase)
        (strcmp(row->phase, "before") == 0 ? rates->flop_before : rates->flop_after)[row->tier] = rate;
    for (int i = 0; row->level && i < LEVEL_COUNT; i++)
        if (strcmp(row->level, level_name(i)) == 0) rates->bytes[i] = fmax(rates->bytes[i], rate);
}

double roofline_rates_change(const struct roofline_rates *rates)
{
    double most = 1.0;
    for (int i = 0; i < ISA_TIER_COUNT; i++) {
        const double before = rates->flop_before[i], after = rates->flop_after[i];
        if (before > 0.0 && after > 0.0) most = fmax(most, fmax(before / after, after / before));
    }
    return most - 1.0;
}

/* ---- JSON ---- */

/* An object with the rates that were measured. */
static json_t *rates_object(const double *rates, int count, bool of_levels)
{
    json_t *object = json_object();
    for (int i = 0; i < count; i++) {
        const char *name = of_levels ? level_name(i) : isa_tier_name((enum isa_tier)i);
        if (rates[i] > 0 && json_object_set_new(object, name, json_real(rates[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static void read_rates(double *rates, int count, bool of_levels, const json_t *object)
{
    for (int i = 0; i < count; i++) {
        const double rate = json_number_value(
            json_object_get(object, of_levels ? level_name(i) : isa_tier_name((enum isa_tier)i)));
        rates[i] = isfinite(rate) && rate > 0 ? rate : 0;
    }
}

json_t *roofline_rates_json(const struct roofline_rates *r)
{
    return json_pack("{s:i, s:s, s:o, s:o, s:o}", "threads", r->threads, "utc", r->utc, "divide",
                     rates_object(r->divide, ISA_TIER_COUNT, false), "square_root",
                     rates_object(r->square_root, ISA_TIER_COUNT, false), "bytes",
                     rates_object(r->bytes, LEVEL_COUNT, true));
}

static json_t *read_root(const char *path, struct error *e)
{
    return cache_list_read(path, list_name, "remove it, and bench roofline will write a new one", e);
}

/* Index of the entry, or -1. */
static long find(const json_t *root, const char *env_id, int threads)
{
    char isa[128];
    const json_t *list = json_object_get(root, list_name);
    cpu_isa_names(cpu_usable(), isa, sizeof isa);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        if (cache_list_text_is(r, "env_id", env_id) && cache_list_text_is(r, "isa", isa) &&
            json_integer_value(json_object_get(r, "threads")) == threads)
            return (long)i;
    }
    return -1;
}

int roofline_cache_find(const char *path, const char *env_id, int threads, struct roofline_rates *rates,
                        bool *found, struct error *e)
{
    *found = false;
    json_t *root = read_root(path, e);
    if (!root) return (int)e->code;
    const long i = find(root, env_id, threads);
    if (i >= 0) {
        const json_t *r = json_array_get(json_object_get(root, list_name), (size_t)i);
        memset(rates, 0, sizeof *rates);
        clean_copy(rates->utc, sizeof rates->utc, json_string_value(json_object_get(r, "utc")));
        rates->threads = threads;
        read_rates(rates->divide, ISA_TIER_COUNT, false, json_object_get(r, "divide"));
        read_rates(rates->square_root, ISA_TIER_COUNT, false, json_object_get(r, "square_root"));
        read_rates(rates->bytes, LEVEL_COUNT, true, json_object_get(r, "bytes"));
        *found = true;
    }
    json_decref(root);
    return 0;
}

int roofline_cache_save(const char *path, const char *env_id, const struct roofline_rates *rates,
                        struct error *e)
{
    char isa[128];
    json_t *root = read_root(path, e);
    if (!root) return (int)e->code;
    json_t *entry = roofline_rates_json(rates);
    cpu_isa_names(cpu_usable(), isa, sizeof isa);
    if (!entry || json_object_set_new(entry, "env_id", json_string(env_id)) != 0 ||
        json_object_set_new(entry, "isa", json_string(isa)) != 0) {
        json_decref(entry);
        entry = NULL;
    }
    if (cache_list_put(root, list_name, find(root, env_id, rates->threads), entry, e)) {
        json_decref(root);
        return (int)e->code;
    }
    return cache_list_write(path, root, e);
}
