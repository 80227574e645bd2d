/* SPDX-License-Identifier: MIT
 *
 * The comparer and the guarded memory: whatever is wrong with a result must not pass. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proof/bounds.h"
#include "proof/compare.h"
#include "proof/guarded.h"
#include "proof/proof.h"

enum { M = 5, N = 7, LD = 9 };

struct sample {
    float got[M * LD];
    double expected[M * N], bound[M * N];
};

static struct sample right_sample(void)
{
    struct sample s;
    for (int i = 0; i < M * LD; i++) s.got[i] = canary();
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            s.expected[i * N + j] = 1.0 + i * N + j;
            s.bound[i * N + j] = 1e-3 * (i + 1);
            s.got[i * LD + j] = (float)(s.expected[i * N + j] + 0.5e-3);
        }
    return s;
}

static struct comparison compare(const struct sample *s)
{
    struct comparison c;
    compare_begin(&c, "x", M * N, N, 0);
    compare_matrix(&c, M, N, s->got, LD, s->expected, s->bound);
    return c;
}

static void right_results_pass(void **state)
{
    (void)state;
    const struct sample s = right_sample();
    const struct comparison c = compare(&s);
    assert_true(compare_passed(&c));
    assert_true(c.worst > 0.4 && c.worst < 0.6);
}

/* No element may be overlooked, whatever is wrong with it. */
static void each_element_counts(void **state)
{
    (void)state;
    static const float wrongs[] = {NAN, INFINITY, -INFINITY, 0.0f, 1e30f, -1.0f};
    for (int at = 0; at < M * N; at++)
        for (size_t w = 0; w < sizeof wrongs / sizeof *wrongs; w++) {
            struct sample s = right_sample();
            s.got[at / N * LD + at % N] = wrongs[w];
            const struct comparison c = compare(&s);
            assert_false(compare_passed(&c));
            assert_int_equal(c.wrong, 1);
            assert_int_equal(c.first, at);
            assert_true(c.worst > 1.0 && isfinite(c.worst));
        }
}

/* The bound is each element's own: an error that a large element may have is too much for a small one. */
static void bounds_are_elementwise(void **state)
{
    (void)state;
    struct sample s = right_sample();
    s.got[0] = (float)(s.expected[0] + 1.5e-3); /* allowed 1e-3; the last row is allowed 5e-3 */
    struct comparison c = compare(&s);
    assert_false(compare_passed(&c));
    s = right_sample();
    s.got[4 * LD] = (float)(s.expected[4 * N] + 1.5e-3);
    c = compare(&s);
    assert_true(compare_passed(&c));
}

static void nan_bound_or_truth_fails(void **state)
{
    (void)state;
    struct sample s = right_sample();
    s.bound[3] = (double)NAN;
    struct comparison c = compare(&s);
    assert_false(compare_passed(&c));
    s = right_sample();
    s.expected[3] = (double)NAN; /* got is a number */
    c = compare(&s);
    assert_false(compare_passed(&c));
    s.got[3] = NAN; /* agrees, but nobody said that the truth might be NaN */
    c = compare(&s);
    assert_int_equal(c.wrong, 0);
    assert_false(compare_passed(&c));
    c.flags = COMPARE_NONFINITE;
    assert_true(compare_passed(&c));
}

static void infinities_must_agree(void **state)
{
    (void)state;
    struct comparison c;
    compare_begin(&c, "x", 3, 1, COMPARE_NONFINITE | COMPARE_IDLE_IS_RIGHT);
    compare_element(&c, (double)INFINITY, (double)INFINITY, 0.0, 0.0, 0.0);
    assert_int_equal(c.wrong, 0);
    compare_element(&c, -(double)INFINITY, (double)INFINITY, 1.0, 1.0, 0.0);
    compare_element(&c, 3e38, (double)INFINITY, (double)INFINITY, (double)INFINITY, 0.0);
    assert_int_equal(c.wrong, 2);
}

static void missing_elements_fail(void **state)
{
    (void)state;
    const struct sample s = right_sample();
    struct comparison c;
    compare_begin(&c, "x", M * N, N, 0);
    compare_matrix(&c, M - 1, N, s.got, LD, s.expected, s.bound);
    assert_int_equal(c.wrong, 0);
    assert_false(compare_passed(&c));
    compare_begin(&c, "x", 0, N, 0); /* nothing compared is nothing shown */
    assert_false(compare_passed(&c));
}

static void intrusion_fails(void **state)
{
    (void)state;
    const struct sample s = right_sample();
    struct comparison c = compare(&s);
    c.intruded = 1;
    assert_false(compare_passed(&c));
}

/* A reference that an idle backend would satisfy is no proof, unless zeros are the point of the case. */
static void idle_references_are_mistrusted(void **state)
{
    (void)state;
    struct sample s = right_sample();
    for (int i = 0; i < M * N; i++) s.expected[i] = s.got[i / N * LD + i % N] = 0.0f;
    struct comparison c = compare(&s);
    char message[200];
    assert_int_equal(c.wrong, 0);
    assert_false(compare_passed(&c));
    compare_describe(&c, message, sizeof message);
    assert_non_null(strstr(message, "MISTRUSTED"));
    c.flags = COMPARE_IDLE_IS_RIGHT;
    assert_true(compare_passed(&c));
    s = right_sample();
    for (int i = 0; i < M * N; i++) s.bound[i] = 100.0; /* so wide that anything passes */
    c = compare(&s);
    assert_false(compare_passed(&c));
}

static void one_sided_allowances(void **state)
{
    (void)state;
    struct comparison c;
    compare_begin(&c, "x", 4, 4, 0);
    compare_element(&c, 1.1, 1.0, 0.0, 0.2, 0.0);
    compare_element(&c, 0.9, 1.0, 0.2, 0.0, 0.0);
    assert_int_equal(c.wrong, 0);
    compare_element(&c, 0.9, 1.0, 0.0, 0.2, 0.0);
    compare_element(&c, 1.1, 1.0, 0.2, 0.0, 0.0);
    assert_int_equal(c.wrong, 2);
}

/* A share of the bound is told only where there is one. */
static void descriptions_are_true(void **state)
{
    (void)state;
    static const struct {
        double got, expected, bound;
        const char *message;
    } cases[] = {
        {2.0, 1.0, 0.25, "4 of the bound"},
        {2.0, 1.0, 0.0, "must be equal"},
        {(double)NAN, 1.0, 0.25, "must be a finite number"},
        {(double)INFINITY, 1.0, 0.0, "must be a finite number"},
        {1.0, (double)NAN, 0.25, "must be NaN"},
        {1.0, -(double)INFINITY, 0.25, "must be that infinity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct comparison c;
        char message[200];
        compare_begin(&c, "x", 1, 1, COMPARE_NONFINITE);
        compare_element(&c, cases[i].got, cases[i].expected, cases[i].bound, cases[i].bound, 0.0);
        compare_describe(&c, message, sizeof message);
        if (!strstr(message, cases[i].message) || strstr(message, "e+30")) fail_msg("%s", message);
    }
    struct comparison c;
    char message[200];
    compare_begin(&c, "x", 1, 1, 0);
    compare_element(&c, 2.0, 1.0, 0.5, 0.0, 0.0);
    compare_describe(&c, message, sizeof message);
    assert_non_null(strstr(message, "must not be larger"));
}

/* ---- guarded memory */

static void gaps_and_margins_are_watched(void **state)
{
    (void)state;
    struct guarded g;
    assert_int_equal(guarded_open(&g, M * LD * sizeof(float)), 0);
    for (int place = 0; place < PLACE_COUNT; place++) {
        const size_t bytes = matrix_floats(M, N, LD) * sizeof(float);
        float *x = guarded_place(&g, "x", UNIT_FLOAT, bytes, (enum placement)place);
        const uint8_t *first;
        int row;
        assert_int_equal(matrix_intruded(x, M, N, LD, &row) + guarded_intruded(&g, &first), 0);
        assert_true(row == -1 && !first);
        for (int i = 0; i < M * N; i++) x[i / N * LD + i % N] = 1.0f;
        assert_int_equal(matrix_intruded(x, M, N, LD, &row) + guarded_intruded(&g, &first), 0);
        ((uint8_t *)&x[LD + N])[1] ^= 1;
        assert_int_equal(matrix_intruded(x, M, N, LD, &row), 1);
        assert_int_equal(row, 1);
        uint8_t *const outside = place == PLACE_END ? (uint8_t *)x - 1 : (uint8_t *)x + bytes;
        *outside ^= 1;
        assert_int_equal(guarded_intruded(&g, &first), 1);
        assert_ptr_equal(first, outside);
    }
    guarded_close(&g);
}

static void addresses_are_named(void **state)
{
    (void)state;
    struct guarded g, other;
    char text[GUARDED_TEXT];
    assert_int_equal(guarded_open(&g, 4096), 0);
    assert_int_equal(guarded_open(&other, 4096), 0);
    const float *y = guarded_place(&g, "y", UNIT_FLOAT, 3 * sizeof *y, PLACE_END);
    const uint8_t *labels = guarded_place(&other, "labels", UNIT_BYTE, 7, PLACE_START);
    assert_string_equal(guarded_describe(y + 3, text), "1 float beyond the end of y");
    assert_string_equal(guarded_describe(y + 18, text), "16 floats beyond the end of y");
    assert_string_equal(guarded_describe(y - 1, text), "1 float before the start of y");
    assert_string_equal(guarded_describe((const char *)y - 5, text), "2 floats before the start of y");
    assert_string_equal(guarded_describe(labels + 7, text), "1 byte beyond the end of labels");
    assert_string_equal(guarded_describe(labels - 2, text), "2 bytes before the start of labels");
    assert_string_equal(guarded_describe(y, text), "");
    assert_string_equal(guarded_describe(NULL, text), "");
    assert_string_equal(guarded_describe(&g, text), "");
    guarded_protect(&other);
    assert_string_equal(guarded_describe(labels, text), "inside labels, which is read-only");
    guarded_close(&other);
    assert_string_equal(guarded_describe(labels, text), "");
    assert_string_equal(guarded_describe(y + 3, text), "1 float beyond the end of y");
    guarded_close(&g);
}

static int status_of_touching(volatile uint8_t *at, int write)
{
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* not the test framework's */
        if (write)
            *at = 0;
        else
            (void)*at;
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void neighbours_fault(void **state)
{
    (void)state;
    struct guarded g;
    assert_int_equal(guarded_open(&g, 4096), 0);
    uint8_t *x = guarded_place(&g, "x", UNIT_BYTE, 12, PLACE_END);
    assert_int_equal(status_of_touching(x + 11, 0), 0);
    assert_int_equal(status_of_touching(x + 12, 0), SIGSEGV);
    x = guarded_place(&g, "x", UNIT_BYTE, 12, PLACE_START);
    assert_int_equal(status_of_touching(x, 1), 0);
    assert_int_equal(status_of_touching(x - 1, 0), SIGSEGV);
    guarded_protect(&g);
    assert_int_equal(status_of_touching(x, 0), 0);
    assert_int_equal(status_of_touching(x, 1), SIGSEGV);
    guarded_release(&g);
    assert_int_equal(status_of_touching(x, 1), 0);
    guarded_close(&g);
}

static void shares_of_a_bound_read_as_numbers(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(proof_share_text(0.8874, text, sizeof text), "0.887");
    assert_string_equal(proof_share_text(9999.0, text, sizeof text), "9999.000");
    assert_string_equal(proof_share_text(1e19, text, sizeof text), "1e+19");
    assert_string_equal(proof_share_text(COMPARE_HOPELESS, text, sizeof text), "beyond any");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_results_pass),     cmocka_unit_test(each_element_counts),
        cmocka_unit_test(bounds_are_elementwise), cmocka_unit_test(nan_bound_or_truth_fails),
        cmocka_unit_test(infinities_must_agree),  cmocka_unit_test(missing_elements_fail),
        cmocka_unit_test(intrusion_fails),        cmocka_unit_test(idle_references_are_mistrusted),
        cmocka_unit_test(one_sided_allowances),   cmocka_unit_test(gaps_and_margins_are_watched),
        cmocka_unit_test(addresses_are_named),    cmocka_unit_test(neighbours_fault),
        cmocka_unit_test(descriptions_are_true),  cmocka_unit_test(shares_of_a_bound_read_as_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
