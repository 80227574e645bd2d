/* SPDX-License-Identifier: MIT
 *
 * What others take of some CPUs, from readings that the test makes up, and the line about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <math.h>

#include "console/load_view.h"
#include "machine/other_load.h"

/* Half a second on two CPUs, of which this process used 0.1 s. */
static struct other_load load_of(double busy, double steal)
{
    const struct load_reading before = {10, 3, true, {100, 20}};
    const struct load_reading after = {10.5, 3.1, true, {100 + busy, 20 + steal}};
    return load_between(&before, &after, 2);
}

static void expect(const struct other_load *l, const char *want)
{
    char warning[200];
    assert_string_equal(load_warning(l, warning, sizeof warning), want);
}

static void test_shares(void **state)
{
    (void)state;
    struct other_load l = load_of(0.1, 0); /* all of it was our own */
    assert_true(fabs(l.others) < 1e-9 && l.steal == 0 && l.cpus == 2);
    assert_true(fabs(l.blur - 2.0 / (double)sysconf(_SC_CLK_TCK)) < 1e-12);
    l = load_of(0.6, 0.25);
    assert_true(fabs(l.others - 0.5) < 1e-9 && fabs(l.steal - 0.25) < 1e-9);
    l = load_of(0.05, 0); /* ticks may count less than the clock */
    assert_true(l.others == 0);
    const struct load_reading unknown = {11, 3, false, {0, 0}};
    l = load_between(&unknown, &unknown, 2);
    assert_true(isnan(l.others) && !load_is_high(&l));
    expect(&l, "");
    l = load_of(0.6, NAN);
    assert_true(isnan(l.steal) && load_is_high(&l));
}

/* Beyond what ticks leave open and 1 %. */
static void test_warning(void **state)
{
    struct other_load l = {.cpus = 2, .others = 0.04, .steal = 0, .blur = 0.033};
    (void)state;
    expect(&l, "");
    l.steal = 0.004;
    expect(&l, "warning: other programs take 4 % of the 2 CPUs that bench uses, which disturbs the "
               "measurement; bench doctor says more");
    l = (struct other_load){.cpus = 1, .others = 0.52, .steal = 0.06, .blur = 0.033};
    expect(&l, "warning: other programs take 52 % and the hypervisor 6 % of the 1 CPU that bench uses, which "
               "disturbs the measurement; bench doctor says more");
}

/* The kernel's counts are read, of the CPUs asked for. */
static void test_reading(void **state)
{
    char path[] = "/tmp/lanebench-stat-XXXXXX";
    const int cpus[] = {1};
    struct load_reading r;
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "cpu  1 1 1 1 1 1 1 1 0 0\ncpu0 900 0 0 0 0 0 0 0 0 0\ncpu1 30 0 20 100 0 0 0 7 0 0\n");
    close(fd);
    load_read(&r, path, cpus, 1);
    unlink(path);
    const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    assert_true(r.known && fabs(r.cpus.busy - 50 * tick) < 1e-9 && fabs(r.cpus.steal - 7 * tick) < 1e-9);
    assert_true(r.own >= 0 && r.seconds > 0);
    load_read(&r, path, cpus, 1);
    assert_false(r.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shares), cmocka_unit_test(test_warning),
                                       cmocka_unit_test(test_reading)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
