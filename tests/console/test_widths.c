/* SPDX-License-Identifier: MIT
 *
 * The verdicts and tables of ab, gate and a target accuracy fit the terminal, with the longest names too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "console/ab_view.h"
#include "console/gate_view.h"
#include "console/target_view.h"
#include "../support/widest_line.h"

static const struct step_ops step = {0};
static const struct backend composed = {.name = "composed"}, fused = {.name = "fused", .step = &step};
static const struct registry_entry entries[] = {
    {.name = "avx512", .backend = &fused},
    {.name = "a_plug_in_with_the_longest_of_all.again", .backend = &composed},
    {.name = "a_plug_in_with_the_longest_of_all", .backend = &composed}};

static void print_ab(void *context, FILE *out)
{
    ab_print(context, out);
}

static void ab_fits(void **state)
{
    struct ab_results r = {
        .judgement = {.margin = effect_of_percent(2.0),
                      .itself = {48, 0.0, {-0.004, 0.004}},
                      .other = {48, 0.05, {0.03, 0.07}},
                      .bias = effect_of_percent(1.5),
                      .visible = effect_of_percent(2.6),
                      .ratio_drift = {true, 0.9, log(0.99), log(1.05)},
                      .drift[AB_B] = {true, 0.9, log(0.5), log(0.6)},
                      .bimodality[AB_A] = {true, log(0.4), log(0.5), 0.25}},
        .contenders = {&entries[0], &entries[1], &entries[2]},
    };
    (void)state;
    for (enum verdict v = VERDICT_SAME; v <= VERDICT_INCONCLUSIVE; v++) {
        r.judgement.verdict = v;
        assert_fits(print_ab, &r);
    }
}

static void print_gate(void *context, FILE *out)
{
    const struct baseline b = {.run_id = "20261124-101502-3f9a"};
    gate_print(context, 3, &b, 0.05, out);
}

static void gate_fits(void **state)
{
    struct gate_line lines[] = {
        {.verdict = GATE_PASSED}, {.verdict = GATE_INCONCLUSIVE}, {.verdict = GATE_SLOWER}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        lines[i].backend = entries[i].name;
        for (int p = 0; p < GATE_PROCESSES; p++)
            lines[i].slowdown[p] = (struct paired_comparison){9, 0.05, {0.03, 0.07}};
    }
    assert_fits(print_gate, lines);
}

static void print_target(void *context, FILE *out)
{
    const struct registry_entry *const all[] = {&entries[0], &entries[1]};
    assert_int_equal(target_print(context, all, 2, 5, out), 0);
}

static void target_fits(void **state)
{
    struct target_outcome outcomes[] = {
        {.entry = &entries[0], .epochs = 7, .train_seconds = 1.6, .reached = true},
        {.entry = &entries[1], .epochs = 20, .train_seconds = 1234.5}};
    struct target_results t = {.accuracy = 0.98, .outcomes = outcomes, .count = 2};
    (void)state;
    outcomes[0].finished = outcomes[1].finished = true;
    assert_fits(print_target, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ab_fits), cmocka_unit_test(gate_fits),
                                       cmocka_unit_test(target_fits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
