/* SPDX-License-Identifier: MIT
 *
 * How gemm cuts a product, with the sizes of one ISA (GEMM_SIZES, VECTOR_FLOATS): arithmetic on extents, for
 * every team of 1 to 128 threads, on any CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

enum { VL = VECTOR_FLOATS };
#include GEMM_SIZES

#include "vector/gemm_cut.inc.h"

enum { MAX_THREADS = 128 };

/* The products of training, those of README's table, and thin, narrow and ragged ones. */
static const int shapes[][3] = {
    {128, 512, 784},   {784, 512, 128}, {128, 10, 512},   {512, 10, 128},     {128, 512, 10},
    {96, 512, 784},    {16, 512, 784},  {128, 16, 784},   {128, 8192, 784},   {784, 8192, 128},
    {64, 64, 64},      {256, 256, 256}, {1000, 37, 500},  {1024, 1024, 1024}, {2048, 2048, 2048},
    {32, 1000, 4096},  {3, 5000, 100},  {5000, 3, 100},   {7, 7, 7},          {2, 2, 100000},
    {1023, 1025, 333}, {97, 131, 333},  {4096, 4096, 64},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const struct blocking by_product = GEMM_DEFAULT;

static void parts_cover_and_differ_by_one(void **state)
{
    (void)state;
    for (int n = 1; n < 300; n++)
        for (int count = 1; count <= n; count++) {
            const struct even_cut cut = cut_evenly(n, count);
            int end = 0;
            for (int i = 0; i < count; i++) {
                assert_int_equal(even_start(&cut, i), end);
                assert_in_range(even_length(&cut, i), n / count, n / count + (n % count != 0));
                end += even_length(&cut, i);
            }
            assert_int_equal(end, n);
        }
}

static void heights_are_spread(void **state)
{
    (void)state;
    static const int of_32[] = {6, 6, 5, 5, 5, 5};
    const int six_high = VL == 16 ? 4 : 2;
    const struct even_cut rows = gemm_row_tiles(&by_product, 32, six_high);
    assert_int_equal(rows.count, 6);
    for (int i = 0; i < rows.count; i++) assert_int_equal(even_length(&rows, i), of_32[i]);
    for (int vecs = 1; vecs <= MAX_TILE_VECS; vecs++)
        for (int m = 1; gemm_heights[vecs] && m < 500; m++) {
            const struct even_cut cut = gemm_row_tiles(&by_product, m, vecs);
            assert_true(even_length(&cut, 0) <= gemm_heights[vecs]);
            assert_int_equal(cut.count, (m + gemm_heights[vecs] - 1) / gemm_heights[vecs]);
        }
}

/* The least cost of any width that may be chosen. */
static int64_t min_cost(int m, int n)
{
    int64_t least = INT64_MAX;
    for (const int *nr = gemm_choices.nr; *nr; nr++) {
        const int64_t cost = panels_cost(m, parts_of(n, VL), *nr / VL);
        if (cost < least) least = cost;
    }
    return least;
}

static void tiles_are_the_cheapest_or_preferred(void **state)
{
    (void)state;
    for (const int *nr = gemm_choices.nr; *nr; nr++)
        for (int m = 1; m < 300; m += 1 + m / 20)
            for (int n = 1; n < 300; n += 1 + n / 20) {
                const int vecs = cheapest_vecs(*nr / VL, m, n);
                const int64_t cost = panels_cost(m, parts_of(n, VL), vecs);
                if (vecs == *nr / VL)
                    assert_true(cost - cost / 25 <= min_cost(m, n));
                else
                    assert_int_equal(cost, min_cost(m, n));
            }
    /* large ones: all alike, so the preferred tile */
    for (int size = 1024; size <= 4096; size *= 2) {
        assert_int_equal(cheapest_vecs(PREFERRED_VECS, size, size), PREFERRED_VECS);
        if (VL == 16) assert_int_equal(cheapest_vecs(3, size, size), 3);
    }
    /* four passes of 8 x 48, or eight of 4 x 24, instead of six */
    assert_int_equal(gemm_tile_vecs(&by_product, PREFERRED_VECS, 32, 1000, 4096), 3);
}

static void a_fixed_tile_is_taken(void **state)
{
    (void)state;
    for (const int *nr = gemm_choices.nr; *nr; nr++)
        for (const int *mr = gemm_choices.mr; *mr; mr++) {
            const struct blocking fixed = {.mr = *mr, .nr = *nr};
            const int vecs = gemm_tile_vecs(&fixed, PREFERRED_VECS, 1000, 1000, 1000);
            const int rows = min_int(*mr, gemm_heights[vecs]);
            assert_int_equal(vecs, *nr / VL);
            assert_int_equal(gemm_row_tiles(&fixed, 1000, vecs).count, (1000 + rows - 1) / rows);
        }
}

static void special_widths(void **state)
{
    (void)state;
    const int few = gemm_heights[MAX_TILE_VECS]; /* rows of the widest tile */
    assert_int_equal(gemm_tile_vecs(&by_product, PREFERRED_VECS, few, 1000, 1000), MAX_TILE_VECS);
    assert_int_equal(gemm_tile_vecs(&by_product, PREFERRED_VECS, 1000, 1000, SHALLOW_K), SHALLOW_VECS);
    assert_int_equal(gemm_tile_vecs(&by_product, PREFERRED_VECS, 1000, 1, 1000), 1);
    for (int n = 1; n <= MAX_TILE_VECS * VL; n++) {
        const int vecs = gemm_tile_vecs(&by_product, PREFERRED_VECS, few, n, 1000);
        assert_true(gemm_heights[vecs] > 0 && vecs * VL >= n);
    }
}

static void widths_preferred_by_measurement(void **state)
{
    (void)state;
    assert_int_equal(preferred_vecs(CPU_AMD, 0x1a), VL == 16 ? 3 : PREFERRED_VECS);
    assert_int_equal(preferred_vecs(CPU_AMD, 0x19), PREFERRED_VECS);
    assert_int_equal(preferred_vecs(0x756e6547, 0x1a), PREFERRED_VECS); /* not AMD */
    assert_int_equal(preferred_vecs(0, 0), PREFERRED_VECS);
}

static bool is_choice(const int *choices, int size)
{
    while (*choices && *choices != size) choices++;
    return *choices != 0;
}

static void blocks_fit_the_caches(void **state)
{
    (void)state;
    static const size_t l2_kib[] = {0, 256, 512, 1024, 1280, 2048, 4096},
                        l3_kib[] = {0, 1408, 8192, 32768, 131072};
    const size_t widest = (size_t)widest_vecs() * VL * sizeof(float);
    for (size_t i = 0; i < sizeof l2_kib / sizeof *l2_kib; i++)
        for (size_t j = 0; j < sizeof l3_kib / sizeof *l3_kib; j++)
            for (int threads = 1; threads <= MAX_THREADS; threads++) {
                const struct plan plan = {
                    .threads = threads, .l2_bytes = l2_kib[i] << 10, .l3_bytes = l3_kib[j] << 10};
                const struct blocking b = gemm_blocking(&plan);
                assert_true(b.mr == 0 && b.nr == 0);
                assert_true(is_choice(gemm_choices.kc, b.kc) && is_choice(gemm_choices.mc, b.mc) &&
                            is_choice(gemm_choices.nc, b.nc));
                const size_t k_bytes = (size_t)b.kc * sizeof(float);
                if (plan.l2_bytes) assert_true(b.kc == 256 || (size_t)b.kc * widest <= plan.l2_bytes / 8);
                if (plan.l2_bytes) assert_true(b.mc == 96 || (size_t)b.mc * k_bytes <= plan.l2_bytes / 2);
                if (plan.l3_bytes)
                    assert_true(b.nc == 512 || (size_t)b.nc * k_bytes <= plan.l3_bytes / (size_t)threads);
                const struct plan alone = {
                    .threads = 1, .l2_bytes = plan.l2_bytes, .l3_bytes = plan.l3_bytes};
                assert_int_equal(b.kc, gemm_blocking(&alone).kc); /* the order of sums */
            }
    const struct plan zen = {.threads = 2, .l2_bytes = 1 << 20, .l3_bytes = 32 << 20},
                      rapids = {.threads = 2, .l2_bytes = 2 << 20, .l3_bytes = 256 << 20};
    const struct blocking of_zen = gemm_blocking(&zen), of_rapids = gemm_blocking(&rapids);
    assert_true(of_zen.kc == 512 && of_zen.mc == 256 && of_zen.nc == 2048);
    assert_true(of_rapids.kc == 512 && of_rapids.mc == 512 && of_rapids.nc == 2048);
    const struct plan asks = {.threads = 1,
                              .l2_bytes = 1 << 20,
                              .blocking = {.mr = 6, .nr = 2 * VL, .mc = 96, .nc = 512, .kc = 384}};
    const struct blocking asked = gemm_blocking(&asks);
    assert_memory_equal(&asked, &asks.blocking, sizeof asked);
}

/* Blocks hold whole tiles, and op(A)'s block the space that there is; kc does not see tile or rows. */
static void cuts_fit_their_space(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++)
        for (int vecs = 1; vecs <= MAX_TILE_VECS; vecs++) {
            if (!gemm_heights[vecs]) continue;
            for (int m = 1; m <= shapes[s][0]; m += 1 + m / 10) {
                const struct gemm_cut cut = gemm_cut_of(&by_product, vecs, m, shapes[s][2]);
                assert_int_equal(cut.kc, even_part(shapes[s][2], by_product.kc));
                assert_in_range(cut.rows, 1, gemm_heights[vecs]);
                assert_true(cut.mc % cut.rows == 0 && cut.mc >= cut.rows);
                assert_true((int64_t)cut.mc * cut.kc <= (int64_t)by_product.mc * by_product.kc);
                assert_true(cut.nc % (vecs * VL) == 0 && cut.nc > 0 && cut.nc <= by_product.nc);
            }
        }
}

/* Rows x vectors of the largest part. */
static int64_t largest_part(int m, int n, int rows, int cols)
{
    const int n_vecs = parts_of(n, VL);
    const struct even_cut high = cut_evenly(m, rows), wide = cut_evenly(n_vecs, cols);
    return (int64_t)even_length(&high, 0) * even_length(&wide, 0);
}

/* Whether any grid of so many threads gives none more than 1.10 times the mean. */
static bool can_be_fair(int m, int n, int threads)
{
    const int64_t all = (int64_t)m * parts_of(n, VL);
    for (int rows = 1; rows <= threads && rows <= m; rows++) {
        const int cols = min_int(threads / rows, parts_of(n, VL));
        if (10 * largest_part(m, n, rows, cols) * threads <= 11 * all) return true;
    }
    return false;
}

static void shares_are_fair(void **state)
{
    (void)state;
    int fair = 0, cases = 0;
    for (int s = 0; s < SHAPES; s++)
        for (int threads = 1; threads <= MAX_THREADS; threads++) {
            const int m = shapes[s][0], n = shapes[s][1];
            const int vecs = gemm_tile_vecs(&by_product, PREFERRED_VECS, m, n, shapes[s][2]);
            const struct gemm_grid grid = gemm_grid_of(m, n, vecs, threads);
            assert_in_range(grid.rows, 1, m);
            assert_in_range(grid.cols, 1, parts_of(n, VL));
            assert_true(grid.rows * grid.cols <= threads);
            cases++;
            if (!can_be_fair(m, n, threads)) continue;
            fair++;
            if (10 * largest_part(m, n, grid.rows, grid.cols) * threads > (int64_t)11 * m * parts_of(n, VL))
                fail_msg("%dx%d, %d threads: %d x %d parts", m, n, threads, grid.rows, grid.cols);
        }
    print_message("%d of %d teams and shapes can be fair\n", fair, cases);
    assert_true(fair > cases / 2);
}

/* A grid that is not fair because the shape allows none still leaves no thread more than one thread has. */
static void more_threads_never_have_more_work(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++)
        for (int threads = 1; threads <= MAX_THREADS; threads++) {
            const int m = shapes[s][0], n = shapes[s][1];
            const struct gemm_grid grid = gemm_grid_of(m, n, PREFERRED_VECS, threads);
            const int64_t all = (int64_t)m * parts_of(n, VL);
            const int64_t work = largest_part(m, n, grid.rows, grid.cols);
            assert_true(work <= all);
            if (all >= 2 && threads >= 2) assert_true(work < all);
        }
}

static void a_team_is_woken_where_it_pays(void **state)
{
    (void)state;
    assert_int_equal(threads_worth((1 << 18) - 1, GEMM_WAKE, 2), 1);
    assert_int_equal(threads_worth(1 << 18, GEMM_WAKE, 2), 2);
    assert_int_equal(threads_worth(1e12, GEMM_WAKE, 128), 128);
    assert_int_equal(threads_worth(128.0 * 10 * 10, GEMM_WAKE, 128), 1);
    for (double work = 1; work < 1e11; work *= 1.3)
        for (int threads = 1; threads <= MAX_THREADS; threads++) {
            const int parts = threads_worth(work, GEMM_WAKE, threads);
            assert_in_range(parts, 1, threads);
            if (parts == 1) continue;
            assert_true(work / parts + (double)GEMM_WAKE * threads <= work);
            assert_true(work / parts >= 2.0 * GEMM_WAKE);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_cover_and_differ_by_one),
        cmocka_unit_test(heights_are_spread),
        cmocka_unit_test(tiles_are_the_cheapest_or_preferred),
        cmocka_unit_test(a_fixed_tile_is_taken),
        cmocka_unit_test(special_widths),
        cmocka_unit_test(widths_preferred_by_measurement),
        cmocka_unit_test(blocks_fit_the_caches),
        cmocka_unit_test(cuts_fit_their_space),
        cmocka_unit_test(shares_are_fair),
        cmocka_unit_test(more_threads_never_have_more_work),
        cmocka_unit_test(a_team_is_woken_where_it_pays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
