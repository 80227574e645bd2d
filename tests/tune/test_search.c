/* SPDX-License-Identifier: MIT
 *
 * The search for a blocking, over races whose outcome is computed instead of timed: this file's race_run
 * takes the place of the library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "tune/search.h"

static const struct blocking_choices fake_choices = {
    .mr = (const int[]){4, 6, 8, 0},
    .nr = (const int[]){16, 32, 48, 0},
    .mc = (const int[]){48, 96, 192, 0},
    .kc = (const int[]){256, 512, 1024, 0},
};
static const struct backend fake = {.name = "fake",
                                    .blocking = {.mr = 6, .nr = 16, .mc = 96, .nc = 512, .kc = 512},
                                    .choices = &fake_choices};

/* ln(seconds) of a blocking in the model at hand. */
static double (*cost)(const struct blocking *b);
static double noise;
static int races, interrupt_after;
static int distrusted_mr, asked, raced_distrusted;
static struct rng rng;

int race_run(struct race *r, const struct blocking *first, const struct blocking *second, int rounds,
             double *log_ratios, double *seconds, struct error *e)
{
    (void)e;
    raced_distrusted += second->mr == distrusted_mr;
    if (++races == interrupt_after) return EXIT_INTERRUPTED;
    for (int i = 0; i < rounds; i++)
        log_ratios[i] = cost(second) - cost(first) + noise * (rng_unit(&rng) - rng_unit(&rng));
    for (int i = 0; seconds && i < 2 * r->count; i++) seconds[i] = exp(cost(i % 2 ? second : first));
    return 0;
}

static double flat(const struct blocking *b)
{
    (void)b;
    return 0;
}

/* 8 x 32 and kc 1024 are best, each worth a few per cent; the width only with the height. */
static double planted(const struct blocking *b)
{
    return (b->mr == 8 && b->nr == 32 ? -0.05
            : b->mr == 8              ? 0.02
                                      : 0) -
           (b->kc == 1024 ? 0.03 : 0) + (b->mc == 48 ? 0.1 : 0);
}

static int better_count;

static void count_better(void *context, const struct blocking *candidate, double effect, bool better)
{
    (void)context;
    (void)candidate;
    (void)effect;
    better_count += better;
}

static bool is_proven(void *context, const struct blocking *candidate)
{
    (void)context;
    asked++;
    return candidate->mr != distrusted_mr;
}

static int search(struct search_result *result, double (*model)(const struct blocking *b), double spread,
                  uint64_t seed)
{
    struct error e = {0};
    struct race race = {.backend = &fake, .count = 1};
    const struct search_listener listener = {.proven = is_proven, .tried = count_better};
    cost = model;
    noise = spread;
    races = better_count = asked = raced_distrusted = 0;
    rng = rng_seed(seed, 0);
    const int code = search_blocking(&race, &listener, result, &e);
    assert_int_equal(e.code, 0);
    return code;
}

static void finds_what_is_planted(void **state)
{
    (void)state;
    struct search_result result;
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(search(&result, planted, 0.005, seed), 0);
        assert_true(result.better);
        assert_int_equal(result.best.mr, 8);
        assert_int_equal(result.best.nr, 32);
        assert_int_equal(result.best.kc, 1024);
        assert_int_not_equal(result.best.mc, 48);
        assert_int_equal(result.best.nc, 512); /* not a choice: stays */
        assert_true(fabs(result.gain.effect + 0.08) < 0.005);
        assert_true(better_count >= 2);
    }
}

static void noise_alone_changes_nothing(void **state)
{
    (void)state;
    struct search_result result;
    int wrong = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        assert_int_equal(search(&result, flat, 0.03, seed), 0);
        wrong += result.better;
        if (!result.better) assert_memory_equal(&result.best, &fake.blocking, sizeof result.best);
    }
    assert_true(wrong <= 10);
}

static void no_blocking_is_tried_twice(void **state)
{
    (void)state;
    struct search_result result;
    assert_int_equal(search(&result, flat, 0, 1), 0);
    /* 9 tiles, 3 kc, 3 mc, each less the default; the second pass knows them all; one race at the end */
    assert_int_equal(result.tried, 12);
    assert_int_equal(races, 13);
    assert_false(result.better);
}

static void a_tile_that_is_not_proven_is_never_raced(void **state)
{
    (void)state;
    struct search_result result;
    distrusted_mr = 8;
    assert_int_equal(search(&result, planted, 0, 1), 0);
    assert_int_equal(raced_distrusted, 0);
    assert_int_equal(asked, 9); /* once for each tile, in two passes */
    assert_int_not_equal(result.best.mr, 8);
    assert_int_equal(result.best.kc, 1024);
    distrusted_mr = 0;
}

static struct blocking of_plan(const struct plan *plan)
{
    return (struct blocking){.mc = 192, .nc = plan->threads, .kc = 1024};
}

/* Not from the sizes that the backend has where nothing is known of the machine; the tile stays free. */
static void it_starts_from_the_sizes_for_the_plan(void **state)
{
    (void)state;
    struct error e = {0};
    struct search_result result;
    struct backend planned = fake;
    planned.blocking_of = of_plan;
    struct race race = {.backend = &planned, .count = 1, .plan = {.threads = 5}};
    const struct search_listener listener = {.tried = count_better};
    cost = flat;
    noise = 0;
    assert_int_equal(search_blocking(&race, &listener, &result, &e), 0);
    const struct blocking start = of_plan(&race.plan);
    assert_false(result.better);
    assert_memory_equal(&result.best, &start, sizeof start);
}

static void an_interrupt_ends_it(void **state)
{
    (void)state;
    struct search_result result;
    for (interrupt_after = 1; interrupt_after <= 13; interrupt_after++) {
        assert_int_equal(search(&result, planted, 0, 1), EXIT_INTERRUPTED);
        assert_int_equal(races, interrupt_after);
    }
    interrupt_after = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_planted),
        cmocka_unit_test(noise_alone_changes_nothing),
        cmocka_unit_test(no_blocking_is_tried_twice),
        cmocka_unit_test(a_tile_that_is_not_proven_is_never_raced),
        cmocka_unit_test(it_starts_from_the_sizes_for_the_plan),
        cmocka_unit_test(an_interrupt_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
