/* SPDX-License-Identifier: MIT
 *
 * The IDX parser takes good files, raw and compressed, and names every kind of bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "data/gunzip.h"
#include "data/idx.h"
#include "idx_cases.h"
#include "scratch.h"

static const struct idx_limits LIMITS = {.classes = 10};

/* An error is one line that names the file, the problem and what to do. */
static void check_error(const struct error *e, enum idx_status expected, const char *name)
{
    assert_int_equal(e->code, EXIT_DATA);
    assert_null(strchr(e->text, '\n'));
    assert_non_null(strstr(e->text, name));
    assert_non_null(strstr(e->text, idx_status_name(expected)));
    assert_true(strlen(idx_status_advice(expected)) > 0);
    assert_non_null(strstr(e->text, idx_status_advice(expected)));
}

static void check_rejected(enum idx_status got, const struct idx_case *c, const struct idx_array *a,
                           const struct error *e, const char *name)
{
    if (got != c->expected)
        fail_msg("%s: %s instead of %s: %s", c->message, idx_status_name(got), idx_status_name(c->expected),
                 e->text);
    check_error(e, c->expected, name);
    assert_null(a->content);
}

static void malformed_in_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < IDX_CASE_COUNT; i++) {
        const struct idx_case *c = &IDX_CASES[i];
        struct bytes b = c->make();
        struct idx_array a;
        struct error e = {0};
        check_rejected(idx_parse(b.at, b.size, "some-file", c->kind, &LIMITS, &a, &e), c, &a, &e,
                       "some-file");
        free(b.at);
    }
}

static void malformed_in_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < IDX_CASE_COUNT; i++) {
        const struct idx_case *c = &IDX_CASES[i];
        struct bytes b = c->make();
        const char *path = scratch_write("bad-file", b.at, b.size);
        struct idx_array a;
        struct error e = {0};
        check_rejected(idx_load(path, c->kind, &LIMITS, &a, &e), c, &a, &e, path);
        free(b.at);
    }
}

static void load_fails(const char *path, enum idx_status expected)
{
    struct idx_array a;
    struct error e = {0};
    assert_string_equal(idx_status_name(idx_load(path, IDX_IMAGES, &LIMITS, &a, &e)),
                        idx_status_name(expected));
    check_error(&e, expected, path);
}

static void not_a_regular_file(void **state)
{
    (void)state;
    const char *fifo = scratch_path("fifo"), *link = scratch_path("link");
    assert_int_equal(mkfifo(fifo, 0644), 0);
    assert_int_equal(symlink("nowhere", link), 0);
    load_fails(scratch_path(""), IDX_DIRECTORY);
    load_fails(fifo, IDX_FIFO); /* nobody writes to it: a blocking open would never return */
    load_fails("/dev/zero", IDX_NOT_REGULAR);
    load_fails(scratch_path("absent"), IDX_MISSING);
    load_fails(link, IDX_MISSING);
}

/* Root reads everything, so root becomes somebody else for a while. */
static void unreadable(void **state)
{
    (void)state;
    struct bytes b = idx_good_images();
    const char *path = scratch_write("unreadable", b.at, b.size);
    free(b.at);
    assert_int_equal(chmod(path, 0), 0);
    const bool root = geteuid() == 0;
    if (root) assert_int_equal(seteuid(65534), 0);
    load_fails(path, IDX_UNREADABLE);
    if (root) assert_int_equal(seteuid(0), 0);
}

static void pair_fails(uint32_t images, uint32_t labels, enum idx_status expected)
{
    const struct idx_array i = {.kind = IDX_IMAGES, .dims = {images, 28, 28}};
    const struct idx_array l = {.kind = IDX_LABELS, .dims = {labels, 1, 1}};
    struct error e = {0};
    assert_int_equal(idx_check_pair(&i, "the-images", &l, "the-labels", &e), expected);
    if (expected == IDX_OK) {
        assert_int_equal(e.code, EXIT_OK);
        return;
    }
    check_error(&e, expected, "the-labels");
    assert_non_null(strstr(e.text, "the-images"));
}

static void label_counts(void **state)
{
    (void)state;
    pair_fails(100, 100, IDX_OK);
    pair_fails(100, 101, IDX_LABELS_MORE);
    pair_fails(100, 99, IDX_LABELS_FEWER);
}

/* The 28 kinds of malformed file that the parser promises to tell apart. */
static void own_error_for_each(void **state)
{
    (void)state;
    enum { PROMISED = 28, IN_TABLE = 23 };
    static const enum idx_status others[] = {IDX_LABELS_MORE, IDX_LABELS_FEWER, IDX_DIRECTORY, IDX_FIFO,
                                             IDX_UNREADABLE};
    bool seen[IDX_STATUS_COUNT] = {false};
    int distinct = 0;
    for (size_t i = 0; i < PROMISED; i++) {
        const enum idx_status s = i < IN_TABLE ? IDX_CASES[i].expected : others[i - IN_TABLE];
        distinct += !seen[s];
        seen[s] = true;
    }
    assert_int_equal(distinct, PROMISED);
    for (int s = 0; s < IDX_STATUS_COUNT; s++)
        for (int t = 0; t < s; t++) assert_string_not_equal(idx_status_name(s), idx_status_name(t));
}

static void check_good_images(const struct idx_array *a)
{
    assert_int_equal(a->dims[0], 4);
    assert_int_equal(a->dims[1], 5);
    assert_int_equal(a->dims[2], 6);
    assert_int_equal(a->data_bytes, 120);
    assert_int_equal(a->content_bytes, 136);
    assert_ptr_equal(a->data, a->content + 16);
    for (size_t i = 0; i < a->data_bytes; i++) assert_int_equal(a->data[i], i % 10);
}

static void good_files(void **state)
{
    (void)state;
    struct bytes forms[] = {
        idx_good_images(),
        idx_gzip(idx_good_images()),
        idx_gzip_with_options(idx_good_images()),
        idx_gzip_parts(idx_good_images(), 0, 0), /* a member may be empty */
        idx_gzip_parts(idx_good_images(), 3, 1),
        idx_gzip_parts(idx_good_images(), 100, 511),
        idx_gzip_parts(idx_good_images(), 136, GUNZIP_MAX_PADDING),
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct idx_array a;
        struct error e = {0};
        assert_int_equal(idx_parse(forms[i].at, forms[i].size, "memory", IDX_IMAGES, &LIMITS, &a, &e),
                         IDX_OK);
        check_good_images(&a);
        idx_free(&a);
        const char *path = scratch_write("good", forms[i].at, forms[i].size);
        assert_int_equal(idx_load(path, IDX_IMAGES, &LIMITS, &a, &e), IDX_OK);
        check_good_images(&a);
        idx_free(&a);
        assert_int_equal(e.code, EXIT_OK);
        free(forms[i].at);
    }
    struct bytes labels = idx_good_labels();
    struct idx_array a;
    struct error e = {0};
    assert_int_equal(idx_parse(labels.at, labels.size, "labels", IDX_LABELS, &LIMITS, &a, &e), IDX_OK);
    assert_int_equal(a.dims[0], 4);
    assert_memory_equal(a.data, "\0\1\2\3", 4);
    idx_free(&a);
    free(labels.at);
}

/* How the parser takes the first size bytes of a file that holds b and some more, raw or as 1 or 2 members.
 */
static enum idx_status load_first(const struct bytes *b, size_t size, int members, struct idx_array *a)
{
    struct bytes copy = {calloc(size, 1), size};
    assert_non_null(copy.at);
    memcpy(copy.at, b->at, size < b->size ? size : b->size);
    if (members == 1) copy = idx_gzip(copy);
    if (members == 2) copy = idx_gzip_parts(copy, size / 2, 0);
    struct error e = {0};
    const enum idx_status s =
        idx_load(scratch_write("large", copy.at, copy.size), IDX_IMAGES, &LIMITS, a, &e);
    free(copy.at);
    return s;
}

/* Larger than the windows through which files are read and the steps in which memory grows, and
 * incompressible. */
static void large_file(void **state)
{
    (void)state;
    struct bytes b = idx_make(3, (const uint32_t[]){3000, 28, 28}, 3000 * 784);
    struct rng r = rng_seed(1, 1);
    for (size_t i = 16; i < b.size; i++) b.at[i] = (uint8_t)rng_u64(&r);
    static const enum idx_status too_long[] = {IDX_PAYLOAD_LONG, IDX_GZIP_BOMB, IDX_GZIP_MEMBERS};
    for (int members = 0; members < 3; members++) {
        struct idx_array a;
        assert_int_equal(load_first(&b, b.size, members, &a), IDX_OK);
        assert_int_equal(a.content_bytes, b.size);
        assert_memory_equal(a.content, b.at, b.size);
        idx_free(&a);
        assert_int_equal(load_first(&b, b.size - 1, members, &a), IDX_PAYLOAD_SHORT);
        assert_int_equal(load_first(&b, b.size + 1, members, &a), too_long[members]);
    }
    free(b.at);
}

/* The cap counts header and data: one byte less and the file is refused. */
static void cap_is_exact(void **state)
{
    (void)state;
    struct bytes b = idx_good_images();
    struct idx_limits limits = {.cap = b.size, .classes = 10};
    struct idx_array a;
    struct error e = {0};
    assert_int_equal(idx_parse(b.at, b.size, "file", IDX_IMAGES, &limits, &a, &e), IDX_OK);
    idx_free(&a);
    limits.cap--;
    assert_int_equal(idx_parse(b.at, b.size, "file", IDX_IMAGES, &limits, &a, &e), IDX_OVER_CAP);
    check_error(&e, IDX_OVER_CAP, "file");
    free(b.at);
}

static void hostile_names(void **state)
{
    (void)state;
    char name[2000];
    memset(name, 'x', sizeof name);
    name[5] = '\n';
    strcpy(name + sizeof name - 9, "\n\033theend");
    struct idx_array a;
    struct error e = {0};
    idx_parse(NULL, 0, name, IDX_IMAGES, &LIMITS, &a, &e);
    check_error(&e, IDX_EMPTY, "??theend");
}

static long peak_kib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* In a child, whose peak is its own: growth while the file at path is rejected, in KiB; -1 when it is not. */
static long growth_when_rejected(const char *path, enum idx_status expected)
{
    int ends[2];
    long growth = -1;
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct idx_array a;
        struct error e = {0};
        const long before = peak_kib();
        if (idx_load(path, IDX_IMAGES, &LIMITS, &a, &e) == expected) growth = peak_kib() - before;
        _exit(write(ends[1], &growth, sizeof growth) != sizeof growth);
    }
    assert_int_equal(read(ends[0], &growth, sizeof growth), sizeof growth);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return growth;
}

static void little_memory(void **state)
{
    (void)state;
    enum { ALLOWED_KIB = 8 * 1024 };
    const uint32_t just_below_cap[] = {1, 1u << 15, (1u << 15) - 1};
    struct bytes forms[] = {idx_gzip(idx_make(3, (const uint32_t[]){1, 28, 28}, (size_t)32 << 20)),
                            idx_make(3, just_below_cap, 100), idx_gzip(idx_make(3, just_below_cap, 100))};
    const enum idx_status expected[] = {IDX_GZIP_BOMB, IDX_PAYLOAD_SHORT, IDX_PAYLOAD_SHORT};
    for (int i = 0; i < 3; i++) {
        const char *path = scratch_write("greedy", forms[i].at, forms[i].size);
        free(forms[i].at);
        const long growth = growth_when_rejected(path, expected[i]);
        assert_true(growth >= 0);
        if (growth > ALLOWED_KIB) fail_msg("form %d: the peak grew by %ld KiB", i, growth);
    }
}

/* Damages a good file at random: whatever comes out, the parser ends, says why, and a file it accepts is
 * whole. */
static void random_damage(void **state)
{
    (void)state;
    enum { TRIES = 20000 };
    struct bytes forms[] = {idx_good_images(), idx_gzip_with_options(idx_good_images()), idx_good_labels()};
    struct rng r = rng_seed(2024, 6);
    int rejected = 0;
    for (int i = 0; i < TRIES; i++) {
        const int form = i % 3;
        const size_t size =
            rng_below(&r, 4) ? forms[form].size : rng_below(&r, (uint32_t)forms[form].size + 1);
        uint8_t *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, forms[form].at, size);
        for (uint32_t n = rng_below(&r, 4); n > 0 && size > 0; n--)
            copy[rng_below(&r, (uint32_t)size)] = (uint8_t)rng_u64(&r);
        struct idx_array a;
        struct error e = {0};
        const enum idx_kind kind = form == 2 ? IDX_LABELS : IDX_IMAGES;
        const enum idx_status s = idx_parse(copy, size, "damaged", kind, &LIMITS, &a, &e);
        if (s == IDX_OK)
            assert_int_equal(a.data_bytes, (size_t)a.dims[0] * a.dims[1] * a.dims[2]);
        else
            check_error(&e, s, "damaged");
        rejected += s != IDX_OK;
        idx_free(&a);
        free(copy);
    }
    assert_in_range(rejected, TRIES / 4, TRIES - TRIES / 20);
    for (int i = 0; i < 3; i++) free(forms[i].at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_in_memory), cmocka_unit_test(malformed_in_files),
        cmocka_unit_test(not_a_regular_file),  cmocka_unit_test(unreadable),
        cmocka_unit_test(label_counts),        cmocka_unit_test(own_error_for_each),
        cmocka_unit_test(good_files),          cmocka_unit_test(large_file),
        cmocka_unit_test(cap_is_exact),        cmocka_unit_test(hostile_names),
        cmocka_unit_test(little_memory),       cmocka_unit_test(random_damage),
    };
    scratch_create();
    const int failed = cmocka_run_group_tests_name("idx", tests, NULL, NULL);
    scratch_remove();
    return failed != 0;
}
