/* SPDX-License-Identifier: MIT
 *
 * What a long training does to the parameters of a pixel that is never set: test_idle BACKEND. The proof sees
 * single steps and short spans; an error of each step that fits into its bound could grow here. Exits 77 with
 * the reason where the backend cannot run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/registry.h"
#include "base/rng.h"
#include "proof/cases.h"
#include "train/trainer.h"
#include "../support/plan.h"

/* Sizes that no vector length divides; the first pixel of every image is 0. */
enum { INPUTS = 21, HIDDEN = 17, CLASSES = 3, IMAGES = 13, STEPS = 1500 };

static const struct shape shape = {INPUTS, HIDDEN, CLASSES};
static const float rho = 0.9f;

static void fill(struct model *m, uint8_t *pixels, uint8_t *labels, uint32_t *index)
{
    struct rng rng = rng_seed(1, 1);
    network_init(m, &shape, 1);
    for (int u = 0; u < HIDDEN; u++) m->v.w1[u] = fabsf(cases_log_uniform(&rng, -149, 0));
    for (int i = 0; i < IMAGES; i++) {
        for (int j = 0; j < INPUTS; j++) pixels[i * INPUTS + j] = (uint8_t)(j > 0 ? rng_below(&rng, 256) : 0);
        labels[i] = (uint8_t)rng_below(&rng, CLASSES);
        index[i] = (uint32_t)i;
    }
}

/* rho^STEPS v is far below the least float. Rounded to a multiple of that in every step, v ends where half of
 * it is what one step takes away: (1 - rho) v <= 1/2. */
static int check_idle(const struct model *before, const struct model *after)
{
    const float least = 0x1p-149f, most = floorf(0.5f / (1.0f - rho) + 0.001f) * least;
    int wrong = 0;
    for (int u = 0; u < HIDDEN; u++) {
        const bool still = memcmp(&before->w.w1[u], &after->w.w1[u], sizeof(float)) == 0;
        if (still && after->v.w1[u] >= 0.0f && after->v.w1[u] <= most) continue;
        fprintf(stderr, "unit %d: weight %a -> %a, v %a -> %a, allowed %a\n", u, (double)before->w.w1[u],
                (double)after->w.w1[u], (double)before->v.w1[u], (double)after->v.w1[u], (double)most);
        wrong++;
    }
    return wrong;
}

static int train(struct trainer *t)
{
    static uint8_t pixels[IMAGES * INPUTS], labels[IMAGES];
    static uint32_t index[IMAGES];
    struct model given, stored;
    struct step_result result;
    int wrong = 1;
    network_alloc(&given, &shape);
    network_alloc(&stored, &shape);
    if (given.w.w1 && stored.w.w1) {
        fill(&given, pixels, labels, index);
        trainer_load(t, &given);
        for (int i = 0; i < STEPS; i++)
            trainer_step(t,
                         &(struct batch){.pixels = pixels, .labels = labels, .index = index, .rows = IMAGES},
                         &result);
        trainer_store(t, &stored);
        wrong = check_idle(&given, &stored);
        /* What is not idle was trained. */
        if (!(result.loss_sum < 0.1 * IMAGES)) wrong++, fprintf(stderr, "loss %g\n", result.loss_sum);
    }
    network_free(&given);
    network_free(&stored);
    return wrong;
}

int main(int argc, char **argv)
{
    char why[256];
    struct error e = {0};
    const struct registry_entry *entry = argc == 2 ? registry_find(argv[1]) : NULL;
    if (!entry) {
        fprintf(stderr, "usage: %s BACKEND\n", argv[0]);
        return EXIT_USAGE;
    }
    if (registry_status(entry, why, sizeof why) != BACKEND_READY) {
        printf("skipped: %s: %s\n", argv[1], why);
        return EXIT_NOTHING;
    }
    struct plan plan = TEST_PLAN(.threads = 1, .inputs = INPUTS, .hidden = HIDDEN, .classes = CLASSES,
                                 .batch = IMAGES, .isa = ~0u);
    plan.lr = 0.01f;
    plan.rho = rho;
    struct contender c;
    if (contender_open(&c, entry->backend, registry_fallback_for(entry->backend), &plan, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return EXIT_FAILURE;
    }
    int wrong = 0;
    for (int composed = 0; composed < 2; composed++) {
        struct trainer *t = trainer_new(&c, composed);
        wrong += t ? train(t) : 1;
        trainer_free(t);
    }
    contender_close(&c);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
