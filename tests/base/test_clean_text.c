/* SPDX-License-Identifier: MIT
 *
 * Foreign text becomes one line of UTF-8: every byte alone, and sequences at the edges of the encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clean_text.h"

static void assert_cleaned(const char *foreign, const char *clean)
{
    char text[32];
    snprintf(text, sizeof text, "%s", foreign);
    assert_ptr_equal(clean_text(text), text);
    assert_string_equal(text, clean);
}

static void test_single_bytes(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        const char foreign[] = {'a', (char)byte, 'b', 0};
        const char clean[] = {'a',
                              byte < 0x20 || byte == 0x7f ? ' '
                              : byte < 0x80               ? (char)byte
                                                          : '?',
                              'b', 0};
        assert_cleaned(foreign, clean);
    }
}

static void test_sequences(void **state)
{
    (void)state;
    static const char *const unchanged[] = {"",
                                            "gemm",
                                            "\xc2\xa0",
                                            "\xdf\xbf",
                                            "\xe0\xa0\x80",
                                            "\xed\x9f\xbf",
                                            "\xef\xbf\xbf",
                                            "\xf0\x90\x80\x80",
                                            "\xf4\x8f\xbf\xbf",
                                            "\xc3\xa9z\xe2\x82\xac"};
    for (size_t i = 0; i < sizeof unchanged / sizeof *unchanged; i++)
        assert_cleaned(unchanged[i], unchanged[i]);
    assert_cleaned("\xc1\xbf", "??"); /* longer than needed */
    assert_cleaned("\xe0\x9f\xbf", "???");
    assert_cleaned("\xf0\x8f\xbf\xbf", "????");
    assert_cleaned("\xed\xa0\x80", "???");      /* a surrogate */
    assert_cleaned("\xf4\x90\x80\x80", "????"); /* beyond U+10FFFF */
    assert_cleaned("\xe2\x82", "??");           /* cut off */
    assert_cleaned("\xe2\x82\xe2\x82\xac", "??\xe2\x82\xac");
    assert_cleaned("a\r\n\x1b[31mb", "a   [31mb");
    assert_cleaned("\xc2\x80\xc2\x9b\xc2\x9f", "      "); /* C1: U+009B begins what ESC [ does */
}

/* Cut at every byte, a text ends with a whole character or a whole \xNN. */
static void test_copies_are_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *from, *want[10]; /* by size less 1 */
    } cases[] = {
        {"a\xc3\xa9z", {"", "a", "a", "a\xc3\xa9", "a\xc3\xa9z", "a\xc3\xa9z"}},
        {"\xe2\x82\xac\xe2\x82\xac", {"", "", "", "\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac"}},
        {"\xf0\x90\x80\x80", {"", "", "", "", "\xf0\x90\x80\x80"}},
        {"\xe9z", {"", "", "", "", "\\xe9", "\\xe9z"}},
        {"\xa9\xe2\x82", {"", "", "", "", "\\xa9", "\\xa9", "\\xa9", "\\xa9", "\\xa9\\xe2"}},
        {"a\nb", {"", "a", "a ", "a b"}},
        {NULL, {"", ""}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t size = 1; size <= 10 && cases[i].want[size - 1]; size++) {
            char to[10];
            assert_ptr_equal(clean_copy(to, size, cases[i].from), to);
            assert_string_equal(to, cases[i].want[size - 1]);
        }
}

static void test_utf8_copies(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ""},
                                           {"a\xc3\xa9\n", "a\xc3\xa9\n"},
                                           {"\xc3", "\\xc3"},
                                           {"\xff\xe2\x82z\xe2\x82\xac", "\\xff\\xe2\\x82z\xe2\x82\xac"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = utf8_copy(cases[i][0]);
        assert_non_null(copy);
        assert_string_equal(copy, cases[i][1]);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_single_bytes), cmocka_unit_test(test_sequences),
                                       cmocka_unit_test(test_copies_are_cut_between_characters),
                                       cmocka_unit_test(test_utf8_copies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
