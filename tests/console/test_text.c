/* SPDX-License-Identifier: MIT
 *
 * The figures of a summary, and the line of progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/describe.h"
#include "results/figures.h"
#include "console/progress_view.h"

static void add_epochs(struct summary *s, struct summary_row *row, const double *seconds, int count,
                       double val_accuracy)
{
    for (int i = 0; i < count; i++) {
        const struct epoch_report r = {
            .result = {.epoch = row->epochs + 1, .train_seconds = seconds[i], .val_accuracy = val_accuracy},
            .peak_gflops = 200.0,
        };
        assert_int_equal(summary_epoch(s, row, &r, 42, 100e9), 0);
    }
}

static void medians_leave_the_first_epoch_out(void **state)
{
    (void)state;
    struct summary s;
    const struct registry_entry *entry = registry_at(0);
    summary_init(&s, &entry, 1, 42);
    struct summary_row *row = &s.rows[0];
    assert_true(isnan(time_figures(&s, row).median));
    add_epochs(&s, row, (double[]){9.0}, 1, 0.9);
    assert_true(time_figures(&s, row).median == 9.0);
    add_epochs(&s, row, (double[]){3.0, 1.0}, 2, 0.9);
    assert_true(time_figures(&s, row).median == 2.0);
    add_epochs(&s, row, (double[]){100.0}, 1, 0.9);
    struct time_figures f = time_figures(&s, row);
    assert_true(f.median == 3.0 && f.fastest == 1.0 && f.slowest == 100.0 && f.first == 9.0);
    assert_true(f.later == 3 && f.epochs == 4 && isinf(f.interval.high)); /* three bound no median */
    assert_true(fabs(f.share_of_peak - 100.0 / 3.0 / 200.0) < 1e-12);
    /* Of 3, 1 and 100: quartiles 2 and 51.5, and 3 before 100. */
    assert_true(fabs(f.middle_half_share - 49.5 / 3.0) < 1e-12 && fabs(f.drift_change - 97.0 / 3.0) < 1e-12);
    /* The first epoch of another seed warms up, too. */
    const struct epoch_report again = {.result = {.epoch = 1, .train_seconds = 1e6}, .peak_gflops = 200.0};
    assert_int_equal(summary_epoch(&s, row, &again, 43, 100e9), 0);
    f = time_figures(&s, row);
    assert_true(f.median == 3.0 && f.epochs == 5 && f.later == 3);
    summary_free(&s);
}

static void a_share_is_of_the_best_peak_of_the_run(void **state)
{
    (void)state;
    struct summary s;
    const struct registry_entry *entries[] = {registry_at(0), registry_at(1)};
    summary_init(&s, entries, 2, 42);
    const struct epoch_report busy = {.result = {.epoch = 2, .train_seconds = 1.0}, .peak_gflops = 40.0},
                              quiet = {.result = {.epoch = 2, .train_seconds = 2.0}, .peak_gflops = 200.0},
                              wider = {.result = {.epoch = 3, .train_seconds = 1.0},
                                       .peak_gflops = 900.0,
                                       .tier = TIER_AVX512};
    assert_int_equal(summary_epoch(&s, &s.rows[0], &busy, 42, 100e9), 0);
    /* 100 GFLOP/s, and all that was measured is 40. */
    assert_true(isnan(time_figures(&s, &s.rows[0]).share_of_peak));
    assert_int_equal(summary_epoch(&s, &s.rows[1], &quiet, 42, 100e9), 0);
    assert_true(time_figures(&s, &s.rows[0]).share_of_peak == 100.0 / 200.0);
    assert_int_equal(summary_epoch(&s, &s.rows[1], &busy, 42, 100e9), 0); /* takes nothing back */
    assert_true(time_figures(&s, &s.rows[0]).share_of_peak == 100.0 / 200.0);
    assert_int_equal(summary_epoch(&s, &s.rows[1], &wider, 42, 100e9), 0); /* of another tier */
    assert_true(time_figures(&s, &s.rows[0]).share_of_peak == 100.0 / 200.0);
    const struct interval steady = time_figures(&s, &s.rows[0]).peak_range;
    assert_true(steady.low == 40.0 && steady.high == 40.0); /* its own alone */
    assert_int_equal(summary_epoch(&s, &s.rows[0], &quiet, 42, 100e9), 0);
    const struct interval moved = time_figures(&s, &s.rows[0]).peak_range;
    assert_true(moved.low == 40.0 && moved.high == 200.0);
    summary_free(&s);
}

static void add_round(struct summary *s, int round, double first, double second)
{
    struct epoch_report r = {.result = {.epoch = round, .train_seconds = first}, .round = round};
    assert_int_equal(summary_epoch(s, &s->rows[0], &r, 42, 100e9), 0);
    r.result.train_seconds = second;
    if (second > 0) assert_int_equal(summary_epoch(s, &s->rows[1], &r, 42, 100e9), 0);
}

static void speedups_pair_the_rounds(void **state)
{
    (void)state;
    struct summary s;
    const struct registry_entry *entries[] = {registry_at(0), registry_at(1)};
    summary_init(&s, entries, 2, 42);
    add_round(&s, 1, 8.0, 1.0); /* warms up */
    struct speedup up = speedup_over(&s, &s.rows[1], &s.rows[0]);
    assert_true(up.rounds == 0 && up.ratio == 8.0 && isinf(up.interval.high)); /* of the medians */
    for (int round = 2; round <= 9; round++) {
        const double noise = round % 2 ? 10.0 : 1.0; /* of the minute: hits both alike */
        add_round(&s, round, 4.0 * noise, 2.0 * noise);
    }
    add_round(&s, 10, 1e6, 0); /* without a partner */
    up = speedup_over(&s, &s.rows[1], &s.rows[0]);
    assert_int_equal(up.rounds, 8);
    assert_true(fabs(up.ratio - 2.0) < 1e-12 && fabs(up.interval.low - 2.0) < 1e-12 &&
                fabs(up.interval.high - 2.0) < 1e-12);
    assert_true(fabs(speedup_over(&s, &s.rows[0], &s.rows[1]).ratio - 0.5) < 1e-12);
    summary_free(&s);
}

static void progress_looks_like_keras(void **state)
{
    (void)state;
    char text[256];
    struct progress p = {0};
    const struct progress_view v = {.flop_per_row = 1e6};
    assert_string_equal(progress_view_text(&v, &p, 0.0, text, sizeof text), "");
    p.phase = PROGRESS_TRAIN;
    p.step = 312;
    p.steps = 469;
    p.samples = 40000;
    p.loss_sum = 2508.0;
    p.correct = 39248;
    p.phase_start = 10.0;
    assert_string_equal(
        progress_view_text(&v, &p, 10.4, text, sizeof text),
        "312/469 [=============>......] 1.3ms/step 100 GFLOP/s loss: 0.0627 accuracy: 0.9812");
    const struct progress_view skips = {.flop_per_row = 0.0};
    assert_string_equal(progress_view_text(&skips, &p, 10.4, text, sizeof text),
                        "312/469 [=============>......] 1.3ms/step loss: 0.0627 accuracy: 0.9812");
    p.step = 0;
    p.samples = 0;
    assert_string_equal(progress_view_text(&v, &p, 10.0, text, sizeof text),
                        "  0/469 [>...................]");
    p.phase = PROGRESS_VALIDATE;
    p.step = 79;
    p.steps = 79;
    p.samples = 10000;
    p.loss_sum = 1000.0;
    p.correct = 9700;
    assert_string_equal(progress_view_text(&v, &p, 11.0, text, sizeof text),
                        "79/79 [====================] validation val_loss: 0.1000 val_accuracy: 0.9700");
    p.phase = PROGRESS_PROOF;
    p.proof_done = 5;
    p.proof_total = 10;
    assert_string_equal(progress_view_text(&v, &p, 11.0, text, sizeof text),
                        "5/10 [==========>.........] proof");
}

static void reference_implementations_are_found(void **state)
{
    (void)state;
    char text[64];
    assert_false(describe_reference("", text, sizeof text));
    assert_false(
        describe_reference("gemm=brgemm:avx512;pref=jit", text, sizeof text)); /* the name, not the op */
    assert_true(describe_reference("gemm=brgemm;relu=ref:any;x=ref", text, sizeof text));
    assert_string_equal(text, "relu=ref:any");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians_leave_the_first_epoch_out),
        cmocka_unit_test(a_share_is_of_the_best_peak_of_the_run),
        cmocka_unit_test(speedups_pair_the_rounds),
        cmocka_unit_test(progress_looks_like_keras),
        cmocka_unit_test(reference_implementations_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
