/* SPDX-License-Identifier: MIT
 *
 * Simulated A/B runs whose truth is known, thousands of them: how often the judgement is wrong. Seeds are
 * fixed, so that each rate is one number; the limits are those that the judgement promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "stats/judge.h"

enum { RUNS = 1000, MAX_ROUNDS = 60 };

static const double no_margin = 1e-12; /* every difference matters: the hardest case for false alarms */

/* ---- Noise: of one turn, on the scale of the logarithm ---- */

static double normal(struct rng *rng)
{
    const double radius = sqrt(-2.0 * log(1.0 - rng_unit(rng)));
    return radius * cos(2.0 * M_PI * rng_unit(rng));
}

/* Seconds are log-normal. */
static double log_normal(struct rng *rng, double size)
{
    return size * normal(rng);
}

/* Something that can only delay. */
static double delayed(struct rng *rng, double size)
{
    return -size * log(1.0 - rng_unit(rng));
}

/* Every seventh turn or so is hit hard. */
static double hit(struct rng *rng, double size)
{
    return size * normal(rng) + (rng_below(rng, 7) == 0 ? 0.5 * rng_unit(rng) : 0.0);
}

/* Student's t with two degrees of freedom: no variance. */
static double heavy(struct rng *rng, double size)
{
    const double u = rng_unit(rng) + 0x1p-54;
    return size * (2.0 * u - 1.0) / sqrt(2.0 * u * (1.0 - u));
}

/* Two states of the machine, in half of the turns each. */
static double switching(struct rng *rng, double size)
{
    return size * normal(rng) + (rng_below(rng, 2) ? 0.2 : 0.0);
}

typedef double noise_fn(struct rng *rng, double size);

struct scenario {
    const char *name;
    noise_fn *noise;
    double size;
    int rounds;
    double walk;    /* standard deviation per round of what all turns of a round share: a random walk */
    double process; /* standard deviation of what each process keeps for its life: layout, placement */
    double margin;
    int processes; /* of each contender, one after the other; 0 = 1 */
};

struct counts {
    int verdicts[4];
    int drifts, bimodality; /* of A */
    int itself;             /* A called different from A by its own interval */
    int outside;            /* true effects outside the interval */
    double visible;         /* mean */
};

static void simulate(struct round_times *rounds, const struct scenario *s, double effect, struct rng *rng)
{
    double shared = 0.0;
    double a = 0.0, again = 0.0, b = 0.0;
    const int processes = s->processes ? s->processes : 1, rounds_of_each = s->rounds / processes;
    for (int i = 0; i < s->rounds; i++) {
        if (i % rounds_of_each == 0) {
            a = s->process * normal(rng);
            again = s->process * normal(rng);
            b = s->process * normal(rng) + effect;
        }
        shared += s->walk * normal(rng);
        rounds[i] =
            (struct round_times){shared + a + s->noise(rng, s->size), shared + again + s->noise(rng, s->size),
                                 shared + b + s->noise(rng, s->size)};
    }
}

static struct counts simulate_all(const struct scenario *s, double effect)
{
    struct counts t = {.visible = 0.0};
    for (int run = 0; run < RUNS; run++) {
        struct round_times rounds[MAX_ROUNDS];
        struct judgement j;
        struct rng rng = rng_seed((uint64_t)run, 99);
        simulate(rounds, s, effect, &rng);
        judge_rounds(&j, rounds, s->rounds, s->margin, (uint64_t)run);
        t.verdicts[j.verdict]++;
        t.drifts += j.drift[AB_A].found;
        t.bimodality += j.bimodality[AB_A].found;
        t.itself += j.bias > 0.0;
        t.outside += effect < j.other.interval.low || effect > j.other.interval.high;
        t.visible += j.visible / RUNS;
    }
    printf("%-34s effect %+5.1f %%: same %5.1f %%, faster %5.1f %%, slower %5.1f %%, inconclusive %5.1f %%; "
           "A/A %4.1f %%, outside %4.1f %%, visible %.2f %%\n",
           s->name, effect_percent(effect), 100.0 * t.verdicts[VERDICT_SAME] / RUNS,
           100.0 * t.verdicts[VERDICT_FASTER] / RUNS, 100.0 * t.verdicts[VERDICT_SLOWER] / RUNS,
           100.0 * t.verdicts[VERDICT_INCONCLUSIVE] / RUNS, 100.0 * t.itself / RUNS, 100.0 * t.outside / RUNS,
           effect_percent(t.visible));
    return t;
}

static double share(int count)
{
    return (double)count / RUNS;
}

/* ---- What is promised ---- */

/* Equal contenders are called different in 5 % of the runs at most, by the verdict as by the A/A interval.
 * The last lines are about where this ends: a single A/A pair can make good for processes of equal code that
 * differ by a third of the margin (standard deviation), not by half of it; for that it takes four of each. */
static void false_alarms(void **state)
{
    (void)state;
    const struct scenario scenarios[] = {
        {"log-normal 2 %, 15 rounds", log_normal, 0.02, 15, 0, 0, no_margin, 1},
        {"log-normal 2 %, 18 rounds", log_normal, 0.02, 18, 0, 0, no_margin, 1},
        {"log-normal 2 %, 48 rounds", log_normal, 0.02, 48, 0, 0, no_margin, 1},
        {"delays of 3 %, 48 rounds", delayed, 0.03, 48, 0, 0, no_margin, 1},
        {"hit hard, 15 rounds", hit, 0.01, 15, 0, 0, no_margin, 1},
        {"no variance, 20 rounds", heavy, 0.02, 20, 0, 0, no_margin, 1},
        {"two states, 15 rounds", switching, 0.01, 15, 0, 0, no_margin, 1},
        {"shared walk of 5 %, 15 rounds", log_normal, 0.01, 15, 0.05, 0, no_margin, 1},
        {"6 rounds", log_normal, 0.02, 6, 0, 0, no_margin, 1},
        {"processes differ by 0.7 %", log_normal, 0.005, 48, 0, 0.007, 0.02, 1},
        {"by 1 %, four of each", log_normal, 0.005, 48, 0, 0.01, 0.02, 4},
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const struct counts t = simulate_all(&scenarios[i], 0.0);
        assert_true(share(t.verdicts[VERDICT_FASTER] + t.verdicts[VERDICT_SLOWER]) <= 0.05);
        if (scenarios[i].process == 0.0) {
            assert_true(share(t.itself) <= 0.05);
            assert_true(share(t.outside) <= 0.05);
        }
    }
}

/* 15 rounds see 3 % where a turn's noise is 1.5 % (standard deviation), whatever all turns share; in worse
 * noise they say that they cannot tell, and hardly ever that there is nothing. */
static void known_effects(void **state)
{
    (void)state;
    const double effects[] = {log(1.03), -log(1.03)};
    const struct scenario quiet = {"log-normal 1.5 %, 15 rounds", log_normal, 0.015, 15, 0, 0, 0.01, 1};
    const struct scenario walking = {"the same, shared walk of 5 %", log_normal, 0.015, 15, 0.05, 0, 0.01, 1};
    const struct scenario noisy = {"log-normal 6 %, 15 rounds", log_normal, 0.06, 15, 0, 0, 0.01, 1};
    const struct scenario fair = {"log-normal 1 %, 48 rounds", log_normal, 0.01, 48, 0, 0, 0.02, 1};
    for (int i = 0; i < 2; i++) {
        const enum verdict right = i ? VERDICT_FASTER : VERDICT_SLOWER,
                           wrong = i ? VERDICT_SLOWER : VERDICT_FASTER;
        struct counts t = simulate_all(&quiet, effects[i]);
        assert_true(share(t.verdicts[right]) >= 0.9);
        assert_true(t.verdicts[wrong] == 0 && share(t.verdicts[VERDICT_SAME]) <= 0.01);
        t = simulate_all(&walking, effects[i]);
        assert_true(share(t.verdicts[right]) >= 0.9);
        t = simulate_all(&noisy, effects[i]);
        assert_true(share(t.verdicts[VERDICT_INCONCLUSIVE]) >= 0.5);
        assert_true(share(t.verdicts[wrong] + t.verdicts[VERDICT_SAME]) <= 0.025);
        t = simulate_all(&fair, effects[i]);
        assert_true(share(t.verdicts[right]) >= 0.9 && t.verdicts[wrong] + t.verdicts[VERDICT_SAME] == 0);
        assert_true(share(t.outside) <= 0.05);
    }
}

static void sameness(void **state)
{
    (void)state;
    const struct scenario s = {"log-normal 1 %, 48 rounds", log_normal, 0.01, 48, 0, 0, 0.02, 1};
    assert_true(share(simulate_all(&s, 0.0).verdicts[VERDICT_SAME]) >= 0.95);
    /* Twice the margin is never the same. */
    assert_true(share(simulate_all(&s, 0.04).verdicts[VERDICT_SAME]) == 0.0);
    /* At the margin, SAME errs in 2.5 % of the runs at most. */
    assert_true(share(simulate_all(&s, 0.0201).verdicts[VERDICT_SAME]) <= 0.025);
}

/* The effect that a run says it can see is seen in about 8 of 10 such runs. */
static void what_is_visible(void **state)
{
    (void)state;
    const struct scenario scenarios[] = {
        {"log-normal 2 %, 24 rounds", log_normal, 0.02, 24, 0, 0, 0.01, 1},
        {"log-normal 2 %, 48 rounds", log_normal, 0.02, 48, 0, 0, 0.02, 1},
        {"hit hard, 30 rounds", hit, 0.01, 30, 0, 0, 0.005, 1},
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const double visible = simulate_all(&scenarios[i], 0.0).visible;
        const double found = share(simulate_all(&scenarios[i], visible).verdicts[VERDICT_SLOWER]);
        assert_true(found > 0.7 && found < 0.92);
    }
}

/* Remarks on drift and bimodality: rare where there is none, certain where there is. */
static void shapes(void **state)
{
    (void)state;
    const struct scenario none[] = {
        {"log-normal 2 %, 15 rounds", log_normal, 0.02, 15, 0, 0, 0.02, 1},
        {"log-normal 2 %, 48 rounds", log_normal, 0.02, 48, 0, 0, 0.02, 1},
        {"delays of 3 %, 20 rounds", delayed, 0.03, 20, 0, 0, 0.02, 1},
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        const struct counts t = simulate_all(&none[i], 0.0);
        printf("  drift %.2f %%, bimodality %.2f %%\n", 100 * share(t.drifts), 100 * share(t.bimodality));
        assert_true(share(t.drifts) <= 0.015);
        assert_true(share(t.bimodality) <= 0.02);
    }
    const struct scenario two = {"two states, 20 rounds", switching, 0.015, 20, 0, 0, 0.02, 1};
    const struct counts t = simulate_all(&two, 0.0);
    printf("  bimodality %.2f %%\n", 100 * share(t.bimodality));
    assert_true(share(t.bimodality) >= 0.95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_alarms),    cmocka_unit_test(known_effects), cmocka_unit_test(sameness),
        cmocka_unit_test(what_is_visible), cmocka_unit_test(shapes),
    };
    return cmocka_run_group_tests_name("simulated runs", tests, NULL, NULL);
}
