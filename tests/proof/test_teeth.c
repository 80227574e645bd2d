/* SPDX-License-Identifier: MIT
 *
 * The proof has teeth: test_teeth ops|steps|all-ops|all-steps [NAME]. Every mutant (or only that of this
 * name) must be rejected by the row that is there to find it, and the same constructions unbroken must pass.
 * Each runs in a process of its own, because some of them crash; a fault in the broken op counts where a
 * guard page is there to find it. Prints which rows killed which mutant.
 *
 * Of `ops` and `steps` a mutant meets the class of cases of its killer alone, and the unbroken ops meet no
 * composed step, as no mutant of them does. Of `all-ops` and `all-steps`, which take ten times as long, it
 * meets the whole proof of its op, and a row that kills no mutant of its op is a failure of this test too.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/registry.h"
#include "mutants.h"
#include "proof/prove.h"
#include "../support/plan.h"

enum { PATIENCE_SECONDS = 300, EXIT_PROVEN = 0, EXIT_REJECTED = 1, EXIT_BROKEN = 2, EXIT_FAULT = 3 };

/* ---- in the child: what it finds goes through a pipe, a line for each row */

static int report_fd;

static void say(const char *text)
{
    const ssize_t ignored = write(report_fd, text, strlen(text));
    (void)ignored;
}

static void on_row(void *context, const struct proof_row *row)
{
    char line[sizeof row->op + sizeof row->cases + sizeof row->failures[0].message + 16];
    (void)context;
    snprintf(line, sizeof line, "%c%s / %s\t%s\n", row->failed ? '-' : '+', row->op, row->cases,
             row->failures[0].message);
    say(line);
}

static void on_fault(int signal_number)
{
    (void)signal_number;
    say("-" KILLED_BY_FAULT "\t");
    say(proof_current_case());
    say("\n");
    _exit(EXIT_FAULT);
}

/* Every mutant meets the whole proof of its op. */
static bool whole;

static struct contender under_test;

void gemm_under_test(enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,
                     int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    under_test.ops.gemm(under_test.op_state[OP_gemm], ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

static int prove(const struct backend *b, const char *only, const char *only_cases)
{
    const struct plan plan =
        TEST_PLAN(.threads = 1, .inputs = 784,
                  .hidden = strcmp(only ? only : "", "step") == 0 ? MUTANT_STEP_HIDDEN : 512, .classes = 10,
                  .batch = 128);
    const struct proof_options options = {
        .seed = 7, .row = on_row, .only = only, .only_cases = only_cases, .lockstep_steps = 6};
    struct proof_verdict verdict;
    struct error error = {0};
    alarm(PATIENCE_SECONDS);
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    if (contender_open(&under_test, b, registry_fallback(), &plan, &error) ||
        prove_backend(b, registry_fallback(), &plan, &options, &verdict, &error)) {
        say(error.text);
        return EXIT_BROKEN;
    }
    return proof_passed(&verdict) ? EXIT_PROVEN : EXIT_REJECTED;
}

/* ---- in the parent */

/* Proves b in a process of its own; text receives its lines. Returns EXIT_*. */
static int prove_in_worker(const struct backend *b, const char *only, const char *only_cases, char *text,
                           size_t size)
{
    int ends[2], status = 0;
    if (pipe(ends) != 0) return EXIT_BROKEN;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        report_fd = ends[1];
        _exit(prove(b, only, only_cases));
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

/* Every row of the proof, as the unbroken backend shows them, and how many mutants it has killed. */
enum { MAX_ROWS = 240 };
static struct {
    char name[80];
    int kills;
} rows[MAX_ROWS];
static int row_count;

/* The row's entry; a new one if it is not known yet. */
static int row_named(const char *name, size_t length)
{
    int i = 0;
    while (i < row_count && !(strlen(rows[i].name) == length && strncmp(rows[i].name, name, length) == 0))
        i++;
    if (i == row_count && row_count < MAX_ROWS - 1)
        snprintf(rows[row_count++].name, sizeof rows[0].name, "%.*s", (int)length, name);
    return i;
}

/* Goes through the child's lines. Prints the rows that rejected, counts their kills, and tells whether the
 * one hoped for is among them; detail receives what that one found. */
static bool read_lines(const char *text, const char *hoped, char *detail, size_t size)
{
    bool found = false;
    detail[0] = 0;
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n"), name_length = strcspn(line + 1, "\t\n");
        const int row = row_named(line + 1, name_length);
        if (*line == '-') {
            const bool right = strcmp(rows[row].name, hoped) == 0;
            rows[row].kills++;
            found |= right;
            printf(" [%s]", rows[row].name);
            if (right && length > name_length + 2)
                snprintf(detail, size, "%.*s", (int)(length - name_length - 2), line + name_length + 2);
        }
        line += length + (line[length] == '\n');
    }
    return found;
}

/* name: of the only one to try, or NULL. */
static int try_mutants(const struct mutant *list, int count, const char *name)
{
    static char text[1 << 16], detail[400];
    int survivors = 0;
    for (int i = 0; i < count; i++) {
        if (name && strcmp(name, list[i].name) != 0) continue;
        const char *const slash = strstr(list[i].killer, " / ");
        const char *const cases = !whole && slash ? slash + 3 : NULL;
        const int outcome = prove_in_worker(&list[i].backend, list[i].only, cases, text, sizeof text);
        printf("%s:", list[i].name);
        const bool found = read_lines(text, list[i].killer, detail, sizeof detail);
        const bool killed = found && (outcome == EXIT_REJECTED || outcome == EXIT_FAULT);
        printf("\n    %s %s: %s\n", killed ? "killed by" : "NOT KILLED by", list[i].killer, detail);
        survivors += !killed;
    }
    return survivors;
}

static int try_genuine(const struct backend *b, const char *only)
{
    static char text[1 << 16], detail[400];
    const bool passed = prove_in_worker(b, only, NULL, text, sizeof text) == EXIT_PROVEN;
    printf("unbroken, %s:", only ? only : "everything");
    read_lines(text, "", detail, sizeof detail);
    printf(" %s\n", passed ? "passed" : "REJECTED");
    return !passed;
}

/* Kills of the rows of other ops that come from the same code, same.c: it knows no ops. */
static int sister_kills(int row)
{
    const char *cases = strchr(rows[row].name, '/') + 2;
    int kills = 0;
    if (strncmp(cases, "same bits", 9) != 0 && strncmp(cases, "MXCSR", 5) != 0) return 0;
    for (int i = 0; i < row_count; i++)
        if (strcmp(strchr(rows[i].name, '/') ? strchr(rows[i].name, '/') + 2 : "", cases) == 0)
            kills += rows[i].kills;
    return kills;
}

/* A row of an op that was broken, but which rejected no mutant, has not shown that it can fail. */
static int toothless_rows(const struct mutant *list, int count)
{
    int toothless = 0;
    for (int i = 0; i < row_count; i++) {
        const size_t op_length = strcspn(rows[i].name, "/");
        bool in_scope = false;
        for (int j = 0; j < count; j++)
            in_scope |= strlen(list[j].only) + 1 == op_length &&
                        strncmp(list[j].only, rows[i].name, op_length - 1) == 0;
        if (!in_scope || rows[i].kills > 0 || sister_kills(i)) continue;
        printf("NO TEETH: %s killed no mutant\n", rows[i].name);
        toothless++;
    }
    return toothless;
}

static bool is_listed(const struct mutant *list, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name, list[i].name) == 0) return true;
    return false;
}

int main(int argc, char **argv)
{
    const char *part = argc >= 2 ? argv[1] : "";
    whole = strncmp(part, "all-", 4) == 0;
    if (whole) part += 4;
    const bool steps = strcmp(part, "steps") == 0;
    const char *name = argc == 3 ? argv[2] : NULL;
    int count = 0, wrong = 0;
    const struct mutant *list = steps ? mutants_of_step(&count) : mutants_of_ops(&count);
    if (argc < 2 || argc > 3 || (!steps && strcmp(part, "ops") != 0) ||
        (name && !is_listed(list, count, name))) {
        fprintf(stderr, "usage: %s ops|steps|all-ops|all-steps [NAME of a mutant]\n", argv[0]);
        return EXIT_USAGE;
    }
    if (name) return try_mutants(list, count, name) ? EXIT_FAILURE : EXIT_SUCCESS;
    if (steps) {
        wrong += try_genuine(genuine_step(), "step");
        wrong += try_genuine(genuine_step(), "lockstep");
        wrong += try_genuine(genuine_lazy_step(), "step");
    } else if (whole) {
        wrong += try_genuine(genuine_ops(), NULL);
    } else {
#define OP(name) wrong += try_genuine(genuine_ops(), #name);
#include "ops.def"
#undef OP
    }
    wrong += try_mutants(list, count, NULL);
    if (whole) wrong += toothless_rows(list, count);
    printf("%d mutants, %d verdicts wrong\n", count, wrong);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
