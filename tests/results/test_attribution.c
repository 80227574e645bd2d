/* SPDX-License-Identifier: MIT
 *
 * What limits an op: its compulsory traffic, the roof above it, and Amdahl's sentence about two backends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/amdahl_view.h"
#include "results/attribution.h"
#include "roof/roofline_cache.h"

/* Small enough to count by hand: 3 steps of 8, 8 and 4 rows through a network 6-5-2. */
static const struct op_load load = {{6, 5, 2}, 8, 3, 20, false};

static struct op_work work_of(const char *name, bool updates)
{
    struct op_work w = {0};
    assert_true(op_work_of(&w, name, updates, &load));
    return w;
}

static void expect_work(const char *name, bool updates, double bytes, double set, double update_count)
{
    const struct op_work w = work_of(name, updates);
    if (w.bytes != bytes || w.working_set != set || w.updates != update_count)
        fail_msg("%s: %g bytes, set %g, %g updates; not %g, %g, %g", name, w.bytes, w.working_set, w.updates,
                 bytes, set, update_count);
}

static void least_traffic_counts_each_operand_once(void **state)
{
    (void)state;
    struct op_work ignored;
    expect_work("gemm forward1", false, 4 * (20 * (6 + 5) + 3 * 30), 4 * (8 * 11 + 30), 0);
    expect_work("forward1", true, 4 * (20 * 11 + 3 * 30), 4 * (8 * 11 + 30), 0);
    expect_work("gemm dw1", true, 4 * (20 * 11 + 3 * 30), 4 * (8 * 11 + 30), 0);
    expect_work("forward2", false, 4 * (20 * 7 + 3 * 10), 4 * (8 * 7 + 10), 0);
    expect_work("gemm dh", false, 4 * (20 * 7 + 3 * 10), 4 * (8 * 7 + 10), 0);
    expect_work("backward2", false, 4 * (20 * 14 + 3 * 20), 4 * (8 * 12 + 20), 0);
    /* With RMSprop inside: w and v in and out instead of a gradient out. */
    expect_work("backward1", false, 4 * (20 * 11 + 3 * 30), 4 * (8 * 11 + 30), 0);
    expect_work("backward1", true, 4 * (20 * 11 + 3 * 4 * 30), 4 * (8 * 11 + 60), 3 * 30);
    expect_work("backward2", true, 4 * (20 * 14 + 3 * 4 * 10), 4 * (8 * 12 + 30), 3 * 10);
    expect_work("gather", false, 20 * (6 + 4 * 6 + 4), 8 * 34, 0);
    expect_work("bias_act", false, 20 * 8 * 7 + 3 * 4 * 7, 8 * 4 * 5 + 4 * 5, 0);
    expect_work("softmax_xent", false, 20 * (8 * 2 + 5), 8 * (4 * 2 + 5), 0);
    expect_work("relu_grad", false, 20 * 12 * 5, 8 * 8 * 5, 0);
    expect_work("bias_grad", false, 20 * 4 * 7 + 3 * 4 * 7, 8 * 4 * 5 + 4 * 5, 0);
    expect_work("rmsprop", false, 3 * 20 * 47, 12 * 30, 3 * 47);
    assert_false(op_work_of(&ignored, "step", false, &load));
    assert_false(op_work_of(&ignored, "barrier", false, &load));
    struct op_load skips = load;
    skips.skips = true;
    assert_false(op_work_of(&ignored, "gather", true, &skips));
    assert_false(op_work_of(&ignored, "forward1", true, &skips));
    assert_false(op_work_of(&ignored, "backward1", true, &skips));
    assert_true(op_work_of(&ignored, "forward2", true, &skips));
    assert_true(op_work_of(&ignored, "softmax_xent", true, &skips));
}

static void updates_are_in_the_products_only_where_all_phases_are_known(void **state)
{
    (void)state;
    const char *const fused[] = {"gather",    "forward1",  "forward2", "softmax_xent",
                                 "backward2", "backward1", "barrier"};
    const char *const apart[] = {"forward1", "backward1", "rmsprop"};
    const char *const unknown[] = {"forward1", "backward1", "my own update"};
    const char *const composed[] = {"gather", "gemm dw1"};
    assert_true(op_updates_in_products(fused, 7));
    assert_false(op_updates_in_products(apart, 3));
    assert_false(op_updates_in_products(unknown, 3));
    assert_false(op_updates_in_products(composed, 2));
}

/* 100 flop/s, 10 divisions/s and 5 roots/s, 40, 20 and 4 bytes/s from L1, L2 and DRAM; L3 was not measured.
 */
static const struct roofs roofs = {.flop = 100,
                                   .divide = 10,
                                   .square_root = 5,
                                   .bytes = {40, 20, 0, 4},
                                   .capacity = {1000, 10000, 100000, INFINITY}};

static void expect_limiter(const char *by, double seconds, const struct work *w, const struct roofs *r)
{
    const struct limiter l = limiter_of(r, w);
    assert_string_equal(l.by, by);
    assert_true(fabs(l.seconds - seconds) < 1e-9 * seconds + 1e-300);
}

static void the_slowest_roof_holds_the_op(void **state)
{
    (void)state;
    expect_limiter("FMA", 10, &(struct work){.flop = 1000, .bytes = 399, .working_set = 1000}, &roofs);
    expect_limiter("L1", 10.025, &(struct work){.flop = 1000, .bytes = 401, .working_set = 1000}, &roofs);
    expect_limiter("L2", 19.95, &(struct work){.flop = 1000, .bytes = 399, .working_set = 1001}, &roofs);
    expect_limiter("DRAM", 99.75, &(struct work){.flop = 1000, .bytes = 399, .working_set = 1e6}, &roofs);
    /* A level that was not measured holds nothing, rather than another one's rate. */
    expect_limiter("FMA", 10, &(struct work){.flop = 1000, .bytes = 399, .working_set = 50000}, &roofs);
    expect_limiter("divider", 30, &(struct work){.flop = 1000, .updates = 100}, &roofs);
    expect_limiter("L1", 30.025, &(struct work){.bytes = 1201, .updates = 100, .working_set = 1}, &roofs);
    expect_limiter("", 0, &(struct work){.bytes = 0}, &roofs);
    const struct roofs only_flop = {.flop = 100, .capacity = {1000, 10000, 100000, INFINITY}};
    expect_limiter("FMA", 10, &(struct work){1000, 1e9, 1e9, 1e9}, &only_flop);
    expect_limiter("", 0, &(struct work){0, 1e9, 1e9, 1e9}, &only_flop);
}

static void capacities_are_the_teams(void **state)
{
    (void)state;
    const struct topology t = {
        .allowed_cores = 4, .l1d_bytes = 10, .l2_bytes = 100, .l3_bytes = 1000, .l3_sharing_cores = 2};
    const struct roofline_rates rates = {
        .divide = {1, 2, 3}, .square_root = {4, 5, 6}, .bytes = {7, 8, 9, 10}};
    struct roofs r;
    roofs_init(&r, &rates, TIER_AVX2, &t, 3);
    assert_true(r.capacity[LEVEL_L1] == 30 && r.capacity[LEVEL_L2] == 300 && r.capacity[LEVEL_L3] == 2000);
    assert_true(isinf(r.capacity[LEVEL_DRAM]) && r.divide == 2 && r.square_root == 5 && r.bytes[3] == 10);
    roofs_init(&r, NULL, TIER_AVX2, &t, 8); /* two threads a core have one core's caches */
    assert_true(r.capacity[LEVEL_L1] == 40 && r.divide == 0 && r.bytes[0] == 0);
}

/* ---- Amdahl ---- */

static const struct amdahl_part composed_parts[] = {{"gather", 2},    {"gemm forward1", 50}, {"bias_act", 1},
                                                    {"gemm dw1", 30}, {"softmax_xent", 4},   {"relu_grad", 1},
                                                    {"bias_grad", 1}, {"rmsprop", 10},       {"other", 1}};
static const struct amdahl_part library_parts[] = {{"gather", 2},    {"forward1", 4},    {"softmax_xent", 2},
                                                   {"backward1", 4}, {"relu_grad", 0.5}, {"rmsprop", 7},
                                                   {"other", 0.5}};
static const struct amdahl_part fused_parts[] = {{"gather", 1},    {"forward1", 4}, {"softmax_xent", 1},
                                                 {"backward1", 5}, {"barrier", 2},  {"other", 1}};
static const struct amdahl_side composed = {"plain", 100, composed_parts, 9};
static const struct amdahl_side library = {"library", 20, library_parts, 7};
static const struct amdahl_side fused = {"fused", 14, fused_parts, 6};

static char *sentence(const struct amdahl_side *slow, const struct amdahl_side *fast)
{
    char *text = NULL;
    size_t size = 0;
    struct amdahl a;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(amdahl_of(&a, slow, fast));
    amdahl_print(out, 0, &a, slow, fast);
    fclose(out);
    return text;
}

static void expect_sentence(const struct amdahl_side *slow, const struct amdahl_side *fast, const char *want)
{
    char *text = sentence(slow, fast);
    assert_string_equal(text, want);
    free(text);
}

static void amdahl_compares_like_with_like(void **state)
{
    (void)state;
    /* The library's step has bias_act and bias_grad in its products: 80 + 2 against 8. */
    expect_sentence(&composed, &library,
                    "library against plain: GEMM with bias_act and bias_grad 10.2x as fast, epoch 5.00x: "
                    "35 % of the epoch is now rmsprop (10 % before)\n");
    /* A fused step: all but gather and softmax, 80 + 1 + 1 + 1 + 10 against 4 + 5. */
    expect_sentence(&composed, &fused,
                    "fused against plain: GEMM with bias_act, bias_grad, relu_grad and rmsprop 10.3x as "
                    "fast, epoch 7.14x: 14 % of the epoch is now barrier (0.0 % before)\n");
    /* The other way round: what is fused in the slow one. */
    const struct amdahl_side slow_fused = {"fused", 28, fused_parts, 6};
    expect_sentence(&slow_fused, &library,
                    "library against fused: GEMM with bias_act, bias_grad, relu_grad and rmsprop 0.58x "
                    "as fast, epoch 1.40x: 10 % of the epoch is now gather (3.6 % before)\n");
    expect_sentence(&composed, &composed,
                    "plain against plain: GEMM 1.00x as fast, epoch 1.00x: 10 % of the epoch is now rmsprop "
                    "(10 % before)\n");
}

static void amdahl_is_silent_where_nothing_is_known(void **state)
{
    (void)state;
    const struct amdahl_part step[] = {{"step", 10}, {"other", 1}};
    const struct amdahl_part own[] = {{"forward1", 5}, {"my phase", 5}, {"other", 1}};
    const struct amdahl_part no_product[] = {{"rmsprop", 5}, {"other", 1}};
    const struct amdahl_side sides[] = {{"a", 11, step, 2}, {"b", 11, own, 3}, {"c", 6, no_product, 2}};
    struct amdahl a;
    for (int i = 0; i < 3; i++) {
        assert_false(amdahl_of(&a, &composed, &sides[i]));
        assert_false(amdahl_of(&a, &sides[i], &composed));
    }
}

/* ---- The saved roofline ---- */

static void rates_tell_how_much_the_peak_changed(void **state)
{
    (void)state;
    struct roofline_rates rates = {.threads = 2};
    assert_true(roofline_rates_change(&rates) == 0); /* nothing is known */
    struct roofline_row row = {
        .threads = 2, .quantity = "multiply_add", .tier = TIER_AVX2, .phase = "before", .median = 100};
    roofline_rates_add(&rates, &row);
    assert_true(roofline_rates_change(&rates) == 0);
    row.phase = "after";
    row.median = 80;
    roofline_rates_add(&rates, &row);
    assert_float_equal(roofline_rates_change(&rates), 0.25, 1e-12); /* slower afterwards */
    row.median = 125;
    roofline_rates_add(&rates, &row);
    assert_float_equal(roofline_rates_change(&rates), 0.25, 1e-12); /* or before */
    row.median = 108;
    roofline_rates_add(&rates, &row);
    assert_true(roofline_rates_change(&rates) <= roofline_max_change);
    row.threads = 1; /* of another team */
    row.median = 10;
    roofline_rates_add(&rates, &row);
    assert_float_equal(roofline_rates_change(&rates), 0.08, 1e-12);
    row = (struct roofline_row){
        .threads = 2, .quantity = "multiply_add", .tier = TIER_BASELINE, .phase = "before", .median = 10};
    roofline_rates_add(&rates, &row);
    row.phase = "after";
    row.median = 14;
    roofline_rates_add(&rates, &row);
    assert_float_equal(roofline_rates_change(&rates), 0.4, 1e-12); /* the worst tier counts */
}

static void an_op_is_held_to_the_best_peak_of_the_run(void **state)
{
    (void)state;
    const struct topology t = {.allowed_cores = 1};
    const struct attribution a = {.topology = &t, .shape = {6, 5, 2}, .batch = 8, .threads = 1};
    const struct epoch_report busy = {.result = {.steps = 3, .samples = 20},
                                      .op_count = 1,
                                      .ops = {{.flop = 1e9}},
                                      .name_text = {"forward1"},
                                      .peak_gflops = 0.5};
    assert_float_equal(attribution_of(&a, &busy, 4.0, 0).limiter.seconds, 0.25, 1e-12);
}

static void keeps_rooflines_by_machine_and_team(void **state)
{
    (void)state;
    char dir[] = "/tmp/lanebench-roofline-XXXXXX", path[200];
    struct error e = {.code = EXIT_OK};
    struct roofline_rates one = {.utc = "2026-01-01T00:00:00Z", .threads = 1}, two = {.threads = 2}, read;
    bool found = true;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/roofline.json", dir);
    const struct roofline_row rows[] = {
        {.threads = 1, .quantity = "divide", .tier = TIER_AVX2, .median = 3},
        {.threads = 1, .quantity = "square_root", .tier = TIER_AVX2, .median = 2},
        {.threads = 1, .quantity = "read", .level = "L2", .median = 40},
        {.threads = 1, .quantity = "triad", .level = "L2", .median = 50},
        {.threads = 1, .quantity = "write", .level = "L2", .median = 30},
        {.threads = 2, .quantity = "read", .level = "DRAM", .median = 20},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        roofline_rates_add(&one, &rows[i]);
        roofline_rates_add(&two, &rows[i]);
    }
    assert_int_equal(roofline_cache_find(path, "abc", 1, &read, &found, &e), 0);
    assert_false(found);
    assert_int_equal(roofline_cache_save(path, "abc", &one, &e), 0);
    assert_int_equal(roofline_cache_save(path, "abc", &two, &e), 0);
    assert_int_equal(roofline_cache_find(path, "abc", 1, &read, &found, &e), 0);
    assert_true(found && read.divide[TIER_AVX2] == 3e9 && read.square_root[TIER_AVX2] == 2e9);
    assert_true(read.bytes[LEVEL_L2] == 50e9 && read.bytes[LEVEL_DRAM] == 0 && read.threads == 1);
    assert_string_equal(read.utc, one.utc);
    assert_int_equal(roofline_cache_find(path, "abc", 2, &read, &found, &e), 0);
    assert_true(found && read.bytes[LEVEL_DRAM] == 20e9 && read.bytes[LEVEL_L2] == 0);
    assert_int_equal(roofline_cache_find(path, "other", 1, &read, &found, &e), 0);
    assert_false(found);
    one.bytes[LEVEL_L2] = 7;
    assert_int_equal(roofline_cache_save(path, "abc", &one, &e), 0); /* takes the old one's place */
    assert_int_equal(roofline_cache_find(path, "abc", 1, &read, &found, &e), 0);
    assert_true(found && read.bytes[LEVEL_L2] == 7);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("[]", f);
    fclose(f);
    assert_int_equal(roofline_cache_find(path, "abc", 1, &read, &found, &e), EXIT_USAGE);
    assert_non_null(strstr(e.text, path));
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_traffic_counts_each_operand_once),
        cmocka_unit_test(updates_are_in_the_products_only_where_all_phases_are_known),
        cmocka_unit_test(the_slowest_roof_holds_the_op),
        cmocka_unit_test(capacities_are_the_teams),
        cmocka_unit_test(amdahl_compares_like_with_like),
        cmocka_unit_test(amdahl_is_silent_where_nothing_is_known),
        cmocka_unit_test(rates_tell_how_much_the_peak_changed),
        cmocka_unit_test(an_op_is_held_to_the_best_peak_of_the_run),
        cmocka_unit_test(keeps_rooflines_by_machine_and_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
