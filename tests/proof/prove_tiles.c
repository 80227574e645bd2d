/* SPDX-License-Identifier: MIT
 *
 * Proves gemm with every register tile that a backend declares as a choice, not only with its default. Exits
 * 1 when one is wrong; else 77 when a backend with choices cannot run here. */
#include <stdio.h>
#include <stdlib.h>

#include "backends/registry.h"
#include "machine/cpu.h"
#include "proof/prove.h"
#include "../support/plan.h"

static void print_failed_row(void *context, const struct proof_row *row)
{
    (void)context;
    if (row->failed)
        printf("    %s / %s: %lld of %lld failed; first: %s\n", row->op, row->cases, row->failed, row->count,
               row->failures[0].words);
}

static bool proven(const struct backend *b, int mr, int nr)
{
    const struct plan plan = TEST_PLAN(.threads = 1, .inputs = 784, .hidden = 512, .classes = 10,
                                       .batch = 128, .isa = cpu_usable(), .blocking = {.mr = mr, .nr = nr});
    const struct proof_options options = {.seed = 2024, .row = print_failed_row, .only = "gemm"};
    struct proof_verdict verdict = {0};
    struct error error = {0};
    if (prove_backend(b, registry_fallback(), &plan, &options, &verdict, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit((int)error.code);
    }
    const bool passed = proof_passed(&verdict);
    printf("%s, %d x %d: %lld cases, %lld failed\n", b->name, mr, nr, verdict.cases, verdict.failed);
    fflush(stdout);
    return passed;
}

/* How many of its tiles are wrong. */
static int wrong_tiles(const struct backend *b)
{
    const int own_mr[] = {b->blocking.mr, 0}, own_nr[] = {b->blocking.nr, 0};
    int wrong = 0;
    for (const int *mr = b->choices->mr ? b->choices->mr : own_mr; *mr; mr++)
        for (const int *nr = b->choices->nr ? b->choices->nr : own_nr; *nr; nr++)
            wrong += !proven(b, *mr, *nr);
    return wrong;
}

int main(void)
{
    int wrong = 0, skipped = 0;
    for (int i = 0; i < registry_count(); i++) {
        char why[256];
        const struct registry_entry *entry = registry_at(i);
        if (!entry->backend || !entry->backend->choices) continue;
        if (registry_status(entry, why, sizeof why) == BACKEND_READY) {
            wrong += wrong_tiles(entry->backend);
        } else {
            printf("skipped: %s: %s\n", entry->name, why);
            skipped++;
        }
    }
    return wrong ? EXIT_PROOF : skipped ? EXIT_NOTHING : EXIT_OK;
}
