/* SPDX-License-Identifier: MIT
 *
 * Tables: aligned, and never wider than the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/table.h"
#include "console/wrap.h"

/* In a terminal of so many columns. */
static char *printed(const char *align, const char *rank, const char *const *cells, int width)
{
    struct table t;
    char *text = NULL, columns[12];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    table_init(&t, align, rank);
    for (int i = 0; cells[i]; i++) table_cell(&t, "%s", cells[i]);
    snprintf(columns, sizeof columns, "%d", width);
    setenv("COLUMNS", columns, 1);
    table_print(&t, out);
    unsetenv("COLUMNS");
    table_free(&t);
    fclose(out);
    return text;
}

static void expect(const char *align, const char *rank, const char *const *cells, int width, const char *want)
{
    char *text = printed(align, rank, cells, width);
    assert_string_equal(text, want);
    free(text);
}

static void columns_align(void **state)
{
    (void)state;
    expect("lrl", "000",
           (const char *[]){"name", "value", "note", "a", "1.5", "", "longer", "22.25", "yes", NULL}, 80,
           "name    value  note\n-------------------\na         1.5\nlonger  22.25  yes\n");
}

static void empty_columns_are_left_out(void **state)
{
    (void)state;
    expect("llr", "000", (const char *[]){"a", "nothing", "b", "1", "", "2", NULL}, 80, "a  b\n----\n1  2\n");
}

/* The highest rank first, of equals the last one; never rank 0. */
static void the_least_important_goes_first(void **state)
{
    static const char *const cells[] = {"name", "aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "dddddddddd", "x",
                                        "1",    "2",          "3",          "4",          NULL};
    (void)state;
    expect("lrrrr", "01210", cells, 52,
           "name  aaaaaaaaaa  bbbbbbbbbb  cccccccccc  "
           "dddddddddd\n----------------------------------------------------\n"
           "x              1           2           3           4\n");
    expect("lrrrr", "01210", cells, 51,
           "name  aaaaaaaaaa  cccccccccc  dddddddddd\n----------------------------------------\n"
           "x              1           3           4\n(not in 51 columns: bbbbbbbbbb; COLUMNS=52 shows\n  "
           "all)\n");
    expect("lrrrr", "03330", cells, 40,
           "name  aaaaaaaaaa  bbbbbbbbbb  dddddddddd\n----------------------------------------\n"
           "x              1           2           4\n(not in 40 columns: cccccccccc;\n  COLUMNS=52 shows "
           "all)\n");
}

static void long_texts_go_on_in_the_next_line(void **state)
{
    (void)state;
    expect("lrl", "000",
           (const char *[]){"name", "n", "why", "one", "1", "the CPU lacks it, and more",
                            "abcdefghijklmnopqrstuvwxyz", "2", "a+bc+def", NULL},
           40,
           "name               n  why\n----------------------------------------\n"
           "one                1  the CPU lacks it,\n                      and more\n"
           "abcdefghijklmnopq  2  a+bc+def\nrstuvwxyz\n");
}

/* Characters of several bytes take one column, and are not cut. */
static void bytes_are_no_columns(void **state)
{
    (void)state;
    char *text = printed(
        "l", "0",
        (const char *[]){"h",
                         "\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244"
                         "\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266"
                         "\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274"
                         "\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244"
                         "\303\266\303\274",
                         NULL},
        40);
    const char *row = strchr(strchr(text, '\n') + 1, '\n') + 1;
    assert_int_equal(strcspn(row, "\n"), 80);
    assert_int_equal(strlen(row), 80 + 1 + 4 + 1);
    free(text);
}

/* Labels stay, further lines begin below the text; into a file, as it was printed. */
static void labelled_lines_wrap(void **state)
{
    static const char said[] =
        "SAME: b takes the time of a within 2 %: +0.3 % (95 % interval +0.1 % to +0.5 %)\n"
        "drift      none   found\n\n           two processes of one backend differ\n";
    (void)state;
    for (int width = 0; width <= 40; width += 40) {
        struct wrapped w;
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        if (width) setenv("COLUMNS", "40", 1);
        fputs(said, wrap_open(&w, out));
        wrap_close(&w, 11);
        unsetenv("COLUMNS");
        fclose(out);
        assert_string_equal(
            text, width ? "SAME: b takes the time of a within 2 %:\n           +0.3 % (95 % interval +0.1 %\n"
                          "           to +0.5 %)\ndrift      none found\n\n"
                          "           two processes of one backend\n           differ\n"
                        : said);
        free(text);
    }
}

static void no_width_is_exceeded(void **state)
{
    static const char *const head[] = {"backend", "verified", "median s", "fastest - slowest", "outcome"};
    static const char *const names[] = {"avx512", "a_plug_in_with_the_longest_of_all.again",
                                        "cblas:/usr/lib/x86_64-linux-gnu/libopenblas.so.0"};
    (void)state;
    for (int width = 60; width <= 120; width++)
        for (int i = 0; i < 3; i++) {
            const char *const cells[] = {
                head[0],
                head[1],
                head[2],
                head[3],
                head[4],
                names[i],
                "deviates: rules (110 cases)",
                "0.214",
                "0.213 - 0.391",
                "proof failed, not timed: gemm training shapes: 3 of 10 cases failed",
                NULL};
            char *text = printed("llrrl", "03120", cells, width);
            for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
                if (wrap_columns(line, strcspn(line, "\n")) > width)
                    fail_msg("wider than %d:\n%s", width, text);
            free(text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_align),
        cmocka_unit_test(empty_columns_are_left_out),
        cmocka_unit_test(the_least_important_goes_first),
        cmocka_unit_test(long_texts_go_on_in_the_next_line),
        cmocka_unit_test(bytes_are_no_columns),
        cmocka_unit_test(labelled_lines_wrap),
        cmocka_unit_test(no_width_is_exceeded),
    };
    unsetenv("COLUMNS");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
