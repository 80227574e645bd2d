/* SPDX-License-Identifier: MIT
 *
 * The proof of whole trainings, on tiny images: a right backend passes, one that ends less accurate does not,
 * and a reference that learns nothing is no reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "base/rng.h"
#include "proof/prove.h"
#include "proof/prove_training.h"
#include "../support/plan.h"

enum { SIDE = 4, PIXELS = SIDE * SIDE, TRAIN = 60000, TEST = 10000 };

static const struct plan plan =
    TEST_PLAN(.threads = 1, .inputs = PIXELS, .hidden = 8, .classes = DATASET_CLASSES, .batch = 128);

static struct dataset data;
static struct proof_row last_row;
static int rows;

/* The pixel of the label is bright, more often than not. */
static void fill(struct rng *r, uint8_t *pixels, uint8_t *labels, int count)
{
    for (int i = 0; i < count; i++) {
        labels[i] = (uint8_t)rng_below(r, DATASET_CLASSES);
        for (int j = 0; j < PIXELS; j++)
            pixels[i * PIXELS + j] = (uint8_t)rng_below(r, j == labels[i] ? 256 : 140);
    }
}

static int make_data(void **state)
{
    struct rng r = rng_seed(3, 3);
    uint8_t *pixels = malloc((size_t)(TRAIN + TEST) * PIXELS), *labels = malloc(TRAIN + TEST);
    (void)state;
    if (!pixels || !labels) return -1;
    fill(&r, pixels, labels, TRAIN + TEST);
    data = (struct dataset){.train = {pixels, labels, TRAIN},
                            .test = {pixels + (size_t)TRAIN * PIXELS, labels + TRAIN, TEST},
                            .rows = SIDE,
                            .cols = SIDE,
                            .name = "tiny",
                            .fd = -1};
    return 0;
}

static int free_data(void **state)
{
    (void)state;
    free((void *)(uintptr_t)data.train.pixels);
    free((void *)(uintptr_t)data.train.labels);
    return 0;
}

static void on_row(void *context, const struct proof_row *row)
{
    (void)context;
    last_row = *row;
    rows++;
}

static void prove(const struct backend *b, const struct backend *reference)
{
    const struct proof_options options = {.seed = 9,
                                          .data = &data,
                                          .row = on_row,
                                          .only = "training",
                                          .exhaustive = true,
                                          .reference = reference,
                                          .training_epochs = 1};
    struct proof_verdict verdict;
    struct error e = {0};
    rows = 0;
    memset(&last_row, 0, sizeof last_row);
    assert_int_equal(prove_backend(b, registry_fallback(), &plan, &options, &verdict, &e), 0);
}

/* Not all that is right adds in the same order. */
static void bias_grad_backwards(void *state, int m, int n, const float *d, int ldd, float *out)
{
    (void)state;
    for (int j = 0; j < n; j++) {
        out[j] = 0.0f;
        for (int i = m - 1; i >= 0; i--) out[j] += d[(size_t)i * (size_t)ldd + (size_t)j];
    }
}

static void rmsprop_timid(void *state, size_t n, float lr, float rho, float epsilon, const float *g, float *v,
                          float *w)
{
    registry_fallback()->ops.rmsprop(state, n, 0.7f * lr, rho, epsilon, g, v, w);
}

static void rmsprop_idle(void *state, size_t n, float lr, float rho, float epsilon, const float *g, float *v,
                         float *w)
{
    (void)state, (void)n, (void)lr, (void)rho, (void)epsilon, (void)g, (void)v, (void)w;
}

static void another_order_passes(void **state)
{
    (void)state;
    struct backend b = *registry_fallback();
    b.ops.bias_grad = bias_grad_backwards;
    prove(&b, registry_fallback());
    print_message("%s\n", last_row.measured);
    assert_int_equal(rows, 1);
    assert_int_equal(last_row.count, 1);
    assert_int_equal(last_row.failed, 0);
    assert_true(last_row.worst_of_bound < 1.0);
    assert_non_null(strstr(last_row.measured, "TOST p"));
    assert_non_null(strstr(last_row.cases, registry_fallback()->name)); /* beside whom */
}

static void less_accurate_fails(void **state)
{
    (void)state;
    struct backend b = *registry_fallback();
    b.ops.rmsprop = rmsprop_timid;
    prove(&b, registry_fallback());
    print_message("%s\n", last_row.measured);
    assert_int_equal(last_row.failed, 1);
    assert_true(last_row.worst_of_bound > 1.0);
    assert_non_null(strstr(last_row.failures[0].message, "not shown to be equivalent"));
}

static void a_reference_must_learn(void **state)
{
    (void)state;
    struct backend b = *registry_fallback();
    b.ops.rmsprop = rmsprop_idle;
    prove(&b, &b);
    assert_int_equal(last_row.failed, 1);
    assert_non_null(strstr(last_row.failures[0].message, "MISTRUSTED"));
}

/* Nothing to compare with, or too few images: no row, which nobody can take for a passed one. */
static void left_out_where_it_shows_nothing(void **state)
{
    (void)state;
    const struct dataset whole = data;
    prove(registry_fallback(), NULL);
    assert_int_equal(rows, 0);
    data.test.count = TEST - 1;
    assert_false(training_has_data(&data, &plan));
    prove(registry_fallback(), registry_fallback());
    assert_int_equal(rows, 0);
    data = whole;
    assert_true(training_has_data(&data, &plan));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_order_passes),
        cmocka_unit_test(less_accurate_fails),
        cmocka_unit_test(a_reference_must_learn),
        cmocka_unit_test(left_out_where_it_shows_nothing),
    };
    return cmocka_run_group_tests(tests, make_data, free_data);
}
