/* SPDX-License-Identifier: MIT
 *
 * The proof has teeth: every mutant must be rejected, by the op it broke, and the same constructions unbroken must
 * pass. Each runs in a process of its own, because some of them crash; a crash at the broken op is a rejection. Prints
 * what killed what. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/registry.h"
#include "mutants.h"
#include "proof/prove.h"

enum { PATIENCE_SECONDS = 300, EXIT_PROVEN = 0, EXIT_REJECTED = 1, EXIT_BROKEN = 2, EXIT_FAULT = 3 };

static int report_fd;

static void say(const char *text)
{
    const ssize_t ignored = write(report_fd, text, strlen(text));
    (void)ignored;
}

static void on_row(void *context, const struct proof_row *row)
{
    (void)context;
    char line[400];
    if (!row->failed) return;
    snprintf(line, sizeof line, "%s / %s: %s", row->op, row->cases, row->first_failure);
    say(line);
}

static void on_fault(int signal_number)
{
    (void)signal_number;
    say(proof_current_case());
    say(" / fault");
    _exit(EXIT_FAULT);
}

/* In the child. */
static int prove(const struct backend *b, bool whole, bool step_only)
{
    const struct plan plan = {.struct_size = sizeof plan, .threads = 1, .inputs = 784, .hidden = 512, .classes = 10,
                              .batch = 128, .lr = 0.001f, .rho = 0.9f, .epsilon = 1e-7f};
    const struct proof_options options = {
        .seed = 7, .row = on_row, .only = step_only ? "step" : NULL, .stop_when_wrong = !whole};
    struct proof_verdict verdict;
    struct error error = {0};
    alarm(PATIENCE_SECONDS);
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    if (prove_backend(b, registry_fallback(), &plan, &options, &verdict, &error)) {
        say(error.text);
        return EXIT_BROKEN;
    }
    return verdict.cases > 0 && verdict.failed == 0 ? EXIT_PROVEN : EXIT_REJECTED;
}

/* Proves b in a process of its own; what it reports of its first failure comes back in text. Returns EXIT_*. */
static int prove_apart(const struct backend *b, bool whole, bool step_only, char *text, size_t size)
{
    int ends[2], status = 0;
    if (pipe(ends) != 0) return EXIT_BROKEN;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        report_fd = ends[1];
        _exit(prove(b, whole, step_only));
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length + 1 < size && (got = read(ends[0], text + length, size - 1 - length)) > 0;)
        length += (size_t)got;
    text[length] = 0;
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status)) return EXIT_BROKEN;
    return WEXITSTATUS(status);
}

static int try_mutants(const struct mutant *list, int count, bool step_only)
{
    int survivors = 0;
    for (int i = 0; i < count; i++) {
        char text[600];
        const int outcome = prove_apart(&list[i].backend, false, step_only, text, sizeof text);
        const bool rejected = outcome == EXIT_REJECTED || outcome == EXIT_FAULT;
        const bool rightly = rejected && strncmp(text, list[i].killer, strlen(list[i].killer)) == 0;
        printf("%s %-32s %s\n", rightly ? "killed  " : "SURVIVED", list[i].name, text);
        fflush(stdout);
        survivors += !rightly;
    }
    return survivors;
}

static int try_genuine(const struct backend *b, const char *words)
{
    char text[600];
    const bool passed = prove_apart(b, true, false, text, sizeof text) == EXIT_PROVEN;
    printf("%s %s %s\n", passed ? "passed  " : "REJECTED", words, text);
    fflush(stdout);
    return !passed;
}

int main(void)
{
    int op_count, step_count;
    const struct mutant *ops = mutants_of_ops(&op_count), *steps = mutants_of_step(&step_count);
    int wrong = try_genuine(genuine_ops(), "the ops, unbroken");
    wrong += try_genuine(genuine_step(), "the step, unbroken");
    wrong += try_mutants(ops, op_count, false);
    wrong += try_mutants(steps, step_count, true);
    printf("%d mutants, %d verdicts wrong\n", op_count + step_count, wrong);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
