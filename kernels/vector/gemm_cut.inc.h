/* SPDX-License-Identifier: MIT
 *
 * How gemm cuts a product: into register tiles, cache blocks and parts of threads. Arithmetic on extents, not
 * one float: tests/kernels/test_gemm_cut.c tries it for every team and on any CPU.
 *
 * The order of a sum over k follows from k and kc alone. Tiles, the other blocks and the grid of threads cut
 * rows and columns only, so none of them changes a bit of the result. */
#ifndef LB_GEMM_CUT_INC_H
#define LB_GEMM_CUT_INC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"

#if !defined LB_GEMM_SIZES_H
#error "include gemm_sizes_<isa>.h first, and something that defines VL"
#endif

/* Highest tile that is `vecs` vectors wide; 0 where there is none. */
static const int gemm_heights[MAX_TILE_VECS + 1] = {
#define GEMM_WIDTH(vecs, most) [vecs] = (most),
    FOR_EACH_GEMM_WIDTH(GEMM_WIDTH)
#undef GEMM_WIDTH
};

/* The narrowest width in vectors that covers `width` columns, at most MAX_TILE_VECS vectors. */
static int gemm_vecs_for(int width)
{
    int vecs = (width + VL - 1) / VL;
    while (vecs < MAX_TILE_VECS && gemm_heights[vecs] == 0) vecs++;
    return vecs;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* Without overflow for any n >= 0. */
static int parts_of(int n, int most)
{
    return n / most + (n % most != 0);
}

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Length of the parts when n is cut into the fewest parts of at most `most`: equal but for the last. */
static int even_part(int n, int most)
{
    return parts_of(n, parts_of(n, most));
}

/* n cut into `count` parts whose lengths differ by at most one, the longer ones first. */
struct even_cut {
    int count, length, longer;
};

static struct even_cut cut_evenly(int n, int count)
{
    return (struct even_cut){count, n / count, n % count};
}

static int even_start(const struct even_cut *e, int i)
{
    return i * e->length + min_int(i, e->longer);
}

static int even_length(const struct even_cut *e, int i)
{
    return e->length + (i < e->longer);
}

/* ---- tiles */

/* The widest of those that may be chosen, in vectors. */
static int widest_vecs(void)
{
    const int *nr = gemm_choices.nr;
    while (nr[1]) nr++;
    return *nr / VL;
}

/* What a line of B from L2 takes, in loads that hit L1: it arrives every 1.0 to 1.4 cycles (Zen 5), and there
 * are two such loads a cycle. */
enum { LINE_LOADS = 3 };

/* Twice the multiply-adds and loads of one k of a panel `vecs` wide under m rows: each row is broadcast once,
 * the panel is read once for every tile of rows. */
static int64_t panel_cost(int m, int vecs)
{
    const int64_t passes = parts_of(m, gemm_heights[vecs]);
    return (int64_t)2 * m * (vecs + 1) + LINE_LOADS * (VL / 8) * vecs * passes;
}

/* The same of n_vecs vectors of columns in panels of `vecs`, the last one as wide as what is left. */
static int64_t panels_cost(int m, int n_vecs, int vecs)
{
    const int rest = n_vecs % vecs;
    return n_vecs / vecs * panel_cost(m, vecs) + (rest ? panel_cost(m, gemm_vecs_for(rest * VL)) : 0);
}

/* The width, of those that may be chosen, with the least cost; the preferred one unless another saves more
 * than 4 %, the noise in which widths were measured. This is the rule "least passes times padded columns",
 * with its price for narrow panels: by passes alone 14 x 32 would always win, and one thread of Zen 5 gave it
 * .867 of peak at 2048 square and .709 at 32x1000x4096, where 8 x 48 had .929 and .765, 6 x 64 .919 and .615.
 */
static int cheapest_vecs(int preferred, int m, int n)
{
    const int n_vecs = parts_of(n, VL);
    const int64_t preferred_cost = panels_cost(m, n_vecs, preferred);
    int64_t least = preferred_cost - preferred_cost / 25;
    int vecs = preferred;
    for (const int *nr = gemm_choices.nr; *nr; nr++) {
        const int64_t cost = panels_cost(m, n_vecs, *nr / VL);
        if (cost < least) least = cost, vecs = *nr / VL;
    }
    return vecs;
}

/* The preferred width by vendor and family of the CPU, the ISA's own where no other was measured. */
enum { CPU_AMD = 0x68747541 }; /* the first four letters of CPUID's vendor, "Auth" */

static int preferred_vecs(uint32_t vendor, unsigned family)
{
    static const struct {
        uint32_t vendor;
        unsigned family;
        int vecs;
    } preferences[] = {
#define PREFERENCE(vendor, family, vecs) {vendor, family, vecs},
        FOR_EACH_PREFERENCE(PREFERENCE)
#undef PREFERENCE
            {0, 0, PREFERRED_VECS}};
    int i = 0;
    while (preferences[i].vendor && (preferences[i].vendor != vendor || preferences[i].family != family)) i++;
    return preferences[i].vecs;
}

/* Depth of k up to which C is written nearly as often as multiplied for: whole lines of it, written in longer
 * rows, then count for more than anything else. 128x512x10, one thread, GFLOP/s: AVX-512 8x32 165, 6x64 182;
 * AVX2 6x16 84, 4x24 90. */
enum { SHALLOW_K = 16 };

/* Vectors across a tile of an m x n x k product: for shallow ones the ISA's SHALLOW_VECS; the widest that has
 * all m rows, where one has; else the width that `blocking` fixes, or the cheapest; fewer where n ends. */
static int gemm_tile_vecs(const struct blocking *blocking, int preferred, int m, int n, int k)
{
    const bool shallow = k <= SHALLOW_K && n >= SHALLOW_VECS * VL;
    int vecs = shallow ? SHALLOW_VECS : blocking->nr > 0 ? blocking->nr / VL : cheapest_vecs(preferred, m, n);
    const int least = shallow ? vecs : 1;
    for (int fits = MAX_TILE_VECS; fits > least; fits--)
        if (gemm_heights[fits] >= m) {
            vecs = fits;
            break;
        }
    return n <= vecs * VL ? gemm_vecs_for(n) : vecs;
}

/* m rows in tiles `vecs` wide: the fewest that there can be, and their heights equal but for one. The height
 * that `blocking` fixes is for products of several tiles of several vectors. */
static struct even_cut gemm_row_tiles(const struct blocking *blocking, int m, int vecs)
{
    const int most = gemm_heights[vecs];
    const bool fixed = blocking->mr > 0 && vecs > 1 && m > most;
    return cut_evenly(m, parts_of(m, fixed ? min_int(blocking->mr, most) : most));
}

/* ---- cache blocks */

/* The largest of the choices that is at most `most`, or the smallest. */
static int largest_choice(const int *choices, size_t most)
{
    int largest = *choices;
    for (; *choices; choices++)
        if ((size_t)*choices <= most) largest = *choices;
    return largest;
}

/* Blocks for the plan's caches: a panel of B takes an eighth of L2, the block of A half of it, the panels of
 * all nc columns 4 MiB, or this thread's share of L3 where that is less. kc is at most 512: more was nowhere
 * better. It does not depend on the number of threads, for the order of sums does on kc. */
static void fit_caches(struct blocking *b, const struct plan *plan)
{
    enum { MAX_KC = 512, MAX_OF_L3 = 4 << 20 };
    if (plan->l2_bytes > 0) {
        const size_t kc = plan->l2_bytes / 8 / ((size_t)widest_vecs() * VL * sizeof(float));
        b->kc = largest_choice(gemm_choices.kc, kc < MAX_KC ? kc : MAX_KC);
        b->mc = largest_choice(gemm_choices.mc, plan->l2_bytes / 2 / ((size_t)b->kc * sizeof(float)));
    }
    if (plan->l3_bytes > 0) {
        const size_t share = plan->l3_bytes / (size_t)plan->threads;
        b->nc = largest_choice(gemm_choices.nc,
                               (share < MAX_OF_L3 ? share : MAX_OF_L3) / ((size_t)b->kc * sizeof(float)));
    }
}

/* The plan's sizes, for the rest those that fit its caches; mr and nr 0: the tile is chosen for each product.
 * Blocks are never smaller than the largest tile. */
static struct blocking gemm_blocking(const struct plan *plan)
{
    const struct blocking *asked = &plan->blocking;
    struct blocking b = GEMM_DEFAULT;
    fit_caches(&b, plan);
    if (asked->mr > 0) b.mr = min_int(asked->mr, MAX_TILE_ROWS);
    if (asked->nr >= VL && gemm_heights[min_int(asked->nr / VL, MAX_TILE_VECS)])
        b.nr = min_int(asked->nr / VL, MAX_TILE_VECS) * VL;
    if (asked->mc >= MAX_TILE_ROWS) b.mc = asked->mc;
    if (asked->nc >= MAX_TILE_VECS * VL) b.nc = asked->nc;
    if (asked->kc > 0) b.kc = asked->kc;
    return b;
}

/* How one thread cuts its part: tiles `vecs` wide, `rows` high at most, blocks of mc rows, nc columns and kc
 * of k. */
struct gemm_cut {
    int rows, vecs;
    int mc, nc, kc;
};

/* m: rows of the part. vecs: chosen for the whole product, so that all its parts have the same. */
static struct gemm_cut gemm_cut_of(const struct blocking *blocking, int vecs, int m, int k)
{
    struct gemm_cut cut = {.kc = even_part(k, blocking->kc), .vecs = vecs};
    const struct even_cut tiles = gemm_row_tiles(blocking, m, vecs);
    cut.rows = even_length(&tiles, 0);
    const long long area = (long long)blocking->mc * blocking->kc; /* of A, in L2 */
    const int max_rows = (int)(area / cut.kc / cut.rows) * cut.rows;
    cut.mc = round_up(even_part(m, max_rows), cut.rows);
    cut.nc = blocking->nc / (vecs * VL) * vecs * VL;
    return cut;
}

/* ---- threads */

/* What a thread of the team costs to wake and to wait for, in multiply-adds of gemm. With two threads, a
 * product of 2^18 breaks even: the figure of the first version, whose measurement was not recorded.
 * `meson test -C build --benchmark 'gemm-wake avx512' -v` measures it again, with kernels compiled for 1. */
#ifndef GEMM_WAKE
#define GEMM_WAKE (1 << 16)
#endif

/* How many of `threads` a product of so many multiply-adds pays for, when each costs `wake` of them. All are
 * woken or none, for a team of changing size loses its threads and their places; those beyond the answer have
 * nothing to do. A part is worth at least two wakes. */
static int threads_worth(double multiply_adds, double wake, int threads)
{
    const double most = multiply_adds / (2 * wake);
    const int parts = most < threads ? (int)most : threads;
    return parts > 1 && multiply_adds - multiply_adds / parts >= wake * threads ? parts : 1;
}

/* Parts of C, rows x columns. */
struct gemm_grid {
    int rows, cols;
};

/* The grid of at most `threads` parts whose largest part costs least, counting the packing of its columns,
 * about as dear as four rows of multiply-adds. Only grids whose largest part has at most 1.10 times the mean
 * of multiply-adds are looked at, if there is one: rows are dealt out singly, columns in whole vectors. */
static struct gemm_grid gemm_grid_of(int m, int n, int vecs, int threads)
{
    const int n_vecs = parts_of(n, VL);
    struct gemm_grid grid = {1, 1};
    int64_t least = INT64_MAX;
    bool fair = false;
    for (int rows = 1; rows <= min_int(threads, m); rows++) {
        const int cols = min_int(threads / rows, n_vecs);
        const int64_t high = parts_of(m, rows), wide = parts_of(n_vecs, cols);
        const bool is_fair = 10 * high * wide * threads <= (int64_t)11 * m * n_vecs;
        if (fair && !is_fair) continue;
        const int64_t cost = panels_cost((int)high, (int)wide, vecs) + 8 * wide;
        if (is_fair == fair && cost >= least) continue;
        fair = is_fair;
        least = cost;
        grid = (struct gemm_grid){rows, cols};
    }
    return grid;
}

#endif
