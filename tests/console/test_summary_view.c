/* SPDX-License-Identifier: MIT
 *
 * The end of a run as people read it: what it claims of a quiet run and of a busy one, its remarks, and that
 * it fits the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "console/summary_view.h"
#include "results/figures.h"
#include "../support/widest_line.h"

enum noise { CALM, DISTURBED };

static struct registry_entry fast_entry, slow_entry;

/* Of two backends, the first of which is the faster one. */
static void begin(struct summary *s, const char *fast, const char *slow)
{
    fast_entry = slow_entry = *registry_at(0);
    fast_entry.name = fast_entry.spec = fast;
    slow_entry.name = slow_entry.spec = slow;
    const struct registry_entry *entries[] = {&fast_entry, &slow_entry};
    summary_init(s, entries, 2, 42);
    s->dataset = "mnist";
    for (int i = 0; i < 2; i++) {
        s->rows[i].proven = true;
        s->rows[i].verdict =
            (struct proof_verdict){.cases = 12345, .worst_of_bound = 1, .worst_of_loose = 0.25};
        s->rows[i].info.bound = 1;
    }
}

/* One epoch, half of whose time goes to products and a quarter to rmsprop. */
static void add(struct summary *s, int who, int round, double seconds, enum noise noise)
{
    struct epoch_report r = {
        .result = {.epoch = round, .train_seconds = seconds, .val_loss = 0.0812, .val_accuracy = 0.97},
        .round = round,
        .peak_gflops = 200.0,
        .op_count = 2,
        .ops = {{.name = "gemm forward1", .seconds = seconds / 2},
                {.name = "rmsprop", .seconds = seconds / 4}},
        .name_text = {"gemm forward1", "rmsprop"},
        .noise = {.llc_gbps = NAN, .seconds = seconds, .wait_ms = noise == CALM ? 0 : 1e3 * seconds / 2}};
    assert_int_equal(summary_epoch(s, &s->rows[who], &r, 42, 100e9), 0);
}

/* Rounds of 1.61 and 1 seconds, give or take a little, of which the last ones are disturbed. */
static void add_rounds(struct summary *s, int rounds, int disturbed)
{
    for (int round = 1; round <= rounds; round++) {
        const double noise = 1 + 0.01 * (round * 7 % 5);
        const enum noise of_slow = round > rounds - disturbed ? DISTURBED : CALM;
        add(s, 0, round, round == 1 ? 2.0 : 1.0, CALM);
        add(s, 1, round, round == 1 ? 3.0 : 1.61 * noise, of_slow);
    }
}

static char *printed(const struct summary *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(summary_print(s, out), 0);
    fclose(out);
    return text;
}

static void expect(const struct summary *s, const char *wanted, const char *unwanted)
{
    char *text = printed(s);
    if (wanted && !strstr(text, wanted)) fail_msg("lacks '%s':\n%s", wanted, text);
    if (unwanted && strstr(text, unwanted)) fail_msg("has '%s':\n%s", unwanted, text);
    free(text);
}

/* The epochs of a loaded machine, all of them disturbed. */
static void a_busy_run_states_no_factor(void **state)
{
    static const double slow[] = {4.0, 4.3, 4.6, 0.8}, fast[] = {0.7, 1.2, 0.6, 0.9};
    struct summary s;
    (void)state;
    begin(&s, "avx512", "onednn");
    for (int i = 0; i < 4; i++) {
        add(&s, 0, i + 1, fast[i], DISTURBED);
        add(&s, 1, i + 1, slow[i], DISTURBED);
    }
    expect(&s, "avx512 against onednn: not established: 3 later epochs, all disturbed; run bench doctor\n",
           "x as fast");
    expect(&s, "0.800 - 4.600", "GEMM");
    expect(&s, "3/3", "x ");
    summary_free(&s);
}

static void a_quiet_run_prints_the_interval(void **state)
{
    struct summary s;
    (void)state;
    begin(&s, "avx512", "onednn");
    add_rounds(&s, 9, 0);
    expect(&s, "avx512 is 1.65x as fast as onednn (95 %: 1.61 to 1.67)\n", "not established");
    expect(&s, "avx512 against onednn: GEMM", NULL);
    expect(&s, "0/8", NULL);
    expect(&s, "avx512: test_loss: 0.0812, test_acc: 0.9700\nonednn: test_loss: 0.0812, test_acc: 0.9700\n",
           NULL);
    s.judged = true; /* the verdict of bench ab says it */
    expect(&s, NULL, "as fast as");
    expect(&s, NULL, "test_acc");
    summary_free(&s);
}

/* How many rounds are needed, and how many of them may be disturbed. */
static void the_rule_for_a_result(void **state)
{
    static const struct {
        int rounds, disturbed;
        bool established;
        const char *part; /* of the sentence */
    } runs[] = {
        {6, 0, false, "5 later epochs; an interval takes 6, so train 7 epochs\n"},
        {7, 0, true, "as fast as"},
        {7, 2, true, "as fast as"},
        {7, 3, false, "6 later epochs, 3 disturbed; run bench doctor\n"},
        {8, 3, true, "as fast as"},
        {8, 4, false, "7 later epochs, 4 disturbed; run bench doctor\n"},
        {2, 1, false, "1 later epoch, all disturbed; run bench doctor\n"},
        {1, 0, false, "no round has a later epoch of both; train 7 epochs of each\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct summary s;
        begin(&s, "one", "two");
        add_rounds(&s, runs[i].rounds, runs[i].disturbed);
        const struct speedup up = speedup_over(&s, &s.rows[0], &s.rows[1]);
        assert_int_equal(up.established, runs[i].established);
        assert_int_equal(up.disturbed, runs[i].disturbed);
        assert_int_equal(up.reason[0] == 0, runs[i].established);
        expect(&s, runs[i].part, runs[i].established ? "not established" : "x as fast");
        expect(&s, NULL, runs[i].established ? NULL : "GEMM");
        summary_free(&s);
    }
}

static void an_interval_that_holds_one_names_no_winner(void **state)
{
    struct summary s;
    (void)state;
    begin(&s, "one", "two");
    for (int round = 1; round <= 9; round++) {
        add(&s, 0, round, round % 2 ? 1.0 : 1.1, CALM);
        add(&s, 1, round, round % 2 ? 1.1 : 1.0, CALM);
    }
    expect(&s, ": which of them is faster is not established\n", NULL);
    summary_free(&s);
}

static void remarks(void **state)
{
    struct summary s;
    (void)state;
    begin(&s, "one", "two");
    s.wanted_epochs = 4;
    s.dataset = "generated";
    add(&s, 0, 1, 0.9, CALM);
    for (int round = 2; round <= 4; round++) add(&s, 0, round, 1.0, CALM);
    add(&s, 1, 1, 40, CALM);
    snprintf(s.rows[1].info.implementation, sizeof s.rows[1].info.implementation, "gemm=jit;softmax=ref:any");
    expect(&s, "two: trained only 1 epoch of 4", "one: trained");
    expect(&s, "one: its first epoch was its fastest, so warm-up cannot explain the slower ones after it",
           "two: its first");
    expect(&s, "softmax=ref:any", NULL);
    expect(&s, "dataset=generated: built-in digits, not MNIST, which bench fetch-mnist downloads", NULL);
    expect(&s, "50.0%", NULL); /* 100 GFLOP in a second, of 200 */
    expect(&s, "0.9700", "deviates");
    s.rows[1].verdict.deviating = 3;
    expect(&s, "two: deviates: rules (3 cases)\n", NULL);
    s.rows[1].verdict.failed = 3;
    s.rows[1].epochs = 0;
    snprintf(s.rows[1].failure, sizeof s.rows[1].failure, "proof failed, not timed: 3 of 10 cases");
    expect(&s, "not timed: 3 of 10 cases", "two: deviates");
    expect(&s, "one: test_loss", "two: test_loss");
    expect(&s, "NO\n", "one against two");
    summary_free(&s);
}

/* Beside a probe of the cache that is well below the best one of the run, which a later epoch may show. */
static void a_full_cache_disturbs(void **state)
{
    struct summary s;
    (void)state;
    begin(&s, "one", "two");
    for (int round = 1; round <= 9; round++) {
        add(&s, 0, round, 1, CALM);
        add(&s, 1, round, 2, CALM);
        s.rows[1].points[round - 1].llc_gbps = round < 6 ? 70 : NAN;
    }
    expect(&s, "as fast as", "4/8");
    struct epoch_report r = {.result = {.epoch = 10, .train_seconds = 1}, .round = 10, .noise.llc_gbps = 100};
    assert_int_equal(summary_epoch(&s, &s.rows[0], &r, 42, 100e9), 0);
    expect(&s, "8 later epochs, 4 disturbed; run bench doctor", NULL);
    expect(&s, "4/8", "as fast as");
    summary_free(&s);
}

/* Which ops of the fallback the timed step uses: none in a fused step, in a composed one all but vexp and
 * vlog. */
static void inherited_ops_are_told_apart(void **state)
{
    struct backend mine = *registry_at(0)->backend;
    struct summary s;
    (void)state;
    begin(&s, "one", "two");
    mine.ops = (struct ops){.gemm = mine.ops.gemm};
    slow_entry.backend = &mine;
    add_rounds(&s, 2, 0);
    expect(&s,
           "two: its timed step uses ops of naive: gather bias_act relu_grad bias_grad softmax_xent rmsprop; "
           "only bench micro would use vexp vlog\n",
           "one: its timed step");
    s.rows[1].info.fused = 1;
    expect(&s,
           "two: its timed step uses no op of naive; only bench micro would: gather bias_act relu_grad "
           "bias_grad "
           "softmax_xent rmsprop vexp vlog\n",
           NULL);
    summary_free(&s);
}

static double not_called(void *state)
{
    (void)state;
    abort();
}

/* Neither a figure nor a comparison of a backend that leaves out products goes without its note. */
static void what_skips_products_says_so(void **state)
{
    static const struct step_ops skipping = {.flop_done = not_called}, dense = {.flop_done = NULL};
    struct backend sparse = *registry_at(0)->backend, peer = sparse;
    struct summary s;
    (void)state;
    begin(&s, "avx512_sparse", "onednn");
    sparse.step = &skipping;
    sparse.same_bits_as = "avx512";
    peer.step = &dense;
    fast_entry.backend = &sparse;
    slow_entry.backend = &peer;
    add_rounds(&s, 9, 0);
    for (int i = 0; i < s.rows[0].epochs; i++) s.rows[0].points[i].flop_done = 40e9;
    expect(&s, "avx512_sparse (skips zero pixels; same bits as avx512) is 1.65x as fast as onednn (",
           "avx512_sparse is");
    expect(&s, "avx512_sparse (skips zero pixels; same bits as avx512) against onednn: GEMM",
           "avx512_sparse against");
    expect(&s,
           "avx512_sparse: skips zero pixels; same bits as avx512; GFLOP/s counts all products of the "
           "network, the skipped ones too; it does 40.0 GFLOP/s, and 'of peak' is computed from that\n",
           "onednn: skips");
    assert_true(fabs(time_figures(&s, &s.rows[0]).share_of_peak - 40.0 / 200.0) < 1e-12);
    summary_free(&s);
}

static void print_summary(void *context, FILE *out)
{
    assert_int_equal(summary_print(context, out), 0);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    static const char *const names[][2] = {
        {"avx512", "onednn"}, {"a_plug_in_with_the_longest_of_all", "cblas:libopenblas_skylakex.so"}};
    struct summary s;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        begin(&s, names[i][0], names[i][1]);
        s.wanted_epochs = 99;
        add_rounds(&s, i ? 9 : 4, 3);
        s.rows[1].verdict.deviating = 110;
        s.rows[0].info.bound = 0;
        snprintf(s.rows[1].info.implementation, sizeof s.rows[1].info.implementation, "gemm=ref:any");
        assert_fits(print_summary, &s);
        summary_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_run_states_no_factor),
        cmocka_unit_test(a_quiet_run_prints_the_interval),
        cmocka_unit_test(the_rule_for_a_result),
        cmocka_unit_test(an_interval_that_holds_one_names_no_winner),
        cmocka_unit_test(remarks),
        cmocka_unit_test(a_full_cache_disturbs),
        cmocka_unit_test(inherited_ops_are_told_apart),
        cmocka_unit_test(what_skips_products_says_so),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
    };
    unsetenv("COLUMNS");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
