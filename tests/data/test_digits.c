/* SPDX-License-Identifier: MIT
 *
 * The built-in digits are the same bytes everywhere, look like MNIST in numbers, and are neither trivial nor
 * noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sha256.h>
#include <stdlib.h>
#include <string.h>

#include "data/digits.h"

struct drawn {
    enum digits_split split;
    uint32_t count;
    uint8_t *pixels, *labels;
    const char *pixels_sha256, *labels_sha256;
};

static struct drawn train = {DIGITS_TRAIN,
                             DIGITS_TRAIN_COUNT,
                             NULL,
                             NULL,
                             "6e45f3d885b340ea084286eb1af66ca95f5514b2d852188863594b8dbef5f2cd",
                             "c4619bc38c70735b2a6596041ebf8413af5f2694e6d232020208af17cd46bba9"};
static struct drawn test = {DIGITS_TEST,
                            DIGITS_TEST_COUNT,
                            NULL,
                            NULL,
                            "bd1d03a7cf1f2641fe29e930e4235650eb5f2e235826b8351be953bdc56c63e5",
                            "91d98ab53aa24ed925ea7f9b9abb0be8c8946ba0c74db3779a8a50fd4a7cca92"};

static int draw(struct drawn *d)
{
    d->pixels = malloc((size_t)d->count * DIGITS_PIXELS);
    d->labels = malloc(d->count);
    if (!d->pixels || !d->labels) return -1;
    digits_draw(d->split, 0, d->count, d->pixels, d->labels);
    return 0;
}

static int draw_all(void **state)
{
    (void)state;
    return draw(&train) || draw(&test);
}

static int free_all(void **state)
{
    (void)state;
    free(train.pixels), free(train.labels), free(test.pixels), free(test.labels);
    return 0;
}

/* A change of these sums is a change of the data set: every result on it before becomes incomparable. */
static void pinned_bytes(void **state)
{
    (void)state;
    const struct drawn *both[] = {&train, &test};
    for (int i = 0; i < 2; i++) {
        char hex[SHA256_DIGEST_STRING_LENGTH];
        SHA256Data(both[i]->pixels, (size_t)both[i]->count * DIGITS_PIXELS, hex);
        assert_string_equal(hex, both[i]->pixels_sha256);
        SHA256Data(both[i]->labels, both[i]->count, hex);
        assert_string_equal(hex, both[i]->labels_sha256);
    }
}

static void any_part_by_itself(void **state)
{
    (void)state;
    enum { COUNT = 3 };
    static const uint32_t firsts[] = {0, 1, 12345, DIGITS_TRAIN_COUNT - COUNT};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        uint8_t pixels[COUNT * DIGITS_PIXELS], labels[COUNT];
        digits_draw(DIGITS_TRAIN, firsts[i], COUNT, pixels, labels);
        assert_memory_equal(pixels, train.pixels + (size_t)firsts[i] * DIGITS_PIXELS, sizeof pixels);
        assert_memory_equal(labels, train.labels + firsts[i], sizeof labels);
    }
}

static int compare_images(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, DIGITS_PIXELS);
}

/* No image twice, within a split or across the two: what is tested was not trained on. */
static void no_image_twice(void **state)
{
    (void)state;
    enum { ALL = DIGITS_TRAIN_COUNT + DIGITS_TEST_COUNT };
    const uint8_t **images = malloc(ALL * sizeof *images);
    assert_non_null(images);
    for (uint32_t i = 0; i < ALL; i++)
        images[i] = i < train.count ? train.pixels + (size_t)i * DIGITS_PIXELS
                                    : test.pixels + (size_t)(i - train.count) * DIGITS_PIXELS;
    qsort(images, ALL, sizeof *images, compare_images);
    for (uint32_t i = 1; i < ALL; i++) assert_true(compare_images(&images[i - 1], &images[i]) < 0);
    free(images);
}

static void check_statistics(const struct drawn *d)
{
    size_t nonzero = 0, grey = 0;
    uint32_t counts[10] = {0};
    for (uint32_t i = 0; i < d->count; i++) {
        const uint8_t *image = d->pixels + (size_t)i * DIGITS_PIXELS;
        size_t here = 0;
        int darkest = 0;
        for (int p = 0; p < DIGITS_PIXELS; p++) {
            here += image[p] != 0;
            grey += image[p] != 0 && image[p] != 255;
            darkest = image[p] > darkest ? image[p] : darkest;
        }
        assert_in_range(here, DIGITS_PIXELS / 20, DIGITS_PIXELS / 2); /* neither empty nor a blot */
        assert_in_range(darkest, 200, 255);
        nonzero += here;
        assert_in_range(d->labels[i], 0, 9);
        counts[d->labels[i]]++;
    }
    const size_t pixels = (size_t)d->count * DIGITS_PIXELS;
    assert_in_range(nonzero * 1000 / pixels, 180, 200);
    assert_in_range(grey * 100 / nonzero, 60, 97); /* soft edges */
    for (int c = 0; c < 10; c++) assert_in_range(counts[c], d->count * 9 / 100, d->count * 11 / 100);
}

static void statistics(void **state)
{
    (void)state;
    check_statistics(&train);
    check_statistics(&test);
}

/* The nearest class mean: about the least that can be learned. MNIST gives it 82 %. Much less would be noise,
 * much more so easy that every network ends at 100 %. */
static void neither_trivial_nor_noise(void **state)
{
    (void)state;
    static double mean[10][DIGITS_PIXELS];
    int count[10] = {0}, right = 0;
    for (uint32_t i = 0; i < train.count; i++) {
        count[train.labels[i]]++;
        for (int p = 0; p < DIGITS_PIXELS; p++)
            mean[train.labels[i]][p] += train.pixels[(size_t)i * DIGITS_PIXELS + p];
    }
    for (uint32_t i = 0; i < test.count; i++) {
        int best = 0;
        double best_distance = 1e30;
        for (int c = 0; c < 10; c++) {
            double distance = 0;
            for (int p = 0; p < DIGITS_PIXELS; p++) {
                const double x = test.pixels[(size_t)i * DIGITS_PIXELS + p] - mean[c][p] / count[c];
                distance += x * x;
            }
            if (distance < best_distance) best = c, best_distance = distance;
        }
        right += best == test.labels[i];
    }
    assert_in_range(right * 100 / (int)test.count, 65, 85);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pinned_bytes),
        cmocka_unit_test(any_part_by_itself),
        cmocka_unit_test(no_image_twice),
        cmocka_unit_test(statistics),
        cmocka_unit_test(neither_trivial_nor_noise),
    };
    return cmocka_run_group_tests_name("digits", tests, draw_all, free_all) != 0;
}
