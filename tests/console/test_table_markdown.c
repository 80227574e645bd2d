/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/table_markdown.h"

static void fill(struct table *t)
{
    static const char *const cells[] = {"backend", "empty", "median s", "note", "naive", "",
                                        "9.516",   "",      "a|b",      "",     "0.35",  "x"};
    table_init(t, "llrl", "0129");
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) table_cell(t, "%s", cells[i]);
}

static const char expected[] = "| backend | median s | note |\n"
                               "|---|---:|---|\n"
                               "| naive | 9.516 |  |\n"
                               "| a\\|b | 0.35 | x |\n\n";

/* Columns without a cell are left out; those that a narrow terminal drops are not. */
static void has_every_column_with_cells(void **state)
{
    (void)state;
    struct table t;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fill(&t);
    table_markdown(&t, out);
    fclose(out);
    table_free(&t);
    assert_string_equal(text, expected);
    free(text);
}

static void the_file_is_written_at_once(void **state)
{
    (void)state;
    char path[] = "/tmp/lanebench-markdown-XXXXXX", line[64] = "";
    const int fd = mkstemp(path);
    struct markdown m;
    struct error e = {0};
    struct table t;
    assert_true(fd >= 0);
    markdown_begin(&m, "run", "r1");
    fill(&t);
    markdown_add(&m, &t);
    assert_int_equal(markdown_write(&m, path, &e), 0);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(line, sizeof line, in));
    assert_string_equal(line, "# bench run, run r1\n");
    fclose(in);
    markdown_begin(&m, "run", "r1");
    assert_int_equal(markdown_write(&m, "/nowhere/at/all.md", &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "/nowhere/at/all.md"));
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_every_column_with_cells),
        cmocka_unit_test(the_file_is_written_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
