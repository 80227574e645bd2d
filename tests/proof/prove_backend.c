/* SPDX-License-Identifier: MIT
 *
 * Proves one backend of the registry: prove_backend NAME THREADS [SEED [HIDDEN BATCH]]. Prints the rows of
 * the proof; exits 77 with the reason when the backend cannot run here. Uses MNIST from MNIST_DIR for the
 * training steps if that is set. Of a backend without an op of its own it proves the step alone: the rest is
 * naive's, which has a test of its own. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/registry.h"
#include "base/clock.h"
#include "machine/cpu.h"
#include "proof/prove.h"
#include "../support/plan.h"

static void print_row(void *context, const struct proof_row *row)
{
    (void)context;
    printf("%-18s %-34s %6lld cases %4lld failed, worst %.3g of the bound%s\n", row->op, row->cases,
           row->count, row->failed, row->worst_of_bound, row->inherited ? ", inherited" : "");
    for (int i = 0; i < row->failures_saved; i++) printf("    %s\n", row->failures[i].message);
    fflush(stdout);
}

static void on_fault(int signal_number)
{
    const char *const text = proof_current_case();
    const ssize_t ignored[] = {write(STDERR_FILENO, "fault in: ", 10),
                               write(STDERR_FILENO, text, strlen(text)), write(STDERR_FILENO, "\n", 1)};
    (void)ignored;
    _exit(128 + signal_number);
}

/* Opens MNIST where MNIST_DIR is set; the proof makes images of its own otherwise. */
static const struct dataset *images(struct dataset *data, struct error *e)
{
    if (!getenv("MNIST_DIR")) return NULL;
    return dataset_open(data, NULL, e) == 0 ? data : NULL;
}

/* The library for cblas: the reference BLAS where Debian's package has put it, for the backend is what is
 * tested here, and the usual search may end at a library that breaks the rules, as OpenBLAS 0.3.21 does on a
 * CPU with AVX-512 (it multiplies NaN by alpha = 0). NULL: that search. */
static const char *argument_for(const struct backend *b)
{
    static const char reference[] = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3";
    return (b->flags & BACKEND_TAKES_ARGUMENT) && access(reference, R_OK) == 0 ? reference : NULL;
}

static bool has_ops(const struct backend *b)
{
    bool any = false;
#define OP(name) any |= b->ops.name != NULL;
#include "ops.def"
#undef OP
    return any;
}

/* Adds the verdict of what options->only names, or with NULL of the whole proof. */
static int prove(const struct backend *b, const struct plan *plan, struct proof_options options,
                 const char *only, struct proof_verdict *sum, struct error *e)
{
    struct proof_verdict verdict;
    options.only = only;
    if (prove_backend(b, registry_fallback(), plan, &options, &verdict, e)) return (int)e->code;
    if (verdict.cases == 0) return error_set(e, EXIT_INTERNAL, "the proof has no part '%s'", only);
    sum->cases += verdict.cases;
    sum->failed += verdict.failed;
    sum->worst_of_bound = fmax(sum->worst_of_bound, verdict.worst_of_bound);
    return 0;
}

static int prove_own(const struct backend *b, const struct plan *plan, const struct proof_options *options,
                     struct proof_verdict *sum, struct error *e)
{
    *sum = (struct proof_verdict){0};
    if (has_ops(b)) return prove(b, plan, *options, NULL, sum, e);
    return prove(b, plan, *options, "step", sum, e) || prove(b, plan, *options, "lockstep", sum, e)
               ? (int)e->code
               : 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s BACKEND THREADS [SEED [HIDDEN BATCH]]\n", argv[0]);
        return EXIT_USAGE;
    }
    char why[256];
    const struct registry_entry *entry = registry_find(argv[1]);
    if (!entry) {
        fprintf(stderr, "no backend %s\n", argv[1]);
        return EXIT_USAGE;
    }
    if (registry_status(entry, why, sizeof why) != BACKEND_READY) {
        printf("skipped: %s: %s\n", argv[1], why);
        return EXIT_NOTHING;
    }
    const bool sized = argc > 5;
    const struct plan plan =
        TEST_PLAN(.threads = atoi(argv[2]), .inputs = 784, .hidden = sized ? atoi(argv[4]) : 512,
                  .classes = 10, .batch = sized ? atoi(argv[5]) : 128, .l1d_bytes = 32 << 10,
                  .l2_bytes = 1 << 20, .argument = argument_for(entry->backend), .isa = cpu_usable());
    static struct dataset data;
    struct error error = {0};
    const struct proof_options options = {.seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 2024,
                                          .row = print_row,
                                          .data = images(&data, &error)};
    struct proof_verdict verdict;
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    const double start = clock_seconds();
    if (error.code || prove_own(entry->backend, &plan, &options, &verdict, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return (int)error.code;
    }
    printf("images: %s; %lld cases, %lld failed, worst %.3g of its bound, %.1f s\n",
           options.data ? data.name : "synthetic", verdict.cases, verdict.failed, verdict.worst_of_bound,
           clock_seconds() - start);
    if (options.data) dataset_close(&data);
    return proof_passed(&verdict) ? EXIT_OK : EXIT_PROOF;
}
