/* SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sha256.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/paths.h"
#include "data/data_files.h"
#include "data/data_store.h"
#include "data/digits.h"
#include "data/idx.h"

enum { MAX_IMAGE_PIXELS = 65536 };

/* SHA-256 of MNIST's four files, decompressed. */
static const char *const MNIST_SHA256[DATA_PARTS] = {
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

/* A data set in the making: the arrays are in the store, at offset[part]. */
struct loading {
    struct dataset *d;
    struct data_store store;
    size_t offset[DATA_PARTS];
    struct error *e;
};

static struct split *split_of(struct dataset *d, enum data_part part)
{
    return part < TEST_IMAGES ? &d->train : &d->test;
}

static bool is_mnist(const struct dataset *d)
{
    for (int i = 0; i < DATA_PARTS; i++)
        if (strcmp(d->sha256[i], MNIST_SHA256[i]) != 0) return false;
    return true;
}

/* The directory's base name, made safe for tables and lists. The two names that mean something stay reserved:
 * a directory called mnist that holds other data must not pass for MNIST. */
static void name_after_dir(struct dataset *d, const char *dir)
{
    char *real = realpath(dir, NULL);
    const char *path = real ? real : dir;
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const bool reserved = strcmp(base, "mnist") == 0 || strcmp(base, "generated") == 0;
    if (reserved)
        snprintf(d->name, sizeof d->name, "other-%s", base);
    else
        clean_copy(d->name, sizeof d->name, *base ? base : "data");
    for (char *c = d->name; *c; c++)
        if (strchr(" ,;\"'", *c)) *c = '_';
    free(real);
}

/* Image sizes: within bounds, and the same for train and test. */
static int check_shape(struct loading *l, const struct idx_array *a, enum data_part part, const char *path)
{
    const uint32_t rows = a->dims[1], cols = a->dims[2];
    if ((uint64_t)rows * cols > MAX_IMAGE_PIXELS)
        idx_fail(IDX_IMAGE_SIZE, path, l->e, "its images have %u x %u pixels", rows, cols);
    else if (part == TEST_IMAGES && (rows != (uint32_t)l->d->rows || cols != (uint32_t)l->d->cols))
        idx_fail(IDX_IMAGE_MISMATCH, path, l->e,
                 "its images have %u x %u pixels, but the training images have %d x %d", rows, cols,
                 l->d->rows, l->d->cols);
    if (l->e->code) return (int)l->e->code;
    l->d->rows = (int)rows;
    l->d->cols = (int)cols;
    return 0;
}

static int store_part(struct loading *l, const struct idx_array *a, enum data_part part)
{
    SHA256Data(a->content, a->content_bytes, l->d->sha256[part]);
    split_of(l->d, part)->count = a->dims[0];
    return data_store_append(&l->store, a->data, a->data_bytes, &l->offset[part], l->e);
}

/* Images and labels of one split; `images` is TRAIN_IMAGES or TEST_IMAGES, the labels are the next part. */
static int load_split(struct loading *l, const char *dir, enum data_part images)
{
    static const struct idx_limits limits = {.classes = DATASET_CLASSES};
    const enum data_part labels = images + 1;
    char image_path[PATH_MAX], label_path[PATH_MAX];
    struct idx_array pixels = {0}, classes = {0};
    for (enum data_part p = images; p <= labels; p++)
        if (!data_file_find(dir, p, p == images ? image_path : label_path))
            return idx_fail(IDX_MISSING, dir, l->e, "holds no %s, with or without .gz", data_file_name(p)),
                   EXIT_DATA;
    bool ok = idx_load(image_path, IDX_IMAGES, &limits, &pixels, l->e) == IDX_OK &&
              idx_load(label_path, IDX_LABELS, &limits, &classes, l->e) == IDX_OK &&
              idx_check_pair(&pixels, image_path, &classes, label_path, l->e) == IDX_OK;
    ok = ok && check_shape(l, &pixels, images, image_path) == 0;
    ok = ok && store_part(l, &pixels, images) == 0 && store_part(l, &classes, labels) == 0;
    idx_free(&pixels);
    idx_free(&classes);
    return ok ? 0 : (int)l->e->code;
}

static int load_dir(struct loading *l, const char *dir)
{
    struct stat st;
    if (stat(dir, &st) != 0)
        return idx_fail(IDX_MISSING, dir, l->e, "cannot be accessed: %s", strerror(errno)), EXIT_DATA;
    if (!S_ISDIR(st.st_mode))
        return idx_fail(IDX_MISSING, dir, l->e, "is a file, not the directory of the four IDX files"),
               EXIT_DATA;
    if (load_split(l, dir, TRAIN_IMAGES) || load_split(l, dir, TEST_IMAGES)) return (int)l->e->code;
    clean_copy(l->d->source, sizeof l->d->source, dir);
    if (is_mnist(l->d))
        snprintf(l->d->name, sizeof l->d->name, "mnist");
    else
        name_after_dir(l->d, dir);
    return 0;
}

static int generate_split(struct loading *l, enum data_part images, enum digits_split split, uint32_t count)
{
    const size_t bytes = (size_t)count * DIGITS_PIXELS;
    uint8_t *pixels = malloc(bytes + count);
    if (!pixels)
        return error_set(l->e, EXIT_INTERNAL, "no memory for the built-in digits; free memory and try again");
    uint8_t *labels = pixels + bytes;
    digits_draw(split, 0, count, pixels, labels);
    SHA256Data(pixels, bytes, l->d->sha256[images]);
    SHA256Data(labels, count, l->d->sha256[images + 1]);
    split_of(l->d, images)->count = count;
    int rc = data_store_append(&l->store, pixels, bytes, &l->offset[images], l->e);
    if (rc == 0) rc = data_store_append(&l->store, labels, count, &l->offset[images + 1], l->e);
    free(pixels);
    return rc;
}

static int load_generated(struct loading *l)
{
    l->d->rows = l->d->cols = DIGITS_SIDE;
    snprintf(l->d->name, sizeof l->d->name, "generated");
    snprintf(l->d->source, sizeof l->d->source, "built-in digits");
    if (generate_split(l, TRAIN_IMAGES, DIGITS_TRAIN, DIGITS_TRAIN_COUNT)) return (int)l->e->code;
    return generate_split(l, TEST_IMAGES, DIGITS_TEST, DIGITS_TEST_COUNT);
}

static int load(struct loading *l, const char *dir)
{
    char cache[PATH_MAX], path[PATH_MAX];
    const char *from_environment = getenv("MNIST_DIR");
    if (dir) return load_dir(l, dir);
    if (from_environment && *from_environment) return load_dir(l, from_environment);
    int found = 0;
    if (paths_in_cache("mnist", cache))
        for (enum data_part p = 0; p < DATA_PARTS; p++) found += data_file_find(cache, p, path);
    if (found == DATA_PARTS) return load_dir(l, cache);
    const int rc = load_generated(l);
    const size_t used = strlen(l->d->source);
    char shown[400];
    if (found > 0) /* a user who expects MNIST should learn why it is not used */
        snprintf(l->d->source + used, sizeof l->d->source - used, " (%s holds %d of the 4 files)",
                 clean_copy(shown, sizeof shown, cache), found);
    return rc;
}

static void point_into(struct dataset *d, const uint8_t *map, const size_t offset[DATA_PARTS])
{
    d->train.pixels = map + offset[TRAIN_IMAGES];
    d->train.labels = map + offset[TRAIN_LABELS];
    d->test.pixels = map + offset[TEST_IMAGES];
    d->test.labels = map + offset[TEST_LABELS];
}

static int map_store(struct dataset *d, int fd, size_t bytes, const size_t offset[DATA_PARTS],
                     struct error *e)
{
    void *map = data_store_map(fd, bytes, e);
    if (!map) return (int)e->code;
    d->fd = fd;
    d->map = map;
    d->map_bytes = bytes;
    point_into(d, map, offset);
    return 0;
}

int dataset_open(struct dataset *d, const char *dir, struct error *e)
{
    *d = (struct dataset){.fd = -1};
    struct loading l = {.d = d, .e = e};
    if (data_store_create(&l.store, e)) return (int)e->code;
    if (load(&l, dir) == 0 && data_store_seal(&l.store, e) == 0 &&
        map_store(d, l.store.fd, l.store.end, l.offset, e) == 0)
        return 0;
    close(l.store.fd);
    *d = (struct dataset){.fd = -1};
    return (int)e->code;
}

int dataset_map(struct dataset *d, const struct dataset *header, int fd, struct error *e)
{
    const uint8_t *base = header->map; /* the parent's address: only differences to it mean something here */
    const size_t offset[DATA_PARTS] = {
        (size_t)((uintptr_t)header->train.pixels - (uintptr_t)base),
        (size_t)((uintptr_t)header->train.labels - (uintptr_t)base),
        (size_t)((uintptr_t)header->test.pixels - (uintptr_t)base),
        (size_t)((uintptr_t)header->test.labels - (uintptr_t)base),
    };
    *d = *header;
    d->fd = -1;
    d->map = NULL;
    if (map_store(d, fd, header->map_bytes, offset, e)) return (int)e->code;
    d->map = data_store_in_huge_pages(d->map, d->map_bytes);
    point_into(d, d->map, offset);
    return 0;
}

void dataset_close(struct dataset *d)
{
    if (d->map) munmap(d->map, d->map_bytes);
    if (d->fd >= 0) close(d->fd);
    *d = (struct dataset){.fd = -1};
}

const char *dataset_advice(const char *name)
{
    return strcmp(name, "generated") == 0
               ? "built-in digits, not MNIST, which bench fetch-mnist downloads; accuracies are not "
                 "comparable with MNIST's"
               : "";
}
