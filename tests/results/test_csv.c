/* SPDX-License-Identifier: MIT
 *
 * The CSV writer: quoting, numbers, whole rows whatever happens to the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results/csv.h"
#include "base/atomic_file.h"

static const char columns[] = "name,value";

static int make_dir(void **state)
{
    char dir[] = "/tmp/lanebench-csv-XXXXXX";
    if (!mkdtemp(dir)) return -1;
    *state = strdup(dir);
    return *state ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"t.csv", "t.csv.partial", "t.csv.partial.tmp", "file", "file.tmp"};
    char path[200];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", (char *)*state, names[i]);
        unlink(path);
    }
    const int code = rmdir(*state); /* fails when a test leaves something unknown */
    free(*state);
    return code;
}

/* The file's content, for the caller to free; NULL when there is none. */
static char *content_of(const char *path)
{
    struct stat s;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &s) != 0) return NULL;
    char *text = calloc((size_t)s.st_size + 1, 1);
    assert_int_equal(fread(text, 1, (size_t)s.st_size, f), s.st_size);
    fclose(f);
    return text;
}

static void expect_content(const char *path, const char *expected)
{
    char *text = content_of(path);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static bool any_row(const void *context, int row)
{
    (void)context;
    return row >= 0;
}

static void add_row(struct csv *c, const char *name, double value)
{
    struct error e = {.code = EXIT_OK};
    csv_text(c, name);
    csv_real(c, value);
    assert_int_equal(csv_end_row(c, &e), 0);
}

static void writes_rfc4180(void **state)
{
    struct csv c;
    struct error e = {.code = EXIT_OK};
    assert_int_equal(csv_create(&c, *state, "t.csv", columns, &e), 0);
    add_row(&c, "plain", 0.5);
    add_row(&c, "a,b", -1.0);
    add_row(&c, "say \"no\"", 1e-300);
    add_row(&c, "two\nlines", 1.0 / 3.0);
    add_row(&c, "cr\r", NAN);
    add_row(&c, "", -NAN);
    add_row(&c, " spaced ", INFINITY);
    add_row(&c, "=1+1", -2.0);
    add_row(&c, "+a", -INFINITY);
    add_row(&c, "-x,\"y\"", 0.0);
    add_row(&c, "@a", 0.0);
    add_row(&c, "\t1", 0.0);
    add_row(&c, "''=", 0.0);
    add_row(&c, "'a=", 0.0);
    add_row(&c, "not \xff UTF-8", 0.0);
    csv_empty(&c);
    csv_integer(&c, -9223372036854775807);
    assert_int_equal(csv_end_row(&c, &e), 0);
    csv_empty(&c);
    csv_unsigned(&c, 18446744073709551615u);
    assert_int_equal(csv_end_row(&c, &e), 0);
    char partial[4096], path[4096];
    memcpy(partial, c.partial, sizeof partial);
    memcpy(path, c.path, sizeof path);
    assert_null(content_of(path)); /* no final name before the end */
    assert_int_equal(csv_finish(&c, &e), 0);
    assert_null(content_of(partial));
    expect_content(
        path,
        "name,value\r\nplain,0.5\r\n\"a,b\",-1\r\n\"say \"\"no\"\"\",1e-300\r\n\"two\nlines\",0.333333333\r\n"
        "\"cr\r\",nan\r\n,nan\r\n spaced ,inf\r\n"
        "'=1+1,-2\r\n'+a,-inf\r\n\"'-x,\"\"y\"\"\",0\r\n'@a,0\r\n'\t1,0\r\n'''=,0\r\n'a=,0\r\nnot \\xff "
        "UTF-8,0\r\n"
        ",-9223372036854775807\r\n,18446744073709551615\r\n");
}

/* What is written to a cell is what csv_table reads, and a copied row stays as it is. */
static void texts_come_back(void **state)
{
    static const char *const texts[] = {"=1+1", "-x", "'=", "''@", "'a", "a=b", "\xc3\xa9", ""};
    enum { COUNT = sizeof texts / sizeof *texts };
    struct csv c;
    struct csv_table table;
    struct error e = {.code = EXIT_OK};
    assert_int_equal(csv_create(&c, *state, "t.csv", columns, &e), 0);
    for (int i = 0; i < COUNT; i++) add_row(&c, texts[i], -1.0);
    assert_int_equal(csv_finish(&c, &e), 0);
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(csv_table_read(&table, c.path, &e), 0);
        for (int i = 0; i < COUNT; i++) {
            assert_string_equal(csv_table_cell(&table, i, 0), texts[i]);
            assert_string_equal(csv_table_cell(&table, i, 1), "-1");
        }
        if (pass == 0) {
            assert_int_equal(csv_reopen(&c, *state, "t.csv", columns, &table, any_row, NULL, &e), 0);
            assert_false(csv_has_rows(&c));
            assert_int_equal(csv_finish(&c, &e), 0);
        }
        csv_table_free(&table);
    }
}

static void keeps_what_is_there(void **state)
{
    struct csv c, second;
    struct error e = {.code = EXIT_OK};
    assert_int_equal(csv_create(&c, *state, "t.csv", columns, &e), 0);
    add_row(&c, "x", 1);
    assert_int_equal(csv_create(&second, *state, "t.csv", columns, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "File exists"));
    expect_content(c.partial, "name,value\r\nx,1\r\n");
    csv_discard(&c);
    assert_null(content_of(c.partial));
}

static void refuses_rows_of_the_wrong_width(void **state)
{
    struct csv c;
    struct error e = {.code = EXIT_OK}, none = {.code = EXIT_OK};
    assert_int_equal(csv_create(&c, *state, "t.csv", columns, &e), 0);
    csv_text(&c, "alone");
    assert_int_equal(csv_end_row(&c, &e), EXIT_INTERNAL);
    add_row(&c, "after", 2);
    assert_int_equal(csv_finish(&c, &none), EXIT_INTERNAL);
    assert_null(content_of(c.path)); /* a final name is for files with all their rows */
    expect_content(c.partial, "name,value\r\nafter,2\r\n");
}

/* The same rows as JSON lines, whole ones only. */
static void writes_json_lines(void **state)
{
    struct csv c;
    struct error e = {.code = EXIT_OK}, none = {.code = EXIT_OK};
    assert_int_equal(csv_create(&c, *state, "t.csv", columns, &e), 0);
    assert_int_equal(csv_also_lines(&c, &e), 0);
    char path[4096], partial[4096];
    memcpy(path, c.lines->path, sizeof path);
    memcpy(partial, c.lines->partial, sizeof partial);
    add_row(&c, "say \"no\"\n", 0.5);
    csv_text(&c, "alone");
    assert_int_equal(csv_end_row(&c, &none), EXIT_INTERNAL);
    for (int i = 0; i < 3; i++) csv_text(&c, "too many");
    assert_int_equal(csv_end_row(&c, &none), EXIT_INTERNAL);
    add_row(&c, "", -INFINITY);
    add_row(&c, "not \xff UTF-8", -NAN);
    csv_empty(&c);
    csv_unsigned(&c, 18446744073709551615u);
    assert_int_equal(csv_end_row(&c, &e), 0);
    assert_null(content_of(path));
    static const char expected[] =
        "{\"name\": \"say \\\"no\\\"\\n\", \"value\": 0.5}\n{\"name\": null, \"value\": \"-inf\"}\n"
        "{\"name\": \"not \\\\xff UTF-8\", \"value\": \"nan\"}\n"
        "{\"name\": null, \"value\": 18446744073709551615}\n";
    assert_int_equal(csv_finish(&c, &e), EXIT_INTERNAL);
    assert_null(content_of(path)); /* a row was lost */
    expect_content(partial, expected);
    unlink(partial);
    e.code = EXIT_OK;
    assert_int_equal(csv_create(&c, *state, "u.csv", columns, &e), 0);
    assert_int_equal(csv_also_lines(&c, &e), 0);
    memcpy(partial, c.lines->partial, sizeof partial);
    add_row(&c, "whole", 1);
    assert_int_equal(csv_finish(&c, &e), 0);
    assert_null(content_of(partial));
    snprintf(path, sizeof path, "%s/u.jsonl", (char *)*state);
    expect_content(path, "{\"name\": \"whole\", \"value\": 1}\n");
    unlink(path);
    unlink(c.path);
    assert_int_equal(csv_create(&c, *state, "u.csv", columns, &e), 0);
    assert_int_equal(csv_also_lines(&c, &e), 0);
    csv_discard(&c);
    assert_null(content_of(partial));
}

/* After each row the file holds exactly the rows so far, across many pages and for rows longer than one. */
static void holds_whole_rows_at_any_time(void **state)
{
    struct csv c;
    struct error e = {.code = EXIT_OK};
    static char expected[400000], name[9001];
    size_t used = (size_t)snprintf(expected, sizeof expected, "name,value\r\n");
    assert_int_equal(csv_create(&c, *state, "t.csv", columns, &e), 0);
    for (int i = 0; i < 120; i++) {
        const size_t length = i % 40 == 39 ? 9000 : (size_t)(i * 7 % 300);
        memset(name, 'x', length);
        name[length] = 0;
        add_row(&c, name, i);
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s,%d\r\n", name, i);
        expect_content(c.partial, expected);
    }
    assert_int_equal(csv_finish(&c, &e), 0);
    expect_content(c.path, expected);
}

/* The process may write no file beyond this size: write() then succeeds in part and fails after it, as on a
 * disk that fills up. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Fills a file row by row up to a limit of some bytes: the row that does not fit is gone, those before it
 * stay. */
static void fill_up(const char *dir, rlim_t bytes)
{
    struct csv c;
    struct error e = {.code = EXIT_OK}, none = {.code = EXIT_OK};
    static char expected[20000];
    size_t used = (size_t)snprintf(expected, sizeof expected, "name,value\r\n");
    assert_int_equal(csv_create(&c, dir, "t.csv", columns, &e), 0);
    limit_files(bytes);
    for (int i = 0; !e.code; i++) {
        csv_text(&c, "some name of a row");
        csv_integer(&c, i);
        if (csv_end_row(&c, &e) == 0)
            used += (size_t)snprintf(expected + used, sizeof expected - used, "some name of a row,%d\r\n", i);
    }
    assert_int_equal(e.code, EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "t.csv.partial"));
    assert_non_null(strstr(e.text, strerror(EFBIG)));
    assert_true(used <= bytes && used + 40 > bytes); /* the limit was what ended it */
    expect_content(c.partial, expected);
    assert_int_equal(csv_finish(&c, &none), EXIT_INTERNAL);
    limit_files(RLIM_INFINITY);
    assert_null(content_of(c.path));
    expect_content(c.partial, expected);
    unlink(c.partial);
}

static void survives_a_full_disk(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    fill_up(*state, 500);  /* in the middle of a page: a short write() */
    fill_up(*state, 4096); /* at its end: a renamed copy that does not fit */
    fill_up(*state, 4100);
    fill_up(*state, 10007);
}

static void replaces_files_whole_or_not_at_all(void **state)
{
    char path[200];
    struct error e = {.code = EXIT_OK};
    snprintf(path, sizeof path, "%s/file", (char *)*state);
    assert_int_equal(file_replace(path, "first", 5, &e), 0);
    expect_content(path, "first");
    signal(SIGXFSZ, SIG_IGN);
    limit_files(3);
    assert_int_equal(file_replace(path, "second", 6, &e), EXIT_INTERNAL);
    limit_files(RLIM_INFINITY);
    assert_non_null(strstr(e.text, strerror(EFBIG)));
    expect_content(path, "first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_rfc4180, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(texts_come_back, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(keeps_what_is_there, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(refuses_rows_of_the_wrong_width, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(writes_json_lines, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(holds_whole_rows_at_any_time, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(survives_a_full_disk, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(replaces_files_whole_or_not_at_all, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
