/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "console/wrap.h"

enum {
    TEXT_COLUMN = 24, /* where the explanation of a flag begins */
    TRAINS = COMMAND_RUN | COMMAND_AB | COMMAND_GATE,
    PROVES = TRAINS | COMMAND_PROVE | COMMAND_MICRO | COMMAND_TUNE,
    ALL = ~0,
};

const struct exit_meaning exit_meanings[] = {
    {EXIT_OK, ALL, "everything that was requested is done and proven"},
    {EXIT_PROOF, PROVES,
     "a proof failed, or a backend crashed or could not be opened (the others ran to the end)"},
    {EXIT_USAGE, ALL, "usage: unknown flag or command, or a value that is not allowed"},
    {EXIT_REGRESSION, COMMAND_AB | COMMAND_GATE, "bench ab --fail-on slower, bench gate: slower"},
    {EXIT_INCONCLUSIVE, COMMAND_AB | COMMAND_GATE | COMMAND_COMPARE,
     "no verdict: the run cannot tell (bench ab --fail-on slower, bench gate), the baseline is from another "
     "machine, or the runs of bench compare have nothing in common"},
    {EXIT_INTEGRITY, TRAINS, "an integrity check was violated: see integrity.csv"},
    {EXIT_DATA, PROVES | COMMAND_DATA | COMMAND_MODEL | COMMAND_COMPARE, "data missing or malformed"},
    {EXIT_NOTHING, ALL, "something that was requested cannot run on this CPU"},
    {EXIT_INTERNAL, ALL,
     "internal error, or the system failed (disk full, directory not writable); a file that lacks rows keeps "
     "its .partial name"},
    {EXIT_INTERRUPTED, PROVES, "interrupted; complete rows are on disk"},
    {EXIT_OK, 0, NULL},
};

static int rank_first(const void *x, const void *y)
{
    const int a = *(const int *)x, b = *(const int *)y;
    return a == b ? 0 : exit_code_worst(a, b) == a ? -1 : 1;
}

char *exit_code_order(char *text, size_t size)
{
    int codes[sizeof exit_meanings / sizeof *exit_meanings], count = 0;
    for (const struct exit_meaning *m = exit_meanings; m->meaning; m++)
        if (m->code != EXIT_OK) codes[count++] = (int)m->code;
    qsort(codes, (size_t)count, sizeof *codes, rank_first);
    text[0] = 0;
    for (int i = 0; i < count; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%d", i ? " " : "", codes[i]);
    }
    return text;
}

const struct option_group *group_begun(const struct option_spec *spec)
{
    for (const struct option_group *g = option_groups; g->first; g++)
        if (strcmp(g->first, spec->name) == 0) return g;
    return NULL;
}

char *option_facts(const struct option_spec *spec, char *text, size_t size)
{
    text[0] = 0;
    switch (spec->type) {
    case OPTION_INT:
    case OPTION_INTS:
        snprintf(text, size, "%.0f to %.0f", spec->lo, spec->hi);
        break;
    case OPTION_REAL:
        snprintf(text, size, "%g to %g", spec->lo, spec->hi);
        break;
    case OPTION_SEED:
    case OPTION_SWITCH:
    case OPTION_TEXT:
    case OPTION_TEXTS:
    case OPTION_CHOICE:
        break;
    }
    const size_t used = strlen(text);
    if (spec->fallback) snprintf(text + used, size - used, "%sdefault %s", used ? ", " : "", spec->fallback);
    return text;
}

/* "  --rounds N            rounds of turns ... (6 to 10000, default 48)" */
static void print_flag(FILE *out, const struct option_spec *spec, int width)
{
    char text[600], facts[96];
    int at = fprintf(out, "  --%s%s%s", spec->name, spec->argument ? " " : "",
                     spec->argument ? spec->argument : "");
    option_facts(spec, facts, sizeof facts);
    snprintf(text, sizeof text, "%s%s%s%s", spec->help, *facts ? " (" : "", facts, *facts ? ")" : "");
    if (at + 2 > TEXT_COLUMN) {
        fputc('\n', out);
        at = 0;
    }
    fprintf(out, "%*s", TEXT_COLUMN - at, "");
    wrap_print(out, text, TEXT_COLUMN, TEXT_COLUMN, width);
}

/* A line of its own with what is longer than that below it. */
static void print_line(FILE *out, const char *head, const char *text, int indent, int width)
{
    const int at = fprintf(out, "  %-*s", indent - 2, head);
    wrap_print(out, text, at, indent, width);
}

static void print_examples(FILE *out, const struct command_spec *c, int width)
{
    fputs("\nExamples:\n", out);
    for (int i = 0; i < COMMAND_EXAMPLES && c->examples[i].line; i++) {
        fprintf(out, "  %s\n      ", c->examples[i].line);
        wrap_print(out, c->examples[i].purpose, 6, 6, width);
    }
}

void help_print_overview(FILE *out, int width)
{
    static const char *const common[] = {"backend", "epochs", "threads", "data", "quiet", "version", NULL};
    fputs("usage: bench [COMMAND] [FLAGS]\n", out);
    wrap_print(out, "Proves that SIMD backends are right, then times them training one network.", 0, 0,
               width);
    fputs("\nCommands:\n", out);
    for (const struct command_spec *c = command_table; c->name; c++)
        if (c->help) print_line(out, c->name, c->help, 15, width);
    fputs("\nCommon flags:\n", out);
    for (const struct option_spec *s = option_table; s->name; s++)
        for (int i = 0; common[i]; i++)
            if (strcmp(common[i], s->name) == 0) print_flag(out, s, width);
    fputs("\nExamples:\n"
          "  bench --backend avx2,onednn --epochs 5\n"
          "  bench ab avx512 ./mine.so --op gemm\n\n",
          out);
    wrap_print(out, "bench help COMMAND shows all flags of a command and its exit codes.", 0, 0, width);
}

/* The flags of this command that no variable sets, --help and --version left out: "--plugin, --case". */
static char *flags_without_variable(enum command command, char *text, size_t size)
{
    text[0] = 0;
    for (const struct option_spec *s = option_table; s->name; s++) {
        const size_t used = strlen(text);
        const bool asks = strcmp(s->name, "help") == 0 || strcmp(s->name, "version") == 0;
        if (s->environment || asks || !(s->commands & command)) continue;
        snprintf(text + used, size - used, "%s--%s", used ? ", " : "", s->name);
    }
    return text;
}

static void print_environment(FILE *out, enum command command, int width)
{
    char text[400], without[200];
    flags_without_variable(command, without, sizeof without);
    fputs("\nEnvironment:\n  ", out);
    snprintf(text, sizeof text,
             "BENCH_MAX_ISA sets --max-isa, and so on for each flag%s%s; a flag on the command line wins.",
             *without ? " except " : "", without);
    wrap_print(out, text, 2, 2, width);
}

static void print_exit_codes(FILE *out, enum command command, int width)
{
    fputs("\nExit codes:\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->meaning; m++) {
        char code[16];
        if (!(m->commands & command)) continue;
        snprintf(code, sizeof code, "%3d", (int)m->code);
        print_line(out, code, m->meaning, 7, width);
    }
}

void help_print_command(FILE *out, const struct command_spec *c, int width)
{
    const struct option_group *group = NULL, *shown = NULL;
    fprintf(out, "usage: bench %s%s%s\n", c->name, c->operands, c->command == COMMAND_HELP ? "" : " [FLAGS]");
    wrap_print(out, c->more, 0, 0, width);
    const bool takes_flags = !(c->command & (COMMAND_HELP | COMMAND_SCRIPTS));
    if (takes_flags) fputs("\nFlags, as --flag VALUE or --flag=VALUE:\n", out);
    for (const struct option_spec *s = option_table; s->name; s++) {
        if (group_begun(s)) group = group_begun(s);
        if (!(s->commands & c->command)) continue;
        if (group != shown) fprintf(out, "\n%s:\n", group->title);
        shown = group;
        print_flag(out, s, width);
    }
    if (c->command == COMMAND_MICRO)
        print_line(out, "--benchmark_*", "Google Benchmark's own flags, such as --benchmark_filter=REGEX",
                   TEXT_COLUMN, width);
    print_examples(out, c, width);
    if (takes_flags) {
        print_environment(out, c->command, width);
        print_exit_codes(out, c->command, width);
    }
    if (c->page) fprintf(out, "\nMore: docs/%s\n", c->page);
}
