/* SPDX-License-Identifier: MIT
 *
 * The file that keeps tunings: what is written is found again, what belongs to others stays, what is broken
 * is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/tuning.h"

static char dir[] = "/tmp/lanebench-tuning-XXXXXX";
static char path[PATH_MAX];

static const struct tuning sample = {.backend = "avx2",
                                     .threads = 2,
                                     .blocking = {.mr = 4, .nr = 24, .mc = 256, .nc = 1024, .kc = 384},
                                     .gain_percent = 3.5,
                                     .commit = "0123abc",
                                     .utc = "2026-01-02T03:04:05Z"};

static void write_text(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static bool find(const char *backend, int threads, struct tuning *t)
{
    struct error e = {0};
    bool found;
    assert_int_equal(tuning_find(path, backend, threads, t, &found, &e), 0);
    return found;
}

static void keep(const struct tuning *t)
{
    struct error e = {0};
    assert_int_equal(tuning_keep(path, t, &e), 0);
}

static int begin(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/new/directory/tuning.json", dir);
    unlink(path);
    return 0;
}

static void what_is_saved_is_found(void **state)
{
    (void)state;
    struct tuning t;
    assert_false(find("avx2", 2, &t)); /* no file yet: no directory either */
    keep(&sample);
    assert_true(find("avx2", 2, &t));
    assert_memory_equal(&t, &sample, sizeof t);
    assert_false(find("avx2", 1, &t));
    assert_false(find("avx512", 2, &t));
}

static void an_entry_replaces_its_like_and_nothing_else(void **state)
{
    (void)state;
    struct tuning other = sample, t;
    struct error e = {0};
    other.threads = 1;
    keep(&sample);
    keep(&other);
    other.blocking.kc = 2048;
    keep(&other);
    assert_true(find("avx2", 1, &t));
    assert_int_equal(t.blocking.kc, 2048);
    assert_true(find("avx2", 2, &t));
    assert_int_equal(t.blocking.kc, 384);
    assert_int_equal(tuning_drop(path, "avx2", 1, &e), 0);
    assert_int_equal(tuning_drop(path, "avx2", 1, &e), 0);
    assert_false(find("avx2", 1, &t));
    assert_true(find("avx2", 2, &t));
}

static void read_text(char *text, size_t size)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, size - 1, f)] = 0;
    fclose(f);
}

/* The saved file with the first letter of one value changed: another program's entry. */
static void change_value(const char *key)
{
    char text[4096], start[32];
    snprintf(start, sizeof start, "\"%s\": \"", key);
    read_text(text, sizeof text);
    char *value = strstr(text, start);
    assert_non_null(value);
    value[strlen(start)] ^= 1;
    write_text(text);
}

static void another_machine_is_another_entry(void **state)
{
    (void)state;
    static const char *const keys[] = {"cpu", "isa"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct tuning t;
        char text[4096];
        unlink(path);
        keep(&sample);
        change_value(keys[i]);
        assert_false(find("avx2", 2, &t));
        keep(&sample); /* beside it */
        assert_true(find("avx2", 2, &t));
        read_text(text, sizeof text);
        const char *first = strstr(text, "\"backend\"");
        assert_non_null(first);
        assert_non_null(strstr(first + 1, "\"backend\""));
    }
}

static void a_broken_file_is_refused_and_left_alone(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "", "[]", "{", "{\"schema\": 2, \"tunings\": []}", "{\"schema\": 1}", "\xff"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct error e = {0};
        struct tuning t;
        bool found;
        struct stat before, after;
        keep(&sample);
        write_text(broken[i]);
        assert_int_equal(stat(path, &before), 0);
        assert_int_equal(tuning_find(path, "avx2", 2, &t, &found, &e), EXIT_USAGE);
        assert_non_null(strstr(e.text, path));
        e = (struct error){0};
        assert_int_equal(tuning_keep(path, &sample, &e), EXIT_USAGE);
        assert_int_equal(stat(path, &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        unlink(path);
    }
}

static void absurd_sizes_are_known_as_such(void **state)
{
    (void)state;
    struct tuning absurd = sample, t;
    absurd.blocking = (struct blocking){.mr = -1, .nr = 0, .mc = INT_MAX, .nc = 512, .kc = 1 << 21};
    keep(&absurd);
    assert_true(find("avx2", 2, &t));
    const struct blocking expected = {.mr = -1, .mc = -1, .nc = 512, .kc = -1};
    assert_memory_equal(&t.blocking, &expected, sizeof expected);
}

static void what_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(tuning_keep("/dev/null/tuning.json", &sample, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "/dev/null"));
}

static void the_program_uses_what_was_saved(void **state)
{
    (void)state;
    struct error e = {0};
    keep(&sample);
    assert_int_equal(tuning_use(path, 2, &e), 0);
    assert_non_null(tuning_of("avx2"));
    assert_int_equal(tuning_blocking("avx2").kc, 384);
    assert_int_equal(tuning_blocking("naive").kc, 0);
    assert_int_equal(tuning_use(path, 1, &e), 0);
    assert_null(tuning_of("avx2"));
    assert_int_equal(tuning_use("off", 2, &e), 0);
    assert_null(tuning_of("avx2"));
    assert_int_equal(tuning_use("/nowhere/tuning.json", 2, &e), EXIT_USAGE);
}

/* Of each member sizes that are none of avx2's, and all that are. */
static void other_sizes_than_the_choices_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {" mr ", " nr ", " mc ", " nc ", " kc "};
    const struct blocking_choices *c = registry_find("avx2")->backend->choices;
    const int *const choices[] = {c->mr, c->nr, c->mc, c->nc, c->kc};
    for (int member = 0; member < 5; member++) {
        struct tuning t = sample;
        int *const sizes[] = {&t.blocking.mr, &t.blocking.nr, &t.blocking.mc, &t.blocking.nc, &t.blocking.kc};
        const int bad[] = {-1, choices[member][0] + 1, 1 << 20};
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            struct error e = {0};
            *sizes[member] = bad[i];
            keep(&t);
            assert_int_equal(tuning_use(path, 2, &e), EXIT_USAGE);
            if (!strstr(e.text, names[member]) || !strstr(e.text, path)) fail_msg("%s", e.text);
            assert_null(tuning_of("avx2"));
        }
        for (const int *good = choices[member]; *good; good++) {
            struct error e = {0};
            *sizes[member] = *good;
            keep(&t);
            assert_int_equal(tuning_use(path, 2, &e), 0);
        }
    }
}

static int end(void **state)
{
    (void)state;
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static int start(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_saved_is_found, begin),
        cmocka_unit_test_setup(an_entry_replaces_its_like_and_nothing_else, begin),
        cmocka_unit_test_setup(another_machine_is_another_entry, begin),
        cmocka_unit_test_setup(a_broken_file_is_refused_and_left_alone, begin),
        cmocka_unit_test_setup(absurd_sizes_are_known_as_such, begin),
        cmocka_unit_test_setup(what_cannot_be_written_is_an_error, begin),
        cmocka_unit_test_setup(the_program_uses_what_was_saved, begin),
        cmocka_unit_test_setup(other_sizes_than_the_choices_are_refused, begin),
    };
    return cmocka_run_group_tests(tests, start, end);
}
