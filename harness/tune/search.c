/* SPDX-License-Identifier: MIT */
#include "tune/search.h"

#include <stdlib.h>
#include <string.h>

#include "stats/order.h"

const double search_margin = 0.01;

/* Enough that the median of a candidate's rounds is out by less than the differences looked for; the last
 * race decides, and has more. */
enum { ROUNDS = 9, LAST_ROUNDS = 31, PASSES = 2 };

enum { MAX_TILES = 64 };

struct tried_tile {
    int mr, nr;
    bool right;
};

struct search {
    struct race *race;
    const struct search_listener *listener;
    struct search_result *result;
    struct blocking start; /* the defaults under the race's plan */
    struct blocking seen[256];
    int seen_count;
    struct tried_tile tiles[MAX_TILES];
    int tile_count;
};

static bool same(const struct blocking *a, const struct blocking *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Remembers the candidate; false when it was known. */
static bool is_new(struct search *s, const struct blocking *candidate)
{
    for (int i = 0; i < s->seen_count; i++)
        if (same(&s->seen[i], candidate)) return false;
    if (s->seen_count == (int)(sizeof s->seen / sizeof *s->seen)) return false;
    s->seen[s->seen_count++] = *candidate;
    return true;
}

/* Races the candidate against the best so far and keeps it when it is faster by a quarter of the margin in
 * the median and in two rounds of three. */
static int try(struct search *s, const struct blocking *candidate, struct error *e)
{
    double ratios[ROUNDS];
    if (!is_new(s, candidate)) return 0;
    const int code = race_run(s->race, &s->result->best, candidate, ROUNDS, ratios, NULL, e);
    if (code) return code;
    int won = 0;
    for (int i = 0; i < ROUNDS; i++) won += ratios[i] < 0;
    const double effect = median_of(ratios, ROUNDS);
    const bool better = effect < -search_margin / 4 && 3 * won >= 2 * ROUNDS;
    s->result->tried++;
    if (better) s->result->best = *candidate;
    s->listener->tried(s->listener->context, candidate, effect, better);
    return 0;
}

/* Whether the candidate's tile is right: a wrong one may be fast. */
static bool has_right_tile(struct search *s, const struct blocking *candidate)
{
    if (!s->listener->proven) return true;
    for (int i = 0; i < s->tile_count; i++)
        if (s->tiles[i].mr == candidate->mr && s->tiles[i].nr == candidate->nr) return s->tiles[i].right;
    if (s->tile_count == MAX_TILES) return false;
    const bool right = s->listener->proven(s->listener->context, candidate);
    s->tiles[s->tile_count++] = (struct tried_tile){candidate->mr, candidate->nr, right};
    return right;
}

/* Height and width of the tile belong together: every pair is tried. */
static int try_tiles(struct search *s, const struct blocking_choices *choices, struct error *e)
{
    const struct blocking start = s->result->best;
    const int own_mr[] = {start.mr, 0}, own_nr[] = {start.nr, 0};
    for (const int *nr = choices->nr ? choices->nr : own_nr; *nr; nr++)
        for (const int *mr = choices->mr ? choices->mr : own_mr; *mr; mr++) {
            struct blocking candidate = s->result->best;
            candidate.mr = *mr;
            candidate.nr = *nr;
            if (!has_right_tile(s, &candidate)) continue;
            const int code = try(s, &candidate, e);
            if (code) return code;
        }
    return 0;
}

static int try_block(struct search *s, const int *values, size_t member, struct error *e)
{
    for (; values && *values; values++) {
        struct blocking candidate = s->result->best;
        memcpy((char *)&candidate + member, values, sizeof *values);
        const int code = try(s, &candidate, e);
        if (code) return code;
    }
    return 0;
}

static int pass(struct search *s, struct error *e)
{
    const struct blocking_choices *choices = s->race->backend->choices;
    int code = try_tiles(s, choices, e);
    if (!code) code = try_block(s, choices->kc, offsetof(struct blocking, kc), e);
    if (!code) code = try_block(s, choices->mc, offsetof(struct blocking, mc), e);
    if (!code) code = try_block(s, choices->nc, offsetof(struct blocking, nc), e);
    return code;
}

static int last_race(struct search *s, struct error *e)
{
    double ratios[LAST_ROUNDS];
    struct search_result *result = s->result;
    const int code = race_run(s->race, &s->start, &result->best, LAST_ROUNDS, ratios, result->seconds, e);
    if (code) return code;
    compare_rounds(&result->gain, ratios, LAST_ROUNDS, 1);
    result->better = comparison_verdict(&result->gain, 0, search_margin) == VERDICT_FASTER;
    if (!result->better) result->best = s->start;
    return 0;
}

int search_blocking(struct race *race, const struct search_listener *listener, struct search_result *result,
                    struct error *e)
{
    memset(result, 0, sizeof *result);
    struct search *s = calloc(1, sizeof *s);
    if (!s) return error_set(e, EXIT_INTERNAL, "bench tune: out of memory");
    s->race = race;
    s->listener = listener;
    s->result = result;
    s->start = result->best = contender_blocking(race->backend, &race->plan);
    is_new(s, &s->start);
    int code = 0;
    for (int i = 0; i < PASSES && !code; i++) {
        const int before = result->tried;
        code = pass(s, e);
        if (result->tried == before) break;
    }
    if (!code) code = last_race(s, e);
    free(s);
    return code;
}
