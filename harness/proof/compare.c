/* SPDX-License-Identifier: MIT */
#include "proof/compare.h"

#include <math.h>
#include <stdio.h>

/* At least one element in this many must tell a working backend from an idle one. */
enum { TELLING_SHARE = 64 };

void compare_begin(struct comparison *c, const char *what, long long announced, int columns, unsigned flags)
{
    *c = (struct comparison){.what = what,
                             .flags = flags,
                             .columns = columns > 0 ? columns : 1,
                             .announced = announced,
                             .first = -1};
}

static bool accepted(double got, double expected, double below, double above)
{
    if (isnan(expected)) return isnan(got);
    if (isinf(expected)) return got == expected;
    const double error = got - expected;
    return error <= above && -error <= below; /* false for NaN in any operand */
}

/* Error as a share of the bound on its side; 0 for no error. */
static double share_of_bound(double got, double expected, double below, double above)
{
    if (!isfinite(expected)) return 0.0;
    const double error = got - expected;
    if (error == 0.0) return 0.0;
    const double share = error > 0.0 ? error / above : -error / below;
    return share <= COMPARE_HOPELESS ? share : COMPARE_HOPELESS; /* NaN and Inf too */
}

struct extent {
    int rows, columns;
};

static long long all_rows(const struct comparison *c)
{
    return (c->announced + c->columns - 1) / c->columns;
}

static struct extent map_extent(long long rows, long long columns)
{
    return (struct extent){rows < COMPARE_MAP_ROWS ? (int)rows : COMPARE_MAP_ROWS,
                           columns < COMPARE_MAP_COLUMNS ? (int)columns : COMPARE_MAP_COLUMNS};
}

static void widen(long long value, long long *first, long long *last)
{
    if (value < *first) *first = value;
    if (value > *last) *last = value;
}

/* Marks the place of the element that is being compared. */
static void mark(struct comparison *c)
{
    if (c->compared >= c->announced) return; /* more elements than announced: a failure of its own */
    const struct extent map = map_extent(all_rows(c), c->columns);
    const long long row = c->compared / c->columns, column = c->compared % c->columns;
    struct compare_region *r = &c->region;
    if (r->rows == 0) *r = (struct compare_region){all_rows(c), c->columns, row, row, column, column};
    widen(row, &r->first_row, &r->last_row);
    widen(column, &r->first_column, &r->last_column);
    const long long cell = row * map.rows / all_rows(c);
    c->map[cell] = (uint16_t)(c->map[cell] | 1u << column * map.columns / c->columns);
}

void compare_map(const struct comparison *c, char text[COMPARE_MAP_TEXT])
{
    const struct extent map = map_extent(all_rows(c), c->columns);
    char *at = text;
    for (int i = 0; c->wrong > 0 && c->announced > 1 && i < map.rows; i++) {
        if (i > 0) *at++ = '/';
        for (int j = 0; j < map.columns; j++) *at++ = c->map[i] >> j & 1 ? '#' : '.';
    }
    *at = 0;
}

char *compare_map_scale(long long rows, long long columns, char *text, size_t size)
{
    const struct extent map = map_extent(rows, columns);
    if (rows == map.rows && columns == map.columns)
        snprintf(text, size, "1 element");
    else
        snprintf(text, size, "%lld x %lld elements or fewer", (rows + map.rows - 1) / map.rows,
                 (columns + map.columns - 1) / map.columns);
    return text;
}

void compare_element(struct comparison *c, double got, double expected, double below, double above,
                     double idle)
{
    const bool right = accepted(got, expected, below, above);
    double share = share_of_bound(got, expected, below, above);
    if (!right && share <= 1.0) share = COMPARE_HOPELESS; /* wrong in kind: NaN or Inf */
    if (share > c->worst) c->worst = share;
    if (!right && c->wrong++ == 0) {
        c->first = c->compared;
        c->first_expected = expected;
        c->first_got = got;
        c->first_share = share;
        c->first_below = below;
        c->first_above = above;
    }
    if (!right) mark(c);
    if (!isfinite(expected)) c->nonfinite++;
    if (!accepted(idle, expected, below, above)) c->telling++;
    c->compared++;
}

void compare_matrix(struct comparison *c, int m, int n, const float *got, int ld, const double *expected,
                    const double *bound)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            const size_t at = (size_t)i * (size_t)n + (size_t)j;
            compare_element(c, got[(size_t)i * (size_t)ld + (size_t)j], expected[at], bound[at], bound[at],
                            0.0);
        }
}

static bool mistrusted(const struct comparison *c)
{
    if (c->nonfinite > 0 && !(c->flags & COMPARE_NONFINITE)) return true;
    return !(c->flags & COMPARE_IDLE_IS_RIGHT) &&
           (c->compared == 0 || c->telling * TELLING_SHARE < c->compared);
}

bool compare_passed(const struct comparison *c)
{
    return c->compared == c->announced && c->wrong == 0 && c->intruded == 0 && !mistrusted(c);
}

/* How far off the first wrong element is, or what it had to be. */
static const char *describe_miss(const struct comparison *c, char *text, size_t size)
{
    if (isnan(c->first_expected)) return "must be NaN";
    if (isinf(c->first_expected)) return "must be that infinity";
    if (!isfinite(c->first_got)) return "must be a finite number";
    if (c->first_below == 0.0 && c->first_above == 0.0) return "must be equal";
    if (c->first_share >= COMPARE_HOPELESS)
        return c->first_got > c->first_expected ? "must not be larger" : "must not be smaller";
    snprintf(text, size, "%.3g of the bound", c->first_share);
    return text;
}

char *compare_describe(const struct comparison *c, char *text, size_t size)
{
    char miss[40];
    if (c->wrong > 0)
        snprintf(text, size, "%s[%lld,%lld]: expected %.9g, got %.9g, %s; %lld of %lld wrong", c->what,
                 c->first / c->columns, c->first % c->columns, c->first_expected, c->first_got,
                 describe_miss(c, miss, sizeof miss), c->wrong, c->compared);
    else if (c->compared != c->announced)
        snprintf(text, size, "%s: compared %lld of %lld elements", c->what, c->compared, c->announced);
    else if (c->intruded > 0)
        snprintf(text, size, "%s: %lld bytes outside the elements were written%s%s", c->what, c->intruded,
                 c->intruded_at[0] ? ", the first " : "", c->intruded_at);
    else if (c->nonfinite > 0 && !(c->flags & COMPARE_NONFINITE))
        snprintf(text, size, "%s: MISTRUSTED, the reference is not finite at %lld places", c->what,
                 c->nonfinite);
    else if (mistrusted(c))
        snprintf(text, size, "%s: MISTRUSTED, an idle backend would pass at %lld of %lld places", c->what,
                 c->compared - c->telling, c->compared);
    else
        snprintf(text, size, "%s: passed", c->what);
    return text;
}
