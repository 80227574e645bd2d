/* SPDX-License-Identifier: MIT
 *
 * train_few BACKEND [THREADS HIDDEN]: trains a small network for a few steps, by the backend's own step and
 * by its ops, beside naive, and demands that the losses agree. No operand lies against a guard page: an
 * emulator may read whole vectors where a real CPU reads only the lanes that a mask selects. Exits 77 with
 * the reason when the backend cannot run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "backends/registry.h"
#include "base/memory.h"
#include "base/rng.h"
#include "machine/cpu.h"
#include "train/trainer.h"
#include "../support/plan.h"

enum { INPUTS = 784, CLASSES = 10, BATCH = 19, IMAGES = 64, STEPS = 6, SLACK = 4096 };

static int threads = 2, hidden = 24;

/* Mean loss per image: the margin for free-running training over its first steps. */
static const double loss_margin = 1e-3;

struct images {
    uint8_t *pixels, labels[IMAGES];
};

static void images_make(struct images *d)
{
    struct rng r = rng_seed(7, 0);
    d->pixels = memory_zeroed(IMAGES * INPUTS + SLACK, 1);
    if (!d->pixels) abort();
    for (int i = 0; i < IMAGES; i++) {
        d->labels[i] = (uint8_t)rng_below(&r, CLASSES);
        for (int j = 0; j < INPUTS; j++) {
            const int bar = j / 56 == d->labels[i];
            d->pixels[i * INPUTS + j] = (uint8_t)(bar ? 255 : rng_below(&r, 64));
        }
    }
}

/* Loss sums of STEPS steps into loss. 0, or -1 with a line on stderr. */
static int train(const struct backend *b, bool composed, const struct images *d, double *loss)
{
    const struct plan plan = TEST_PLAN(.threads = threads, .inputs = INPUTS, .hidden = hidden,
                                       .classes = CLASSES, .batch = BATCH, .isa = cpu_usable());
    const struct shape shape = {INPUTS, hidden, CLASSES};
    struct contender c;
    struct error e = {0};
    struct model m;
    if (contender_open(&c, b, registry_fallback_for(b), &plan, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return -1;
    }
    struct trainer *const t = trainer_new(&c, composed);
    network_alloc(&m, &shape);
    if (!t || !m.w.w1) abort();
    network_init(&m, &shape, 42);
    trainer_load(t, &m);
    struct rng order = rng_seed(42, 1);
    for (int s = 0; s < STEPS; s++) {
        struct batch batch = {.pixels = d->pixels, .labels = d->labels, .rows = BATCH - s % 2};
        uint32_t index[BATCH];
        for (int i = 0; i < BATCH; i++) index[i] = rng_below(&order, IMAGES);
        batch.index = index;
        struct step_result r = {0};
        trainer_step(t, &batch, &r);
        loss[s] = r.loss_sum / batch.rows;
    }
    network_free(&m);
    trainer_free(t);
    contender_close(&c);
    return 0;
}

int main(int argc, char **argv)
{
    char why[256];
    const struct registry_entry *const entry = argc == 2 || argc == 4 ? registry_find(argv[1]) : NULL;
    if (argc == 4) {
        threads = atoi(argv[2]);
        hidden = atoi(argv[3]);
    }
    if (!entry || threads < 1 || hidden < 1) {
        fprintf(stderr, "usage: %s BACKEND [THREADS HIDDEN]\n", argv[0]);
        return EXIT_USAGE;
    }
    if (registry_status(entry, why, sizeof why) != BACKEND_READY) {
        printf("skipped: %s: %s\n", entry->name, why);
        return EXIT_NOTHING;
    }
    static struct images images;
    double truth[STEPS], loss[STEPS], worst = 0.0;
    images_make(&images);
    if (train(registry_fallback(), true, &images, truth)) return EXIT_INTERNAL;
    for (int composed = 0; composed < 2; composed++) {
        if (train(entry->backend, composed, &images, loss)) return EXIT_INTERNAL;
        for (int s = 0; s < STEPS; s++)
            worst = fmax(worst, isfinite(loss[s]) ? fabs(loss[s] - truth[s]) : INFINITY);
    }
    const bool learns = truth[STEPS - 1] < truth[0] && loss[STEPS - 1] < loss[0];
    printf("%s: losses %.6f .. %.6f, at most %.3g from naive's\n", entry->name, loss[0], loss[STEPS - 1],
           worst);
    free(images.pixels);
    return worst <= loss_margin && learns ? EXIT_OK : EXIT_PROOF;
}
