/* SPDX-License-Identifier: MIT
 *
 * The help page, made from the tables of options.c. */
#include <string.h>

#include "cli/help.h"
#include "cli/options.h"

const struct exit_meaning exit_meanings[] = {
    {EXIT_OK, "all that was asked for was done, and proven"},
    {EXIT_PROOF, "a proof failed, or a backend crashed or cannot be opened (the others ran to their end)"},
    {EXIT_USAGE, "usage: unknown flag or command, impossible value"},
    {EXIT_REGRESSION, "bench ab --fail-on slower, bench gate: slower"},
    {EXIT_INCONCLUSIVE, "the same: too noisy to tell, or a baseline of another machine"},
    {EXIT_INTEGRITY, "an integrity check was violated: see integrity.csv"},
    {EXIT_DATA, "data missing or malformed"},
    {EXIT_NOTHING, "something asked for cannot run on this CPU"},
    {EXIT_INTERNAL, "internal error, or the system failed (disk full, folder not writable)"},
    {EXIT_INTERRUPTED, "interrupted; complete rows are on disk"},
    {EXIT_OK, NULL},
};

static void print_commands(FILE *out)
{
    fputs("\nCommands:\n", out);
    for (const struct command_spec *c = command_table; c->name; c++)
        if (c->help) fprintf(out, "  %-8s %s\n", c->name, c->help);
}

/* "run, prove, micro", or nothing when every command takes it. */
static void print_takers(FILE *out, const struct option_spec *spec)
{
    int takers = 0, shown = 0;
    for (const struct command_spec *c = command_table; c->name; c++) {
        shown += c->help != NULL;
        takers += c->help && (spec->commands & c->command);
    }
    if (takers == shown) return;
    const char *separator = " (";
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!(spec->commands & c->command)) continue;
        fprintf(out, "%s%s", separator, c->name);
        separator = ", ";
    }
    fputc(')', out);
}

static void print_flag(FILE *out, const struct option_spec *spec, bool all)
{
    char head[48], allowed[96];
    snprintf(head, sizeof head, "--%s%s%s", spec->name, spec->argument ? " " : "",
             spec->argument ? spec->argument : "");
    fprintf(out, "  %-20s %s", head, spec->help);
    if (all) print_takers(out, spec);
    if (spec->environment) {
        fprintf(out, "\n  %-20s   ", "");
        if (spec->type == OPTION_INT || spec->type == OPTION_INTS || spec->type == OPTION_REAL)
            fprintf(out, "%s; ", option_allowed(spec, allowed, sizeof allowed));
        if (spec->fallback) fprintf(out, "default %s; ", spec->fallback);
        fprintf(out, "environment %s", spec->environment);
    }
    fputc('\n', out);
}

void help_print(FILE *out, enum command command, bool all)
{
    const struct command_spec *c = command_table;
    while (c->command != command) c++;
    if (all)
        fputs("usage: bench [COMMAND] [FLAGS]\n"
              "Proves SIMD backends numerically equivalent, then times them training one network.\n",
              out);
    else
        fprintf(out, "usage: bench %s%s [FLAGS]\n%s\n", c->name, command == COMMAND_AB ? " A B" : "",
                c->help ? c->help : "for the program's own use");
    if (all) print_commands(out);
    fputs("\nFlags (--flag VALUE or --flag=VALUE; a flag wins over its environment variable):\n", out);
    for (const struct option_spec *s = option_table; s->name; s++)
        if (all || (s->commands & command)) print_flag(out, s, all);
    if (all || command == COMMAND_MICRO)
        fputs(
            "  --benchmark_*        Google Benchmark's own flags, such as --benchmark_filter=REGEX (micro)\n",
            out);
    fputs("\nExit codes (of several that apply, the first of 99 130 5 1 6 3 4 77):\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->meaning; m++)
        fprintf(out, "  %3d  %s\n", (int)m->code, m->meaning);
    if (all)
        fputs("\nExample: bench --backend avx2,onednn --epochs 5\n"
              "Results go to stdout and to files, everything else to stderr; NO_COLOR is honoured.\n",
              out);
}
