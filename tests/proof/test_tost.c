/* SPDX-License-Identifier: MIT
 *
 * The test of equivalence: Student's t against printed tables, and verdicts on figures whose answer is known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "proof/prove_training.h"
#include "proof/tost.h"

enum { N = TRAINING_SEEDS };

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance)) fail_msg("%.9g is not %.9g", got, expected);
}

/* Quantiles as printed in any table of the distribution. */
static void students_t_is_that_of_the_tables(void **state)
{
    (void)state;
    static const struct {
        double tail;
        int df;
        double t;
    } table[] = {{0.05, 1, 6.314},   {0.05, 2, 2.920},  {0.05, 3, 2.353},   {0.05, 9, 1.833},
                 {0.05, 10, 1.812},  {0.05, 30, 1.697}, {0.025, 1, 12.706}, {0.025, 9, 2.262},
                 {0.025, 20, 2.086}, {0.005, 9, 3.250}, {0.10, 9, 1.383},   {0.01, 4, 3.747}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_near(student_quantile(table[i].tail, table[i].df), table[i].t, 0.0006);
        assert_near(student_tail(table[i].t, table[i].df), table[i].tail, 1e-4);
        assert_near(student_tail(-table[i].t, table[i].df), 1.0 - table[i].tail, 1e-4);
    }
    assert_near(student_tail(0.0, 9), 0.5, 1e-15);
}

/* Accuracies of the order of real ones, and differences with exactly this mean and standard deviation. */
static struct tost verdict(double shift, double deviation)
{
    static const double noise[N] = {-1.4, 0.3, 0.9, -0.2, 1.7, -0.8, 0.1, -1.1, 0.6, -0.1};
    double a[N], b[N], mean = 0.0, squares = 0.0;
    struct rng r = rng_seed(1, 1);
    for (int i = 0; i < N; i++) mean += noise[i] / N;
    for (int i = 0; i < N; i++) squares += (noise[i] - mean) * (noise[i] - mean);
    for (int i = 0; i < N; i++) {
        b[i] = 98.1 + 0.3 * rng_unit(&r);
        a[i] = b[i] + shift + (noise[i] - mean) * deviation / sqrt(squares / (N - 1));
    }
    return tost_paired(a, b, N, TRAINING_MARGIN, TRAINING_ALPHA);
}

static void the_figures_are_those_of_the_formula(void **state)
{
    (void)state;
    const struct tost r = verdict(0.05, 0.1);
    assert_int_equal(r.n, N);
    assert_near(r.mean, 0.05, 1e-9);
    assert_near(r.deviation, 0.1, 1e-9);
    assert_near(r.reach, 0.05 + 1.8331 * 0.1 / sqrt(10.0), 1e-5);
    assert_near(r.p, student_tail((0.2 - 0.05) / (0.1 / sqrt(10.0)), 9), 1e-9);
    assert_true(r.equivalent);
}

static void equal_backends_are_equivalent(void **state)
{
    (void)state;
    assert_true(verdict(0.0, 0.1).equivalent);
    assert_true(verdict(0.0, 0.0).equivalent); /* bit by bit the same trainings */
    assert_true(verdict(0.1, 0.1).equivalent);
    assert_true(verdict(-0.1, 0.1).equivalent);
}

/* Worse or better by three tenths of a point is another thing, whatever the spread. */
static void a_shifted_backend_is_not(void **state)
{
    (void)state;
    static const double deviations[] = {0.0, 0.01, 0.1, 0.3, 1.0, 10.0};
    for (size_t i = 0; i < sizeof deviations / sizeof *deviations; i++) {
        assert_false(verdict(-0.3, deviations[i]).equivalent);
        assert_false(verdict(0.3, deviations[i]).equivalent);
    }
}

/* No difference in the mean, but figures so far apart that ten of them show nothing. */
static void too_much_spread_is_not(void **state)
{
    (void)state;
    assert_true(verdict(0.0, 0.34).equivalent); /* 0.345 = 0.2 sqrt(10) / 1.8331 is the limit */
    assert_false(verdict(0.0, 0.35).equivalent);
    assert_false(verdict(0.0, 2.0).equivalent);
}

static void nothing_is_shown_by_nothing(void **state)
{
    (void)state;
    const double a[2] = {98.0, (double)NAN}, b[2] = {98.0, 98.0};
    assert_false(tost_paired(a, b, 0, TRAINING_MARGIN, TRAINING_ALPHA).equivalent);
    assert_false(tost_paired(a, b, 1, TRAINING_MARGIN, TRAINING_ALPHA).equivalent);
    assert_false(tost_paired(a, b, 2, TRAINING_MARGIN, TRAINING_ALPHA).equivalent);
}

/* A backend at the edge of the margin must not pass more often than alpha says. */
static void the_level_holds(void **state)
{
    (void)state;
    enum { TRIALS = 4000 };
    struct rng r = rng_seed(2, 1);
    int passed = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double a[N], b[N] = {0.0};
        for (int i = 0; i < N; i++) {
            a[i] = TRAINING_MARGIN;
            for (int j = 0; j < 12; j++)
                a[i] += 0.05 * (rng_unit(&r) - 0.5); /* nearly normal, deviation 0.05 */
        }
        passed += tost_paired(a, b, N, TRAINING_MARGIN, TRAINING_ALPHA).equivalent;
    }
    /* 5 % of 4000 are 200, with a standard deviation of 14 */
    assert_true(passed > 130 && passed < 270);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(students_t_is_that_of_the_tables),
        cmocka_unit_test(the_figures_are_those_of_the_formula),
        cmocka_unit_test(equal_backends_are_equivalent),
        cmocka_unit_test(a_shifted_backend_is_not),
        cmocka_unit_test(too_much_spread_is_not),
        cmocka_unit_test(nothing_is_shown_by_nothing),
        cmocka_unit_test(the_level_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
