/* SPDX-License-Identifier: MIT
 *
 * Quantiles, intervals, verdicts, drift and bimodality on numbers whose answers are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "stats/judge.h"
#include "stats/order.h"

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-12 * (1.0 + fabs(expected))))
        fail_msg("%.17g instead of %.17g", value, expected);
}

static void quantiles(void **state)
{
    (void)state;
    double values[] = {4.0, 1.0, 3.0, 2.0};
    assert_near(median_of(values, 4), 2.5);
    assert_near(values[0], 4.0); /* as it was */
    assert_near(median_of(values, 3), 3.0);
    assert_near(median_of(values, 1), 4.0);
    assert_true(isnan(median_of(values, 0)));
    sort_values(values, 4);
    assert_near(quantile_sorted(values, 4, 0.0), 1.0);
    assert_near(quantile_sorted(values, 4, 1.0), 4.0);
    assert_near(quantile_sorted(values, 4, 0.25), 1.75);
}

/* With 15 values the 4th and the 12th enclose the median in 96.5 % of all cases, the 5th and the 11th in
 * 88.2 %; with 6, only the smallest and the largest do so in 95 %. */
static void intervals_are_not_narrower_than_ranks_allow(void **state)
{
    (void)state;
    double values[48];
    for (int i = 0; i < 48; i++) values[i] = i + 1;
    struct interval i = median_interval(values, 15, 1);
    assert_true(i.low <= 4.0 && i.low >= 3.0 && i.high >= 12.0 && i.high <= 13.0);
    i = median_interval(values, 6, 1);
    assert_true(i.low == 1.0 && i.high == 6.0);
    i = median_interval(values, INTERVAL_MIN - 1, 1);
    assert_true(isinf(i.low) && isinf(i.high) && i.low < 0 && i.high > 0);
    i = median_interval(values, 48, 1);
    assert_true(i.low <= 18.0 && i.low >= 15.0 && i.high >= 31.0 && i.high <= 34.0);
}

static void the_seed_decides(void **state)
{
    (void)state;
    double values[24];
    struct rng rng = rng_seed(5, 5);
    for (int i = 0; i < 24; i++) values[i] = rng_unit(&rng);
    sort_values(values, 24);
    const struct interval first = median_interval(values, 24, 7), second = median_interval(values, 24, 7);
    assert_true(first.low == second.low && first.high == second.high);
}

static struct paired_comparison made(double effect, double low, double high)
{
    return (struct paired_comparison){20, effect, {low, high}};
}

static enum verdict verdict_of(double effect, double low, double high, double bias, double margin)
{
    const struct paired_comparison c = made(effect, low, high);
    return comparison_verdict(&c, bias, margin);
}

static void verdicts(void **state)
{
    (void)state;
    assert_int_equal(verdict_of(0.05, 0.03, 0.07, 0, 0.02), VERDICT_SLOWER);
    assert_int_equal(verdict_of(-0.05, -0.07, -0.03, 0, 0.02), VERDICT_FASTER);
    assert_int_equal(verdict_of(0.001, -0.01, 0.012, 0, 0.02), VERDICT_SAME);
    assert_int_equal(verdict_of(0.01, 0.005, 0.015, 0, 0.02),
                     VERDICT_SAME); /* real, and too small to matter */
    assert_int_equal(verdict_of(0.01, 0.005, 0.03, 0, 0.02), VERDICT_INCONCLUSIVE);
    assert_int_equal(verdict_of(0.05, -0.01, 0.11, 0, 0.02), VERDICT_INCONCLUSIVE);
    assert_int_equal(verdict_of(0.05, -INFINITY, INFINITY, 0, 0.02), VERDICT_INCONCLUSIVE);
    assert_int_equal(verdict_of(0.05, 0.001, 0.1, 0.04, 0.02),
                     VERDICT_INCONCLUSIVE); /* 1 % beyond the bias */
    assert_int_equal(verdict_of(NAN, -INFINITY, INFINITY, 0, 0.02), VERDICT_INCONCLUSIVE);
    assert_string_equal(verdict_name(VERDICT_INCONCLUSIVE), "INCONCLUSIVE");
    assert_string_equal(verdict_name(VERDICT_FASTER), "FASTER");
}

static void bias_widens(void **state)
{
    (void)state;
    struct paired_comparison itself = made(-0.01, -0.02, -0.004);
    assert_near(comparison_bias(&itself), 0.01);
    itself = made(-0.01, -0.02, 0.0);
    assert_near(comparison_bias(&itself), 0.0);
    const struct paired_comparison c = made(0.05, 0.04, 0.06), wide = comparison_widened(&c, 0.01);
    assert_near(wide.interval.low, 0.03);
    assert_near(wide.interval.high, 0.07);
    assert_near(wide.effect, 0.05);
    assert_near(effect_percent(effect_of_percent(3.0)), 3.0);
    assert_near(effect_percent(log(2.0)), 100.0);
}

static struct judgement judged(double again, double b)
{
    struct judgement j;
    struct round_times rounds[12];
    for (int i = 0; i < 12; i++) {
        const double wave = 0.05 * (i % 5), noise = 0.001 * (i % 3); /* all turns of a round share the wave */
        rounds[i] = (struct round_times){wave, wave + again + noise, wave + b - noise};
    }
    judge_rounds(&j, rounds, 12, effect_of_percent(2.0), 1);
    return j;
}

/* Where A differs from itself, as much of B's difference counts for nothing. */
static void the_second_process_counts(void **state)
{
    (void)state;
    assert_int_equal(judged(0.0, 0.04).verdict, VERDICT_SLOWER);
    assert_int_equal(judged(0.0, -0.04).verdict, VERDICT_FASTER);
    assert_int_equal(judged(0.0, 0.001).verdict, VERDICT_SAME);
    const struct judgement j = judged(0.03, 0.04);
    assert_int_equal(j.verdict, VERDICT_INCONCLUSIVE);
    assert_near(j.bias, j.itself.effect);
    assert_true(j.other.interval.high > 0.065 && j.other.interval.low < 0.015);
    assert_int_equal(judged(-0.03, 0.04).verdict, VERDICT_INCONCLUSIVE);
    assert_int_equal(judged(0.03, 0.10).verdict, VERDICT_SLOWER);
}

static void drifts(void **state)
{
    (void)state;
    double values[20];
    for (int i = 0; i < 20; i++) values[i] = 1.0 + 0.01 * i;
    struct drift d = find_drift(values, 20);
    assert_true(d.found);
    assert_near(d.rank_correlation, 1.0);
    assert_near(d.first, 1.045);
    assert_near(d.second, 1.145);
    for (int i = 0; i < 20; i++) values[i] = -values[i];
    assert_near(find_drift(values, 20).rank_correlation, -1.0);
    for (int i = 0; i < 20; i++) values[i] = i % 2;
    assert_false(find_drift(values, 20).found);
    for (int i = 0; i < 20; i++) values[i] = 1.0; /* no ranks at all */
    d = find_drift(values, 20);
    assert_true(!d.found && d.rank_correlation == 0.0);
    assert_false(find_drift(values, 1).found);
    const double few[] = {1, 2, 3, 4, 5, 6, 7};
    assert_false(find_drift(few, 7).found);
    /* Ranks with ties 1 2.5 2.5 4 against places 1 2 3 4: 4.5 / sqrt(4.5 * 5). */
    const double tied[] = {1, 2, 2, 3};
    assert_near(find_drift(tied, 4).rank_correlation, 4.5 / sqrt(4.5 * 5.0));
}

static void two_modes(void **state)
{
    (void)state;
    double values[20];
    for (int i = 0; i < 20; i++) values[i] = (i % 4 == 0 ? 1.30 : 1.00) + 0.002 * i;
    const struct bimodality h = find_bimodality(values, 20);
    assert_true(h.found);
    assert_near(h.share_high, 0.25);
    assert_true(fabs(h.low - 1.02) < 0.01 && fabs(h.high - 1.316) < 0.01);
    for (int i = 0; i < 20; i++) values[i] = i; /* uniform */
    assert_false(find_bimodality(values, 20).found);
    values[19] = 1000.0; /* one outlier does not make it bimodal */
    assert_false(find_bimodality(values, 20).found);
    for (int i = 0; i < 20; i++) values[i] = 3.0;
    assert_false(find_bimodality(values, 20).found);
    assert_false(find_bimodality(values, 1).found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles),
        cmocka_unit_test(intervals_are_not_narrower_than_ranks_allow),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(bias_widens),
        cmocka_unit_test(drifts),
        cmocka_unit_test(the_second_process_counts),
        cmocka_unit_test(two_modes),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
