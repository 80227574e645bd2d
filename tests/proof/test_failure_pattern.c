/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/failure_pattern.h"

static char text[PATTERN_TEXT];

/* One product whose result is wrong in the given rectangle; last_row < 0: it passes. */
static void add_gemm(struct failure_pattern *p, int m, int n, int k, const char *rest, int first_row,
                     int last_row, int first_column, int last_column)
{
    char case_text[128];
    const struct compare_region wrong = {m, n, first_row, last_row, first_column, last_column};
    snprintf(case_text, sizeof case_text, "gemm NT %dx%dx%d %s seed=0x%x", m, n, k, rest, m * 1000 + n);
    pattern_add(p, case_text, last_row < 0 ? NULL : &wrong);
}

static void extents_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *case_text;
        int extents[PATTERN_EXTENTS];
    } cases[] = {
        {"gemm NT 5x7x9 alpha=1 beta=0", {5, 7, 9}},
        {"bias_act 3x17 slack=0,1", {3, 17, 0}},
        {"vexp n=4096 place=end", {0, 4096, 0}},
        {"gather 4x28 of distant images seed=0x1", {4, 28, 0}},
        {"gemm NN 0x7x9 alpha=1", {0, 7, 9}},
        {"training seeds=10 epochs=3", {0, 0, 0}},
        {"", {0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int extents[PATTERN_EXTENTS];
        pattern_extents_of(cases[i].case_text, extents);
        assert_memory_equal(extents, cases[i].extents, sizeof extents);
    }
}

static void nothing_failed(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    assert_string_equal(pattern_text(&p, text), "");
    for (int n = 1; n < 50; n++) add_gemm(&p, 3, n, 5, "beta=0", 0, -1, 0, 0);
    pattern_add_class(&p, "training shapes", 0);
    assert_string_equal(pattern_text(&p, text), "");
}

/* The tail of a vector of 32 floats, in its last column. */
static void residues_and_the_last_column(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    for (int n = 1; n <= 67; n++)
        for (int m = 1; m <= 4; m++) {
            const bool fails = n % 32 >= 17;
            add_gemm(&p, m, n, 1 + n % 7, "beta=0", 0, fails ? m - 1 : -1, n - 1, n - 1);
        }
    pattern_add_class(&p, "all residues to 67", 60);
    pattern_add_class(&p, "training shapes", 0);
    assert_string_equal(pattern_text(&p, text),
                        "all in column n-1; n mod 32 in 17..31; the training shapes pass");
}

static void one_residue(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    for (int k = 1; k <= 64; k++) add_gemm(&p, 4, 5, k, "", 0, k % 8 == 3 ? 3 : -1, 0, 4);
    pattern_add_class(&p, "training shapes", 2);
    assert_string_equal(pattern_text(&p, text), "k mod 8 = 3; the training shapes fail");
}

static void odd_extents(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    for (int m = 1; m <= 64; m++) add_gemm(&p, m, 5, 3 + m % 5, "", 0, m % 2 ? m - 1 : -1, m % 5, m % 5);
    assert_string_equal(pattern_text(&p, text), "m mod 2 = 1");
}

static void rows_columns_and_tails(void **state)
{
    (void)state;
    struct failure_pattern first = {0}, tail = {0}, vector = {0};
    for (int m = 2; m < 40; m++) {
        add_gemm(&first, m, 6, 5, "", 0, 0, 0, 5);
        add_gemm(&tail, 7, m, 5, "", 0, m % 16 ? 6 : -1, m / 16 * 16, m - 1);
        char case_text[64];
        const struct compare_region wrong = {1, m, 0, 0, m - 1, m - 1};
        snprintf(case_text, sizeof case_text, "vexp n=%d place=end seed=0x%x", m, m);
        pattern_add(&vector, case_text, &wrong);
    }
    assert_string_equal(pattern_text(&first, text), "all in row 0; every case fails");
    pattern_text(&tail, text);
    assert_non_null(strstr(text, "all in the columns after the last multiple of 16"));
    assert_string_equal(pattern_text(&vector, text), "all in column n-1; every case fails");
}

static void a_large_extent(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    for (int k = 100; k < 400; k += 3) add_gemm(&p, 4, 5, k, "", 0, k >= 257 ? 3 : -1, 0, 4);
    assert_string_equal(pattern_text(&p, text), "k of 259 and more");
}

/* What only failing cases have, among what all have. */
static void terms_of_the_case(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    for (int n = 1; n < 60; n++) {
        add_gemm(&p, 3, n, 5, "beta=0 place=end fill=uniform", 0, -1, 0, 0);
        add_gemm(&p, 3, n, 5, "beta=1 place=end fill=uniform", 0, n % 3 ? -1 : 2, 0, n - 1);
    }
    assert_string_equal(pattern_text(&p, text), "all with beta=1");
}

/* Cases that differ in everything have nothing in common, nor has one case, nor is chance a pattern. */
static void nothing_in_common(void **state)
{
    (void)state;
    struct failure_pattern p = {0}, one = {0}, few = {0};
    for (int n = 1; n < 130; n++)
        add_gemm(&p, 1 + n % 5, n, 1 + n % 11, "", 0, n % 7 % 2 ? n % 5 : -1, 0, n - 1);
    assert_string_equal(pattern_text(&p, text), "");
    add_gemm(&one, 4, 5, 6, "beta=1", 3, 3, 4, 4);
    assert_string_equal(pattern_text(&one, text), "");
    for (int n = 1; n < 60; n++) {
        add_gemm(&few, 3, n, 5, n % 2 ? "place=end" : "place=start", 0, n == 20 || n == 40 ? 2 : -1, n / 2,
                 n / 2);
    }
    assert_string_equal(pattern_text(&few, text), "");
}

/* Where the place is not known of every case, nothing is said of places. */
static void unknown_places(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    const struct compare_region unknown = {0};
    for (int n = 1; n < 30; n++) add_gemm(&p, 3, n, 5, "", 2, 2, n - 1, n - 1);
    pattern_add(&p, "gemm NT 3x7x5 seed=0x1", &unknown);
    assert_string_equal(pattern_text(&p, text), "every case fails");
}

static void long_texts_end_in_time(void **state)
{
    (void)state;
    struct failure_pattern p = {0};
    for (int i = 0; i < 40; i++) {
        char case_text[600] = "gemm NT 1x2x3";
        for (int k = 0; k < 20; k++)
            snprintf(case_text + strlen(case_text), sizeof case_text - strlen(case_text),
                     " a_rather_long%d=%s", k, i % 2 ? "a_value_that_is_longer_than_its_field" : "other");
        const struct compare_region wrong = {1, 2, 0, 0, 0, 1};
        pattern_add(&p, case_text, i % 2 ? &wrong : NULL);
    }
    assert_true(strlen(pattern_text(&p, text)) < PATTERN_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extents_are_read),
        cmocka_unit_test(nothing_failed),
        cmocka_unit_test(residues_and_the_last_column),
        cmocka_unit_test(one_residue),
        cmocka_unit_test(odd_extents),
        cmocka_unit_test(rows_columns_and_tails),
        cmocka_unit_test(a_large_extent),
        cmocka_unit_test(terms_of_the_case),
        cmocka_unit_test(nothing_in_common),
        cmocka_unit_test(unknown_places),
        cmocka_unit_test(long_texts_end_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
