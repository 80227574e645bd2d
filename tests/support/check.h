/* SPDX-License-Identifier: MIT
 *
 * What the tests of this directory share: cmocka's preamble and a small set of images that a network learns
 * at once. */
#ifndef LB_TEST_RUN_CHECK_H
#define LB_TEST_RUN_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "data/data_store.h"
#include "data/dataset.h"

enum { SMALL_SIDE = 4, SMALL_PIXELS = SMALL_SIDE * SMALL_SIDE, SMALL_TRAIN = 300, SMALL_TEST = 50 };

/* Noise, and one bright pixel whose place is the label. */
static inline void small_draw(struct rng *rng, uint32_t count, uint8_t *pixels, uint8_t *labels)
{
    for (uint32_t i = 0; i < count; i++) {
        for (int j = 0; j < SMALL_PIXELS; j++) pixels[i * SMALL_PIXELS + j] = (uint8_t)rng_below(rng, 60);
        labels[i] = (uint8_t)rng_below(rng, DATASET_CLASSES);
        pixels[i * SMALL_PIXELS + labels[i]] = 255;
    }
}

/* In a sealed memfd, as dataset_open leaves it. */
static inline void small_data(struct dataset *d)
{
    struct error e = {0};
    struct data_store store;
    struct rng rng = rng_seed(7, 7);
    size_t offset[4];
    uint8_t *pixels = malloc(SMALL_TRAIN * SMALL_PIXELS), labels[SMALL_TRAIN];
    const uint32_t counts[2] = {SMALL_TRAIN, SMALL_TEST};
    assert_non_null(pixels);
    assert_int_equal(data_store_create(&store, &e), 0);
    for (int s = 0; s < 2; s++) {
        small_draw(&rng, counts[s], pixels, labels);
        assert_int_equal(data_store_append(&store, pixels, counts[s] * SMALL_PIXELS, &offset[2 * s], &e), 0);
        assert_int_equal(data_store_append(&store, labels, counts[s], &offset[2 * s + 1], &e), 0);
    }
    free(pixels);
    assert_int_equal(data_store_seal(&store, &e), 0);
    *d = (struct dataset){.rows = SMALL_SIDE, .cols = SMALL_SIDE, .name = "small", .fd = store.fd};
    d->map = data_store_map(store.fd, store.end, &e);
    d->map_bytes = store.end;
    assert_non_null(d->map);
    const uint8_t *base = d->map;
    d->train = (struct split){base + offset[0], base + offset[1], SMALL_TRAIN};
    d->test = (struct split){base + offset[2], base + offset[3], SMALL_TEST};
}

#endif
