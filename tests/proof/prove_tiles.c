/* SPDX-License-Identifier: MIT
 *
 * Proves gemm with every register tile that a backend declares as a choice, not only with its default:
 * prove_tiles [all]. Without `all` it leaves out the classes of large extents and takes a small network:
 * large products tell blocks from each other, not tiles, and take nearly all of the time. Exits 1 when one is
 * wrong; else 77 when a backend with choices cannot run here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/registry.h"
#include "machine/cpu.h"
#include "proof/case_class.h"
#include "proof/prove.h"
#include "../support/plan.h"

static void print_failed_row(void *context, const struct proof_row *row)
{
    (void)context;
    if (row->failed)
        printf("    %s / %s: %lld of %lld failed; first: %s\n", row->op, row->cases, row->failed, row->count,
               row->failures[0].message);
}

static const char *const of_large_extents[] = {"each extent to 1100", "thin giants", "large in two extents",
                                               "large in all extents", "other contents, same places"};
/* Classes that are not in classes_gemm. */
static const char *const of_determinism[] = {"same bits, 1 to 7 threads", "same bits, 16 alignments"};
enum { LARGE = sizeof of_large_extents / sizeof *of_large_extents };
enum { DETERMINISM = sizeof of_determinism / sizeof *of_determinism };

static bool whole;

static bool is_large(const char *cases)
{
    for (int i = 0; i < LARGE; i++)
        if (strcmp(cases, of_large_extents[i]) == 0) return true;
    return false;
}

/* Adds to *sum what was proven of the tile: one class, or with NULL all of them. */
static void prove(const struct backend *b, int mr, int nr, const char *cases, struct proof_verdict *sum)
{
    const struct plan plan =
        TEST_PLAN(.threads = 1, .inputs = whole ? 784 : 261, .hidden = whole ? 512 : 131, .classes = 10,
                  .batch = whole ? 128 : 97, .isa = cpu_usable(), .blocking = {.mr = mr, .nr = nr});
    const struct proof_options options = {
        .seed = 2024, .row = print_failed_row, .only = "gemm", .only_cases = cases};
    struct proof_verdict verdict = {0};
    struct error error = {0};
    if (prove_backend(b, registry_fallback(), &plan, &options, &verdict, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit((int)error.code);
    }
    if (verdict.cases == 0) {
        fprintf(stderr, "gemm has no class '%s'\n", cases ? cases : "");
        exit(EXIT_INTERNAL);
    }
    sum->cases += verdict.cases;
    sum->failed += verdict.failed;
}

static bool proven(const struct backend *b, int mr, int nr)
{
    struct proof_verdict sum = {0};
    if (whole) prove(b, mr, nr, NULL, &sum);
    for (const struct case_class *c = classes_gemm; !whole && c->run; c++)
        if (!is_large(c->cases)) prove(b, mr, nr, c->cases, &sum);
    for (int i = 0; !whole && i < DETERMINISM; i++) prove(b, mr, nr, of_determinism[i], &sum);
    printf("%s, %d x %d: %lld cases, %lld failed\n", b->name, mr, nr, sum.cases, sum.failed);
    fflush(stdout);
    return sum.failed == 0;
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

int main(int argc, char **argv)
{
    whole = argc > 1 && strcmp(argv[1], "all") == 0;
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
