/* SPDX-License-Identifier: MIT
 *
 * A sparse backend with each of the faults of sparse_bugs.h: the class of cases that is there to find it must
 * reject it, and without a fault all must pass. What no result shows, the side on which the step changes to
 * the dense kernels, the operations done must tell. Exits 77 where the CPU lacks AVX2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/registry.h"
#include "machine/cpu.h"
#include "proof/prove.h"
#include "sparse_bugs.h"
#include "../support/plan.h"

extern const struct backend broken_sparse;

enum sparse_bug sparse_bug;

static const struct {
    enum sparse_bug bug;
    const char *name, *cases, *killer; /* what of the proof is run, and the row that must reject */
} mutants[] = {
    {SPARSE_BUG_THROUGH_LOAD, "through_load", "course", "course: idle pixels"},
    {SPARSE_BUG_THROUGH_LOAD, "through_load", "same bits as", "same bits as avx2"},
    {SPARSE_BUG_DECAY_SHORT, "decay_short", "course", "course: idle pixels"},
    {SPARSE_BUG_UNFLUSHED, "unflushed", "course", "course: idle pixels"},
    {SPARSE_BUG_DENSE_FORGETS, "dense_forgets", "same bits as", "same bits as avx2"},
    {SPARSE_BUG_CACHED_LISTS, "cached_lists", "course", "course: memory used again"},
    {SPARSE_BUG_ODD_ENTRIES, "odd_entries", "course", "course: every size to 67"},
    {SPARSE_BUG_ODD_IMAGES, "odd_images", "course", "course: every size to 67"},
    {SPARSE_BUG_LAST_FORWARD_LINE, "last_forward_line", "course", "course: every size to 67"},
    {SPARSE_BUG_LAST_BACKWARD_LINE, "last_backward_line", "course", "course: every size to 67"},
    {SPARSE_BUG_HALF_PAIR, "half_pair", "same bits as", "same bits as avx2"},
    {SPARSE_BUG_SWAPPED_PIXELS, "swapped_pixels", "course", "course: every size to 67"},
};
enum { MUTANTS = sizeof mutants / sizeof *mutants };

/* ---- the proof */

struct failed_rows {
    const char *killer;
    bool killed;
    char all[400];
};

static void on_row(void *context, const struct proof_row *row)
{
    struct failed_rows *f = context;
    const size_t used = strlen(f->all);
    if (row->failed == 0) return;
    f->killed |= f->killer && strcmp(row->cases, f->killer) == 0;
    snprintf(f->all + used, sizeof f->all - used, "; %s (%s)", row->cases, row->failures[0].message);
}

static bool rejects(const char *cases, struct failed_rows *rows)
{
    const struct plan plan =
        TEST_PLAN(.threads = 2, .inputs = 784, .hidden = 72, .classes = 10, .batch = 61, .isa = cpu_usable());
    const struct proof_options options = {.seed = 7,
                                          .row = on_row,
                                          .context = rows,
                                          .only = "step",
                                          .only_cases = cases,
                                          .stop_when_wrong = true};
    struct proof_verdict verdict;
    struct error error = {0};
    if (prove_backend(&broken_sparse, registry_fallback_for(&broken_sparse), &plan, &options, &verdict,
                      &error)) {
        printf("the proof cannot run: %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return !proof_passed(&verdict);
}

static int check_proof(void)
{
    int wrong = 0;
    for (int i = 0; i < 2; i++) {
        struct failed_rows rows = {0};
        sparse_bug = SPARSE_BUG_NONE;
        if (!rejects(i ? "course" : "same bits as", &rows)) continue;
        printf("unbroken, and rejected by %s\n", rows.all + 2);
        wrong++;
    }
    for (int i = 0; i < MUTANTS; i++) {
        struct failed_rows rows = {.killer = mutants[i].killer};
        sparse_bug = mutants[i].bug;
        const bool killed = rejects(mutants[i].cases, &rows) && rows.killed;
        printf("%s: %s by %s%s\n", mutants[i].name, killed ? "killed" : "NOT KILLED", mutants[i].killer,
               rows.all);
        wrong += !killed;
    }
    sparse_bug = SPARSE_BUG_NONE;
    return wrong;
}

/* ---- the density from which on a batch is dense */

enum { INPUTS = 96, HIDDEN = 40, CLASSES = 10, ROWS = 64 };
static const struct shape shape = {INPUTS, HIDDEN, CLASSES};

/* Operations of one step on images of which every pixel before `set` is white, as a share of all that the
 * network has; < 0 when it could not be made. */
static double share_done(int set)
{
    const struct plan plan = TEST_PLAN(.threads = 1, .inputs = INPUTS, .hidden = HIDDEN, .classes = CLASSES,
                                       .batch = ROWS, .isa = cpu_usable());
    static uint8_t pixels[ROWS * INPUTS], labels[ROWS];
    static uint32_t index[ROWS];
    struct model given;
    struct step_result result;
    char why[160];
    void *state;
    for (int i = 0; i < ROWS; i++) {
        memset(pixels + i * INPUTS, 255, (size_t)set);
        memset(pixels + i * INPUTS + set, 0, (size_t)(INPUTS - set));
        index[i] = (uint32_t)i;
    }
    network_alloc(&given, &shape);
    if (!given.w.w1 || broken_sparse.open(&plan, &state, why, sizeof why)) return -1.0;
    network_init(&given, &shape, 1);
    broken_sparse.step->load(state, &given);
    broken_sparse.step->step(
        state, &(struct batch){.pixels = pixels, .labels = labels, .index = index, .rows = ROWS}, &result);
    const double flop = broken_sparse.step->flop_done(state);
    broken_sparse.close(state);
    network_free(&given);
    return flop / network_train_flop(&shape, ROWS);
}

/* Pixels that are set, of 96, and whether the step is dense then. Lists of images that are alike hold no
 * zeros, so that a sparse step does exactly what is needed. */
static int check_switch(void)
{
    static const struct {
        int set;
        bool dense;
    } known[] = {{0, false}, {10, false}, {48, false}, {64, false}, {66, true}, {86, true}, {96, true}};
    const double first_layer = 2.0 * INPUTS / (2.0 * INPUTS + 3.0 * CLASSES);
    int wrong = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const double done = share_done(known[i].set);
        const double sparse = 1.0 - first_layer * (1.0 - (double)known[i].set / INPUTS);
        const double expected = known[i].dense ? 1.0 : sparse;
        if (done > expected - 1e-9 && done < expected + 1e-9) continue;
        if (sparse_bug == SPARSE_BUG_NONE)
            printf("%d of %d pixels set: %.4f of all operations done, expected %.4f\n", known[i].set, INPUTS,
                   done, expected);
        wrong++;
    }
    return wrong;
}

int main(void)
{
    char why[160];
    const struct registry_entry *dense = registry_find("avx2");
    if (!dense || registry_status(dense, why, sizeof why) != BACKEND_READY) {
        printf("skipped: avx2 cannot run here\n");
        return EXIT_NOTHING;
    }
    int wrong = check_switch();
    sparse_bug = SPARSE_BUG_WRONG_SIDE;
    if (check_switch() == 0) printf("wrong_side: NOT KILLED by the operations done\n"), wrong++;
    sparse_bug = SPARSE_BUG_NONE;
    wrong += check_proof();
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
