/* SPDX-License-Identifier: MIT
 *
 * The door for files that are read: what is no regular file, what is too large, what is no JSON; and text
 * that comes through it cannot write to a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/input.h"
#include "results/csv_table.h"

static char dir[] = "/tmp/lanebench-input-XXXXXX";
static char path[64];

static void write_text(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void assert_refused(const char *name, enum input_kind kind, enum input_fault fault, const char *why)
{
    struct input_problem p;
    size_t size;
    assert_null(input_read(name, kind, &size, &p));
    assert_int_equal(p.fault, fault);
    if (!strstr(p.why, why)) fail_msg("'%s' lacks '%s'", p.why, why);
    assert_null(input_json(name, kind, 0, &p));
    assert_int_equal(p.fault, fault);
}

static void only_regular_files(void **state)
{
    (void)state;
    assert_refused(path, INPUT_CACHE, INPUT_MISSING, "No such file");
    assert_refused(dir, INPUT_CACHE, INPUT_DIRECTORY, "is a directory");
    assert_refused("/dev/zero", INPUT_CACHE, INPUT_NOT_REGULAR, "is a device");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(path, INPUT_CACHE, INPUT_FIFO, "is a FIFO"); /* and does not wait for a writer */
}

static void only_up_to_a_size(void **state)
{
    (void)state;
    static const struct {
        enum input_kind kind;
        off_t most;
    } kinds[] = {
#define X(kind, most) {kind, most},
        INPUT_KINDS(X)
#undef X
    };
    write_text("");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_int_equal(truncate(path, kinds[i].most + 1), 0);
        assert_refused(path, kinds[i].kind, INPUT_TOO_LARGE, "MiB");
    }
    struct input_problem p;
    size_t size;
    assert_int_equal(truncate(path, 1 << 20), 0);
    char *text = input_read(path, INPUT_CACHE, &size, &p);
    assert_non_null(text);
    assert_int_equal(size, 1 << 20);
    free(text);
}

static void json_is_cleaned(void **state)
{
    (void)state;
    struct input_problem p;
    write_text("{\"a\\u001b[2J\": [\"x\\ny\", {\"b\": \"\\u009b31m\"}, 1.5, -3, true, null], \"\\u00e9\": "
               "\"\\u20ac\"}");
    json_t *root = input_json(path, INPUT_CACHE, 0, &p);
    assert_non_null(root);
    json_t *expected = json_loads("{\"a [2J\": [\"x y\", {\"b\": \"  31m\"}, 1.5, -3, true, null], "
                                  "\"\\u00e9\": \"\\u20ac\"}",
                                  0, NULL);
    assert_true(json_equal(root, expected));
    json_decref(root);
    json_decref(expected);
    write_text("{\n\"a\": \x1b[2J}");
    assert_null(input_json(path, INPUT_CACHE, 0, &p));
    assert_int_equal(p.fault, INPUT_MALFORMED);
    assert_non_null(strstr(p.why, "line 2"));
    assert_null(strchr(p.why, '\x1b'));
}

static void csv_is_cleaned(void **state)
{
    (void)state;
    struct csv_table t;
    struct error e = {0};
    write_text("a,b\r\n\x1b[2J,\"x\"\"\n\xff\"\r\n");
    assert_int_equal(csv_table_read(&t, path, &e), 0);
    assert_string_equal(csv_table_cell(&t, 0, 0), " [2J");
    assert_string_equal(csv_table_cell(&t, 0, 1), "x\" ?");
    csv_table_free(&t);
}

static void errors_are_clean(void **state)
{
    (void)state;
    struct error e = {0};
    error_set(&e, EXIT_USAGE, "%s: no", "a\x1b[2J\nb\xff");
    assert_string_equal(e.text, "a [2J b?: no");
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static int start(void **state)
{
    (void)state;
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/file", dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(only_regular_files, remove_file),
        cmocka_unit_test_teardown(only_up_to_a_size, remove_file),
        cmocka_unit_test_teardown(json_is_cleaned, remove_file),
        cmocka_unit_test_teardown(csv_is_cleaned, remove_file),
        cmocka_unit_test(errors_are_clean),
    };
    return cmocka_run_group_tests(tests, start, end);
}
