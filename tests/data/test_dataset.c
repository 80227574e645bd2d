/* SPDX-License-Identifier: MIT
 *
 * Finding, loading, naming and sharing data sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sha256.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "data/dataset.h"
#include "data/digits.h"
#include "data/show.h"
#include "idx_cases.h"
#include "scratch.h"

/* Sizes of a small data set on disk. */
struct sizes {
    uint32_t train, train_labels, test, test_labels, rows, cols, test_rows;
};
static const struct sizes SMALL = {7, 7, 3, 3, 5, 6, 5};

static void write_file(const char *dir, const char *name, struct bytes b)
{
    char relative[200];
    const size_t n = strlen(name);
    const bool gzip = n > 3 && strcmp(name + n - 3, ".gz") == 0;
    if (gzip) b = idx_gzip(b);
    snprintf(relative, sizeof relative, "%s/%s", dir, name);
    scratch_write(relative, b.at, b.size);
    free(b.at);
}

static struct bytes images(uint32_t count, uint32_t rows, uint32_t cols)
{
    return idx_make(3, (const uint32_t[]){count, rows, cols}, (size_t)count * rows * cols);
}

static struct bytes labels(uint32_t count)
{
    return idx_make(1, &count, count);
}

/* Writes the four files below names[0..3] and returns the directory's path. */
static const char *write_set(const char *dir, const char *const names[4], const struct sizes *s)
{
    const char *path = scratch_path(dir);
    mkdir(path, 0755);
    write_file(dir, names[0], images(s->train, s->rows, s->cols));
    write_file(dir, names[1], labels(s->train_labels));
    write_file(dir, names[2], images(s->test, s->test_rows, s->cols));
    write_file(dir, names[3], labels(s->test_labels));
    return path;
}

static const char *const RAW[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                  "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
static const char *const MIXED[] = {"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                                    "t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte"};

static void check_small(const struct dataset *d)
{
    assert_int_equal(d->train.count, 7);
    assert_int_equal(d->test.count, 3);
    assert_int_equal(d->rows, 5);
    assert_int_equal(d->cols, 6);
    for (int i = 0; i < 7 * 30; i++) assert_int_equal(d->train.pixels[i], i % 10);
    for (int i = 0; i < 3 * 30; i++) assert_int_equal(d->test.pixels[i], i % 10);
    for (int i = 0; i < 7; i++) assert_int_equal(d->train.labels[i], i);
    for (int i = 0; i < 3; i++) assert_int_equal(d->test.labels[i], i);
}

static void opens(const char *dir, const char *name)
{
    struct dataset d;
    struct error e = {0};
    if (dataset_open(&d, dir, &e)) fail_msg("%s", e.text);
    check_small(&d);
    assert_string_equal(d.name, name);
    char shown[sizeof d.source];
    assert_string_equal(d.source, clean_copy(shown, sizeof shown, dir));
    dataset_close(&d);
}

static void spellings(void **state)
{
    (void)state;
    opens(write_set("fashion", RAW, &SMALL), "fashion");
    opens(write_set("a, b\n", MIXED, &SMALL), "a__b_");
}

/* Only MNIST's checksums make MNIST. */
static void reserved_names(void **state)
{
    (void)state;
    opens(write_set("mnist", RAW, &SMALL), "other-mnist");
    opens(write_set("generated", RAW, &SMALL), "other-generated");
}

static void checksums(void **state)
{
    (void)state;
    struct dataset d;
    struct error e = {0};
    char hex[SHA256_DIGEST_STRING_LENGTH];
    assert_int_equal(dataset_open(&d, write_set("sums", MIXED, &SMALL), &e), 0);
    struct bytes parts[] = {images(7, 5, 6), labels(7), images(3, 5, 6), labels(3)};
    for (int i = 0; i < 4; i++) {
        SHA256Data(parts[i].at, parts[i].size, hex);
        assert_string_equal(d.sha256[i], hex);
        free(parts[i].at);
    }
    dataset_close(&d);
}

static void fails(const char *dir, const char *word)
{
    struct dataset d;
    struct error e = {0};
    assert_int_equal(dataset_open(&d, dir, &e), EXIT_DATA);
    assert_int_equal(e.code, EXIT_DATA);
    assert_null(strchr(e.text, '\n'));
    if (!strstr(e.text, word)) fail_msg("no '%s' in: %s", word, e.text);
    assert_int_equal(d.fd, -1);
    assert_null(d.map);
    dataset_close(&d);
}

static void bad_sets(void **state)
{
    (void)state;
    struct sizes s = SMALL;
    s.train_labels++;
    fails(write_set("more", RAW, &s), "idx-labels-more");
    s = SMALL;
    s.test_labels--;
    fails(write_set("fewer", RAW, &s), "idx-labels-fewer");
    s = SMALL;
    s.test_rows++;
    fails(write_set("mismatch", RAW, &s), "idx-image-mismatch");
    s = (struct sizes){1, 1, 1, 1, 256, 257, 256};
    fails(write_set("huge", RAW, &s), "idx-image-size");
    fails(scratch_path("absent"), "idx-missing");
    fails(scratch_write("file", "x", 1), "idx-missing");
    const char *set = write_set("partial", RAW, &SMALL);
    unlink(scratch_path("partial/t10k-labels-idx1-ubyte"));
    fails(set, "t10k-labels-idx1-ubyte");
    set = write_set("bad", RAW, &SMALL);
    scratch_write("bad/t10k-labels-idx1-ubyte", "x", 1);
    fails(set, "idx-truncated-header");
    set = write_set("directory", RAW, &SMALL);
    unlink(scratch_path("directory/train-images-idx3-ubyte"));
    mkdir(scratch_path("directory/train-images-idx3-ubyte"), 0755);
    fails(set, "idx-directory");
}

/* The largest image allowed, and 1 image each. */
static void limits_are_inside(void **state)
{
    (void)state;
    const struct sizes s = {1, 1, 1, 1, 256, 256, 256};
    struct dataset d;
    struct error e = {0};
    assert_int_equal(dataset_open(&d, write_set("largest", RAW, &s), &e), 0);
    assert_int_equal(d.rows * d.cols, 65536);
    dataset_close(&d);
}

static void check_generated(const struct dataset *d)
{
    assert_string_equal(d->name, "generated");
    assert_int_equal(d->train.count, DIGITS_TRAIN_COUNT);
    assert_int_equal(d->test.count, DIGITS_TEST_COUNT);
    uint8_t pixels[2 * DIGITS_PIXELS], classes[2];
    digits_draw(DIGITS_TEST, DIGITS_TEST_COUNT - 2, 2, pixels, classes);
    assert_memory_equal(d->test.pixels + (size_t)(DIGITS_TEST_COUNT - 2) * DIGITS_PIXELS, pixels,
                        sizeof pixels);
    assert_memory_equal(d->test.labels + DIGITS_TEST_COUNT - 2, classes, 2);
}

static void where_it_looks(void **state)
{
    (void)state;
    struct dataset d;
    struct error e = {0};
    mkdir(scratch_path("cache"), 0755);
    mkdir(scratch_path("cache/lanebench"), 0755);
    setenv("XDG_CACHE_HOME", scratch_path("cache"), 1);
    unsetenv("MNIST_DIR");
    assert_int_equal(dataset_open(&d, NULL, &e), 0);
    check_generated(&d);
    assert_string_equal(d.source, "built-in digits");
    dataset_close(&d);

    write_set("cache/lanebench/mnist", RAW, &SMALL);
    unlink(scratch_path("cache/lanebench/mnist/t10k-images-idx3-ubyte"));
    setenv("MNIST_DIR", "", 1); /* empty is not set */
    assert_int_equal(dataset_open(&d, NULL, &e), 0);
    check_generated(&d);
    assert_non_null(strstr(d.source, "built-in digits"));
    assert_non_null(strstr(d.source, "holds 3 of the 4 files"));
    dataset_close(&d);

    write_set("cache/lanebench/mnist", RAW, &SMALL);
    assert_int_equal(dataset_open(&d, NULL, &e), 0);
    assert_string_equal(d.source, scratch_path("cache/lanebench/mnist"));
    check_small(&d);
    dataset_close(&d);
    scratch_write("cache/lanebench/mnist/t10k-images-idx3-ubyte", "x", 1);
    fails(NULL, "idx-truncated-header"); /* broken is broken: nothing else takes its place */

    setenv("MNIST_DIR", write_set("from-environment", RAW, &SMALL), 1);
    assert_int_equal(dataset_open(&d, NULL, &e), 0);
    assert_string_equal(d.name, "from-environment");
    dataset_close(&d);
    opens(write_set("from-user", RAW, &SMALL), "from-user");
    setenv("MNIST_DIR", scratch_path("absent"), 1);
    fails(NULL, "idx-missing");
    unsetenv("MNIST_DIR");
}

/* Whoever holds the descriptor can read, and neither change nor resize nor lift the seals. */
static void sealed(void **state)
{
    (void)state;
    struct dataset d;
    struct error e = {0};
    assert_int_equal(dataset_open(&d, write_set("sealed", RAW, &SMALL), &e), 0);
    assert_int_equal(pwrite(d.fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(d.fd, 0), -1);
    assert_int_equal(ftruncate(d.fd, 1 << 20), -1);
    assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, d.fd, 0), MAP_FAILED);
    assert_int_equal(fcntl(d.fd, F_ADD_SEALS, 0), -1);
    assert_true(fcntl(d.fd, F_GETFD) & FD_CLOEXEC);
    dataset_close(&d);
    assert_int_equal(d.fd, -1);
}

static void mapped_in_a_worker(void **state)
{
    (void)state;
    struct dataset d;
    struct error e = {0};
    assert_int_equal(dataset_open(&d, write_set("shared", MIXED, &SMALL), &e), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct dataset w;
        munmap(d.map, d.map_bytes); /* so that a stray pointer into the parent's mapping crashes */
        void *there = mmap(d.map, d.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (there != d.map || dataset_map(&w, &d, d.fd, &e)) _exit(1);
        int sum = 0;
        for (int i = 0; i < 7 * 30; i++) sum += w.train.pixels[i] == i % 10;
        for (int i = 0; i < 3; i++) sum += w.test.labels[i] == i;
        _exit(sum == 7 * 30 + 3 && strcmp(w.name, "shared") == 0 && w.test.count == 3 ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct dataset header = d, w;
    header.map_bytes *= 2; /* a descriptor of something smaller is noticed, not read past its end */
    assert_int_equal(dataset_map(&w, &header, d.fd, &e), EXIT_INTERNAL);
    dataset_close(&d);
}

static void shown(void **state)
{
    (void)state;
    struct dataset d;
    struct error e = {0};
    char *text = NULL;
    size_t size;
    assert_int_equal(dataset_open(&d, write_set("shown", RAW, &SMALL), &e), 0);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(data_show(&d, out), 0);
    fclose(out);
    assert_non_null(strstr(text, "train_images  (7, 5, 6)        uint8  90.00 % of"));
    assert_non_null(strstr(text, "train_labels  (7,)             uint8  [0, 1, 2, ..., 4, 5, 6]\n"));
    assert_non_null(strstr(text, "test_images   (3, 5, 6)        uint8  "));
    assert_non_null(strstr(text, "test_labels   (3,)             uint8  [0, 1, 2]\n"));
    for (int i = 0; i < 4; i++) assert_non_null(strstr(text, d.sha256[i]));
    assert_non_null(strstr(text, "train 3: 3"));
    free(text);
    for (int buffering = _IOFBF; buffering <= _IONBF; buffering += _IONBF - _IOFBF) {
        out = fopen("/dev/full", "w");
        assert_non_null(out);
        setvbuf(out, NULL, buffering, BUFSIZ);
        assert_int_equal(data_show(&d, out), EXIT_INTERNAL);
        fclose(out);
    }
    dataset_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings), cmocka_unit_test(reserved_names),     cmocka_unit_test(checksums),
        cmocka_unit_test(bad_sets),  cmocka_unit_test(limits_are_inside),  cmocka_unit_test(where_it_looks),
        cmocka_unit_test(sealed),    cmocka_unit_test(mapped_in_a_worker), cmocka_unit_test(shown),
    };
    scratch_create();
    const int failed = cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
    scratch_remove();
    return failed != 0;
}
