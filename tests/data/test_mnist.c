/* SPDX-License-Identifier: MIT
 *
 * The real MNIST, where there is one (MNIST_DIR): its shapes, label counts and name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"

static const uint32_t TRAIN_LABELS_OF[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
static const uint32_t TEST_LABELS_OF[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};

static int expect(int ok, const char *what)
{
    printf("%s - %s\n", ok ? "ok" : "NOT OK", what);
    return !ok;
}

static int check_labels(const struct split *s, const uint32_t *expected, const char *what)
{
    uint32_t counts[DATASET_CLASSES] = {0};
    for (uint32_t i = 0; i < s->count; i++) counts[s->labels[i]]++;
    return expect(memcmp(counts, expected, sizeof counts) == 0, what);
}

int main(void)
{
    const char *dir = getenv("MNIST_DIR");
    if (!dir || !*dir) {
        printf("skipped: MNIST_DIR is not set, so there is no real MNIST to load\n");
        return 77;
    }
    struct dataset d;
    struct error e = {0};
    if (dataset_open(&d, NULL, &e)) {
        printf("%s\n", e.text);
        return 1;
    }
    int failed = expect(d.train.count == 60000 && d.test.count == 10000, "60000 + 10000 images");
    failed += expect(d.rows == 28 && d.cols == 28, "28 x 28 pixels");
    failed += expect(strcmp(d.name, "mnist") == 0, "the checksums are MNIST's");
    failed += check_labels(&d.train, TRAIN_LABELS_OF, "label counts of the train split");
    failed += check_labels(&d.test, TEST_LABELS_OF, "label counts of the test split");
    size_t nonzero = 0;
    for (size_t i = 0; i < (size_t)60000 * 784; i++) nonzero += d.train.pixels[i] != 0;
    failed += expect(nonzero == 8994156, "8994156 pixels of the train split are not zero");
    dataset_close(&d);
    return failed != 0;
}
