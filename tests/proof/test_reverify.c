/* SPDX-License-Identifier: MIT
 *
 * Looking at timed steps again finds what no proof before training can: backends that are right for as long
 * as a proof may last, and then wrong, idle or repeating themselves. Each is trained for some epochs as a
 * worker would; the first that was wrong must be named, and an honest one must pass. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backends/registry.h"
#include "proof/cases.h"
#include "proof/reverify.h"
#include "../support/plan.h"

/* Steps are drawn at random: two of ten in each epoch. The mutants turn in epoch 3, so that each of the nine
 * epochs after that misses them with a chance of at most 1 in 25, all of them with less than 1 in 10^12. */
enum { INPUTS = 40, HIDDEN = 24, CLASSES = 10, BATCH = 32, IMAGES = 300, EPOCHS = 12, HONEST_CALLS = 120 };

static const struct ops *right(void)
{
    return &registry_fallback()->ops;
}

static int calls;

#define GEMM_ARGUMENTS                                                                                       \
    void *s, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,         \
        int lda, const float *b, int ldb, float beta, float *c, int ldc

/* A little too much, later. */
static void gemm_right_at_first(GEMM_ARGUMENTS)
{
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (++calls > HONEST_CALLS) c[0] += 0.01f * (fabsf(c[0]) + 0.1f);
}

/* Later the products of its first layer are those of the batch before. */
static void gemm_replays(GEMM_ARGUMENTS)
{
    static float cached[BATCH * HIDDEN];
    const bool first_layer = k == INPUTS && m == BATCH;
    if (++calls > HONEST_CALLS && first_layer) {
        memcpy(c, cached, sizeof cached);
        return;
    }
    right()->gemm(s, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (first_layer) memcpy(cached, c, sizeof cached);
}

static void rmsprop_stops(void *s, size_t n, float lr, float rho, float epsilon, const float *g, float *v,
                          float *w)
{
    if (++calls < HONEST_CALLS) right()->rmsprop(s, n, lr, rho, epsilon, g, v, w);
}

/* The whole update of every second step. */
static void rmsprop_skips(void *s, size_t n, float lr, float rho, float epsilon, const float *g, float *v,
                          float *w)
{
    const int updates = ++calls;
    if (updates < HONEST_CALLS || (updates - 1) / TENSOR_COUNT % 2 == 0)
        right()->rmsprop(s, n, lr, rho, epsilon, g, v, w);
}

static void fill(struct dataset *d, uint8_t *pixels, uint8_t *labels)
{
    struct rng r = rng_seed(5, 5);
    for (int i = 0; i < IMAGES; i++) {
        cases_image(&r, pixels + (size_t)i * INPUTS, INPUTS);
        labels[i] = (uint8_t)rng_below(&r, CLASSES);
    }
    *d = (struct dataset){
        .train = {pixels, labels, IMAGES}, .test = {pixels, labels, 10}, .rows = 1, .cols = INPUTS, .fd = -1};
}

/* Trains; failure receives what was found. Returns the steps looked at, -1 when it could not run. */
static int train(const struct backend *b, char *failure, size_t size)
{
    static uint8_t pixels[IMAGES * INPUTS], labels[IMAGES];
    static uint32_t order[IMAGES];
    static struct reverify v;
    const struct plan plan =
        TEST_PLAN(.threads = 1, .inputs = INPUTS, .hidden = HIDDEN, .classes = CLASSES, .batch = BATCH);
    const struct shape shape = {INPUTS, HIDDEN, CLASSES};
    struct contender c;
    struct dataset data;
    struct model start;
    struct error e = {0};
    if (contender_open(&c, b, registry_fallback(), &plan, &e) || reverify_open(&v, &plan, &e)) return -1;
    struct trainer *t = trainer_new(&c, true);
    network_alloc(&start, &shape);
    if (!t || !start.w.w1) return -1;
    network_init(&start, &shape, 3);
    trainer_load(t, &start);
    fill(&data, pixels, labels);
    calls = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        struct epoch_result result;
        reverify_begin_epoch(&v, epoch, epoch == EPOCHS);
        epoch_run_watched(t, &data, BATCH, 3, epoch, order, NULL, NULL, &v.watch, &result);
    }
    snprintf(failure, size, "%s", v.failure);
    const int verified = v.verified;
    network_free(&start);
    trainer_free(t);
    reverify_close(&v);
    contender_close(&c);
    return verified;
}

int main(void)
{
    struct backend mutant[4];
    static const char *const names[] = {"right for the first calls only",
                                        "replays what it has computed before", "stops training",
                                        "skips every second update"};
    char failure[400];
    int wrong = 0;
    for (int i = 0; i < 4; i++) mutant[i] = *registry_fallback();
    mutant[0].ops.gemm = gemm_right_at_first;
    mutant[1].ops.gemm = gemm_replays;
    mutant[2].ops.rmsprop = rmsprop_stops;
    mutant[3].ops.rmsprop = rmsprop_skips;
    const int verified = train(registry_fallback(), failure, sizeof failure);
    printf("unbroken: %d steps looked at, %s\n", verified, failure[0] ? failure : "all right");
    wrong += failure[0] != 0 || verified < EPOCHS;
    for (int i = 0; i < 4; i++) {
        const bool ran = train(&mutant[i], failure, sizeof failure) >= 0;
        printf("%s: %s\n", names[i], failure[0] ? failure : "NOT FOUND");
        wrong += !ran || !failure[0];
    }
    return wrong ? 1 : 0;
}
