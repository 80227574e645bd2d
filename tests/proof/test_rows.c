/* SPDX-License-Identifier: MIT
 *
 * What a row of the proof says: its failures, each of which can be run again alone; the cases asked for by
 * text; the figures it measures; and what is noted of a backend's own step while it runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "proof/prove.h"
#include "train/trainer.h"
#include "../support/plan.h"

static const struct plan plan =
    TEST_PLAN(.threads = 1, .inputs = 20, .hidden = 8, .classes = 10, .batch = 16);

enum { MAX_ROWS = 64 };

struct outcome {
    struct proof_row rows[MAX_ROWS];
    int count;
    struct proof_verdict verdict;
    struct error error;
};

static void on_row(void *context, const struct proof_row *row)
{
    struct outcome *o = context;
    assert_true(o->count < MAX_ROWS);
    o->rows[o->count++] = *row;
}

static struct outcome *prove(const struct backend *b, const char *only, const char *only_case)
{
    static struct outcome o;
    const struct proof_options options = {
        .seed = 5, .row = on_row, .context = &o, .only = only, .only_case = only_case};
    memset(&o, 0, sizeof o);
    prove_backend(b, registry_fallback(), &plan, &options, &o.verdict, &o.error);
    return &o;
}

/* One pixel in 100 is off, by far. */
static void gather_wrong_here_and_there(void *s, int rows, int cols, const uint8_t *pixels,
                                        const uint32_t *index, float *out, int ldout)
{
    registry_fallback()->ops.gather(s, rows, cols, pixels, index, out, ldout);
    for (int i = 0; i < rows * cols; i += 100) out[i / cols * ldout + i % cols] += 0.5f;
}

static struct backend wrong_backend(void)
{
    struct backend b = *registry_fallback();
    b.name = "wrong";
    b.ops.gather = gather_wrong_here_and_there;
    return b;
}

static const struct proof_row *row_that_failed_most(const struct outcome *o)
{
    const struct proof_row *most = &o->rows[0];
    for (int i = 0; i < o->count; i++)
        if (o->rows[i].failed > most->failed) most = &o->rows[i];
    return most;
}

static void failures_are_saved_and_distinct(void **state)
{
    (void)state;
    const struct backend b = wrong_backend();
    const struct proof_row row = *row_that_failed_most(prove(&b, "gather", NULL));
    assert_true(row.failed > PROOF_FAILURES_SAVED);
    assert_int_equal(row.failures_saved, PROOF_FAILURES_SAVED);
    for (int i = 0; i < row.failures_saved; i++) {
        const struct proof_failure *f = &row.failures[i];
        assert_non_null(strstr(f->message, "must be equal"));
        assert_non_null(strchr(f->map, '#'));
        for (int j = 0; j < i; j++) assert_string_not_equal(f->case_text, row.failures[j].case_text);
        const struct outcome *again = prove(&b, NULL, f->case_text);
        assert_int_equal(again->verdict.cases, 1);
        assert_int_equal(again->verdict.failed, 1);
        assert_string_equal(again->rows[0].failures[0].message, f->message);
    }
}

static void right_rows_have_none(void **state)
{
    (void)state;
    const struct outcome *o = prove(registry_fallback(), "gather", NULL);
    assert_int_equal(o->verdict.failed, 0);
    for (int i = 0; i < o->count; i++) {
        assert_int_equal(o->rows[i].failures_saved, 0);
        assert_true(o->rows[i].seconds >= 0.0 && o->rows[i].seconds < 1e3);
    }
}

/* All that begin so; one by its whole text; none. */
static void cases_are_found_by_text(void **state)
{
    (void)state;
    const long long all = prove(registry_fallback(), "gather", NULL)->verdict.cases;
    assert_int_equal(prove(registry_fallback(), NULL, "gather*")->verdict.cases, all);
    const long long some = prove(registry_fallback(), NULL, "gather same bits*")->verdict.cases;
    assert_true(some > 1 && some < all);
    const struct outcome *o = prove(registry_fallback(), NULL, "gather no such thing");
    assert_int_equal(o->error.code, EXIT_USAGE);
    assert_int_equal(o->count, 0);
}

/* exp and log report how far off they are; the figure is that of the bound, which is one ulp. */
static void the_largest_error_is_told(void **state)
{
    (void)state;
    static const char *const ops[] = {"vexp", "vlog"};
    for (int i = 0; i < 2; i++) {
        const struct outcome *o = prove(registry_fallback(), ops[i], NULL);
        int told = 0;
        for (int j = 0; j < o->count; j++) {
            const struct proof_row *row = &o->rows[j];
            if (!row->measured[0]) continue;
            told++;
            assert_memory_equal(row->measured, "at most ", 8);
            const double ulp = strtod(row->measured + 8, NULL);
            assert_true(ulp > 0.4 && ulp <= 1.0 && ulp - row->worst_of_bound < 1e-5);
        }
        assert_int_equal(told, 1);
    }
}

static void bias_act_off_by_a_bit(void *s, int m, int n, const float *bias, enum activation act, float *x,
                                  int ld)
{
    registry_fallback()->ops.bias_act(s, m, n, bias, act, x, ld);
    if (m * n > 0) x[0] *= 1.000001f;
}

/* What is rounded correctly comes near to a tight bound, whose share the verdict leaves out. */
static void tight_bounds_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        double most, loose; /* at least, and less than */
    } ops[] = {{"bias_act", 0.99, 0.001}, {"rmsprop", 0.9, 0.9}, {"gather", 0, 0.001}};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        const struct proof_verdict v = prove(registry_fallback(), ops[i].op, NULL)->verdict;
        assert_true(proof_passed(&v) && v.worst_of_bound >= ops[i].most && v.worst_of_bound <= 1);
        if (!(v.worst_of_loose < ops[i].loose))
            fail_msg("%s: %g of a loose bound", ops[i].op, v.worst_of_loose);
        assert_true(proof_worst(&v) == v.worst_of_loose);
    }
    const struct proof_verdict gemm = prove(registry_fallback(), "gemm", NULL)->verdict;
    assert_true(gemm.worst_of_loose > 0.1 && gemm.worst_of_loose < gemm.worst_of_bound);
    const struct proof_verdict step = prove(registry_fallback(), "composed lockstep", NULL)->verdict;
    assert_true(step.worst_of_bound > 0.5 && step.worst_of_loose < 0.1); /* w and v after a step */
    struct backend b = *registry_fallback(); /* what is wrong counts, whatever the bound */
    b.name = "wrong";
    b.ops.bias_act = bias_act_off_by_a_bit;
    const struct proof_verdict wrong = prove(&b, "bias_act", NULL)->verdict;
    assert_true(proof_worst(&wrong) > 1 && wrong.worst_of_loose > 1);
}

/* ---- what is noted while a backend's own step runs */

static int seen[4];

static void fake_load(void *state, const struct model *m)
{
    (void)state, (void)m;
    seen[0] = contender_trace->op - 1;
}

static void fake_step(void *state, const struct batch *b, struct step_result *r)
{
    (void)state, (void)b, (void)r;
    seen[1] = contender_trace->op - 1;
}

static void fake_predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    (void)state, (void)b, (void)prob, (void)r;
    seen[2] = contender_trace->op - 1;
}

static void fake_store(void *state, struct model *m)
{
    (void)state, (void)m;
    seen[3] = contender_trace->op - 1;
}

static void the_own_step_is_traced(void **state)
{
    (void)state;
    static const struct step_ops step = {
        .load = fake_load, .step = fake_step, .predict = fake_predict, .store = fake_store};
    static const char *const names[] = {"load()", "step()", "predict()", "store()"};
    struct backend b = *registry_fallback();
    struct contender c;
    struct error e = {0};
    struct model model = {0};
    struct batch batch = {0};
    struct step_result result;
    b.step = &step;
    assert_int_equal(contender_open(&c, &b, registry_fallback(), &plan, &e), 0);
    struct trainer *t = trainer_new(&c, false);
    assert_non_null(t);
    const uint64_t calls = contender_trace->calls;
    trainer_load(t, &model);
    trainer_step(t, &batch, &result);
    trainer_predict(t, &batch, NULL, &result);
    trainer_store(t, &model);
    assert_int_equal(contender_trace->calls - calls, 4);
    assert_int_equal(contender_trace->op, 0);
    for (int i = 0; i < 4; i++) assert_string_equal(contender_point_name(seen[i]), names[i]);
    assert_string_equal(contender_point_name(OP_gemm), "gemm");
    assert_null(contender_point_name(-1));
    assert_null(contender_point_name(TRACE_COUNT));
    trainer_free(t);
    contender_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_saved_and_distinct), cmocka_unit_test(right_rows_have_none),
        cmocka_unit_test(cases_are_found_by_text),         cmocka_unit_test(the_largest_error_is_told),
        cmocka_unit_test(tight_bounds_are_told_apart),     cmocka_unit_test(the_own_step_is_traced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
