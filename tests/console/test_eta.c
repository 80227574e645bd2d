/* SPDX-License-Identifier: MIT
 *
 * Estimates from times that the test makes up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "console/eta.h"

static struct eta e;
static char text[ETA_TEXT];

/* A part that takes so long; returns its end. */
static double do_part(const char *name, int part, double now, double seconds)
{
    eta_begin(&e, name, part, now);
    eta_end(&e, now + seconds);
    return now + seconds;
}

static void short_things_have_none(void **state)
{
    (void)state;
    eta_start(&e, 100.0);
    eta_plan(&e, "avx2", 20);
    double now = do_part("avx2", 1, 100.0, 1.0);
    assert_string_equal(eta_text(&e, now, text), "");
    assert_string_equal(eta_text(&e, 109.9, text), "");
    assert_string_equal(eta_text(&e, 110.0, text), "0:10, 0:19 left");
    assert_string_equal(eta_text(&(struct eta){.count = 0}, 1000.0, text), "");
}

static void only_elapsed_while_a_kind_is_unknown(void **state)
{
    (void)state;
    eta_start(&e, 0.5);
    eta_plan(&e, "avx2", 3);
    eta_plan(&e, "naive", 1);
    eta_begin(&e, "avx2", 0, 0.5); /* its proof */
    assert_string_equal(eta_text(&e, 75.5, text), "1:15");
    double now = do_part("avx2", 1, 80.5, 2.0);
    assert_true(isnan(eta_remaining(&e, now)));
    now = do_part("naive", 1, now, 30.0);
    assert_true(fabs(eta_remaining(&e, now) - 4.0) < 1e-9);
    assert_string_equal(eta_text(&e, now, text), "1:52, 0:04 left");
}

static void every_kind_counts_at_its_mean(void **state)
{
    (void)state;
    eta_start(&e, 1000.0);
    eta_plan(&e, "a", 5);
    eta_plan(&e, "b", 5);
    double now = 1000.0;
    for (int i = 1; i <= 2; i++) {
        now = do_part("a", i, now, i == 1 ? 3.0 : 5.0);
        now = do_part("b", i, now, 10.0);
    }
    assert_true(fabs(eta_remaining(&e, now) - (3 * 4.0 + 3 * 10.0)) < 1e-9);
    eta_begin(&e, "b", 3, now);
    assert_true(fabs(eta_remaining(&e, now + 4.0) - (42.0 - 4.0)) < 1e-9);
    assert_true(fabs(eta_remaining(&e, now + 400.0) - (42.0 - 10.0)) <
                1e-9); /* never less than the other parts */
    eta_drop(&e, "b");
    assert_true(fabs(eta_remaining(&e, now) - 12.0) < 1e-9);
}

static void all_done(void **state)
{
    (void)state;
    eta_start(&e, 1.0);
    eta_plan(&e, "a", 1);
    const double now = do_part("a", 1, 1.0, 3700.0);
    assert_string_equal(eta_text(&e, now, text), "1:01:40, 0:00 left");
}

static void more_kinds_than_fit(void **state)
{
    (void)state;
    static char names[ETA_MAX + 3][8];
    eta_start(&e, 1.0);
    for (int i = 0; i < ETA_MAX + 3; i++) {
        names[i][0] = (char)('A' + i % 26);
        names[i][1] = (char)('a' + i / 26);
        eta_plan(&e, names[i], 1);
    }
    assert_int_equal(e.count, ETA_MAX);
    eta_begin(&e, names[ETA_MAX + 1], 1, 2.0);
    eta_end(&e, 3.0);
    assert_true(isnan(eta_remaining(&e, 3.0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_things_have_none),
        cmocka_unit_test(only_elapsed_while_a_kind_is_unknown),
        cmocka_unit_test(every_kind_counts_at_its_mean),
        cmocka_unit_test(all_done),
        cmocka_unit_test(more_kinds_than_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
