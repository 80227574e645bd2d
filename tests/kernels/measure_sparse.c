/* SPDX-License-Identifier: MIT
 *
 * How much of the dense step's time a step takes that skips zeros, by the share of pixels that are not: MNIST
 * (MNIST_DIR, else the generated digits), the same inverted, half of each image as in Fashion-MNIST, random
 * pixels. Both train in turns, a few steps each, on the same batches. Seconds are of an epoch of 60000
 * images.
 *
 * measure_sparse [THREADS [HIDDEN [BATCH]]], best with OMP_WAIT_POLICY=active. Exits 1 where the losses of
 * the two differ. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/registry.h"
#include "base/clock.h"
#include "base/rng.h"
#include "data/dataset.h"
#include "machine/cpu.h"
#include "machine/topology.h"
#include "stats/order.h"
#include "train/network.h"
#include "../support/plan.h"

enum { SIDE = 28, INPUTS = SIDE * SIDE, CLASSES = 10, IMAGES = 8192, STEPS = 16, ROUNDS = 40 };
static const double epoch_images = 60000.0;

/* Per cent of random pixels that are set, or one of these. */
enum { DIGITS = -1, INVERTED = -2, CLOTHES = -3 };
static const struct {
    const char *name;
    int kind;
} contents[] = {{"digits", DIGITS},  {"inverted", INVERTED}, {"clothes", CLOTHES},
                {"random 0 %", 0},   {"random 10 %", 10},    {"random 25 %", 25},
                {"random 50 %", 50}, {"random 75 %", 75},    {"random 100 %", 100}};

static uint8_t pixels[IMAGES * INPUTS], labels[IMAGES];

/* ---- images */

/* A garment: rows of pixels of about 20 of 28 columns, in about 20 of 28 rows. */
static void draw_garment(struct rng *rng, uint8_t *image)
{
    const int top = 3 + (int)rng_below(rng, 3), bottom = top + 18 + (int)rng_below(rng, 5);
    memset(image, 0, INPUTS);
    for (int row = top; row < bottom; row++) {
        const int left = 2 + (int)rng_below(rng, 4), right = left + 18 + (int)rng_below(rng, 5);
        for (int col = left; col < right; col++) image[row * SIDE + col] = (uint8_t)(1 + rng_below(rng, 255));
    }
}

static void draw_random(struct rng *rng, uint8_t *image, uint32_t percent)
{
    for (int i = 0; i < INPUTS; i++)
        image[i] = rng_below(rng, 100) < percent ? (uint8_t)(1 + rng_below(rng, 255)) : 0;
}

/* Returns the share of pixels that are set. */
static double draw(const struct dataset *d, int kind)
{
    struct rng rng = rng_seed(1, 1);
    size_t set = 0;
    for (int i = 0; i < IMAGES; i++) {
        uint8_t *image = pixels + (size_t)i * INPUTS;
        const uint32_t of = (uint32_t)i % d->train.count;
        labels[i] =
            kind == DIGITS || kind == INVERTED ? d->train.labels[of] : (uint8_t)rng_below(&rng, CLASSES);
        if (kind == CLOTHES)
            draw_garment(&rng, image);
        else if (kind >= 0)
            draw_random(&rng, image, (uint32_t)kind);
        else
            memcpy(image, d->train.pixels + (size_t)of * INPUTS, INPUTS);
        for (int p = 0; kind == INVERTED && p < INPUTS; p++) image[p] = (uint8_t)(255 - image[p]);
    }
    for (size_t i = 0; i < sizeof pixels; i++) set += pixels[i] != 0;
    return (double)set / (double)sizeof pixels;
}

/* ---- the contenders */

struct pair {
    const struct backend *backend[2]; /* dense, sparse */
    void *state[2];
    struct plan plan;
    uint32_t *index; /* of STEPS batches */
    double seconds[2][ROUNDS], loss[2];
};

/* STEPS steps of one of them. */
static void train(struct pair *p, int who, int round)
{
    const struct step_ops *step = p->backend[who]->step;
    struct step_result result;
    p->loss[who] = 0.0;
    const double start = clock_seconds();
    for (int i = 0; i < STEPS; i++) {
        const uint32_t *index = p->index + (size_t)i * (size_t)p->plan.batch;
        step->step(p->state[who],
                   &(struct batch){.pixels = pixels, .labels = labels, .index = index, .rows = p->plan.batch},
                   &result);
        p->loss[who] += result.loss_sum;
    }
    if (round >= 0) p->seconds[who][round] = clock_seconds() - start;
}

static void train_in_turns(struct pair *p, int round, struct rng *rng)
{
    for (int i = 0; i < STEPS * p->plan.batch; i++) p->index[i] = rng_below(rng, IMAGES);
    for (int turn = 0; turn < 2; turn++) train(p, (round + turn) & 1, round);
    if (p->loss[0] == p->loss[1]) return;
    fprintf(stderr, "%s and %s differ in loss\n", p->backend[0]->name, p->backend[1]->name);
    exit(EXIT_FAILURE);
}

static double epoch_of(const struct pair *p, double seconds)
{
    return 1e3 * seconds / (STEPS * (double)p->plan.batch) * epoch_images;
}

static void measure(struct pair *p, const char *content, double density)
{
    const struct shape shape = {INPUTS, p->plan.hidden, CLASSES};
    struct rng rng = rng_seed(2, 2);
    struct model given;
    double ratios[ROUNDS];
    network_alloc(&given, &shape);
    if (!given.w.w1) exit(EXIT_INTERNAL);
    network_init(&given, &shape, 1);
    for (int i = 0; i < 2; i++) p->backend[i]->step->load(p->state[i], &given);
    network_free(&given);
    for (int round = -2; round < ROUNDS; round++) train_in_turns(p, round, &rng);
    for (int i = 0; i < ROUNDS; i++) ratios[i] = p->seconds[1][i] / p->seconds[0][i];
    sort_values(ratios, ROUNDS);
    for (int i = 0; i < 2; i++) sort_values(p->seconds[i], ROUNDS);
    printf("%-13s  %-12s %5.1f %%  %d threads  %7.1f ms  %7.1f ms  %.3f (%.3f to %.3f)\n",
           p->backend[1]->name, content, 100.0 * density, p->plan.threads,
           epoch_of(p, quantile_sorted(p->seconds[0], ROUNDS, 0.1)),
           epoch_of(p, quantile_sorted(p->seconds[1], ROUNDS, 0.1)), median_sorted(ratios, ROUNDS),
           quantile_sorted(ratios, ROUNDS, 0.25), quantile_sorted(ratios, ROUNDS, 0.75));
    fflush(stdout);
}

static bool pair_open(struct pair *p, const struct registry_entry *entry)
{
    char why[256];
    if (!entry->backend || !entry->backend->step || !entry->backend->step->flop_done) return false;
    const struct registry_entry *dense = registry_find(entry->backend->same_bits_as);
    if (!dense || registry_status(entry, why, sizeof why) != BACKEND_READY) return false;
    p->backend[0] = dense->backend;
    p->backend[1] = entry->backend;
    for (int i = 0; i < 2; i++)
        if (p->backend[i]->open(&p->plan, &p->state[i], why, sizeof why)) {
            fprintf(stderr, "%s: %s\n", p->backend[i]->name, why);
            exit(EXIT_INTERNAL);
        }
    return true;
}

static int argument(int argc, char **argv, int which, int otherwise)
{
    return argc > which && atoi(argv[which]) > 0 ? atoi(argv[which]) : otherwise;
}

int main(int argc, char **argv)
{
    struct error e = {0};
    struct topology t;
    struct dataset d;
    int pairs = 0;
    if (topology_read(&t, &e) || dataset_open(&d, NULL, &e) || d.rows * d.cols != INPUTS) {
        fprintf(stderr, "%s\n", e.code ? e.text : "images of 28 x 28 pixels, please");
        return EXIT_FAILURE;
    }
    struct pair p = {.plan = TEST_PLAN(.threads = argument(argc, argv, 1, t.default_threads),
                                       .inputs = INPUTS, .hidden = argument(argc, argv, 2, 512),
                                       .classes = CLASSES, .batch = argument(argc, argv, 3, 128),
                                       .isa = cpu_usable(), .skip_phases = 1)};
    p.index = malloc(STEPS * (size_t)p.plan.batch * sizeof *p.index);
    if (!p.index) return EXIT_INTERNAL;
    omp_set_dynamic(0);
    topology_bind_team(&t, p.plan.threads, NULL);
    printf("%s; hidden %d, batch %d; least tenth of %d x %d steps: dense, sparse; ratio: median, quartiles\n",
           d.name, p.plan.hidden, p.plan.batch, ROUNDS, STEPS);
    for (int i = 0; i < registry_count(); i++) {
        if (!pair_open(&p, registry_at(i))) continue;
        for (size_t c = 0; c < sizeof contents / sizeof *contents; c++)
            measure(&p, contents[c].name, draw(&d, contents[c].kind));
        for (int who = 0; who < 2; who++) p.backend[who]->close(p.state[who]);
        pairs++;
    }
    free(p.index);
    dataset_close(&d);
    if (pairs > 0) return EXIT_SUCCESS;
    printf("skipped: no backend that skips zeros can run here\n");
    return EXIT_NOTHING;
}
