/* SPDX-License-Identifier: MIT
 *
 * docs/bench.md: every command, flag and exit code. */
#include <string.h>

#include "cli/help.h"
#include "cli/help_as.h"

/* In a cell of a table: a bar would end it. */
static void print_cell(FILE *out, const char *text)
{
    print_escaped(out, text, "|");
}

static void print_commands(FILE *out)
{
    fputs("| command | purpose |\n|---|---|\n", out);
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help) continue;
        fprintf(out, "| [`bench %s%s`](#bench-%s) | ", c->name, c->operands, c->name);
        print_cell(out, c->help);
        fputs(" |\n", out);
    }
}

static void print_command(FILE *out, const struct command_spec *c)
{
    fprintf(out, "\n### bench %s\n\n%s", c->name, c->more);
    if (c->page) fprintf(out, " [More](%s).", c->page);
    fputs("\n\n```sh\n", out);
    for (int i = 0; i < COMMAND_EXAMPLES && c->examples[i].line; i++)
        fprintf(out, "%-55s # %s\n", c->examples[i].line, c->examples[i].purpose);
    fputs("```\n", out);
    const char *separator = "\nFlags: ";
    for (const struct option_spec *s = option_table; s->name; s++) {
        if (!(s->commands & c->command)) continue;
        fprintf(out, "%s`--%s`", separator, s->name);
        separator = ", ";
    }
    if (c->command == COMMAND_MICRO) fputs(", `--benchmark_*`", out);
    if (*separator == ',') fputs(".\n", out);
}

static void print_flag(FILE *out, const struct option_spec *spec)
{
    char facts[96];
    fprintf(out, "| `--%s", spec->name);
    if (spec->argument) fputc(' ', out);
    print_cell(out, spec->argument ? spec->argument : "");
    fputs("` | ", out);
    print_cell(out, spec->help);
    option_facts(spec, facts, sizeof facts);
    fputs(*facts ? "; " : "", out);
    print_cell(out, facts);
    fprintf(out, " | %s%s%s |\n", spec->environment ? "`" : "", spec->environment ? spec->environment : "",
            spec->environment ? "`" : "");
}

static void print_flags(FILE *out)
{
    for (const struct option_spec *s = option_table; s->name; s++) {
        const struct option_group *group = group_begun(s);
        if (group)
            fprintf(out, "\n### %s\n\n| flag | meaning | environment |\n|---|---|---|\n", group->title);
        print_flag(out, s);
    }
    fputs("\n`bench micro` also takes Google Benchmark's own `--benchmark_*` flags.\n", out);
}

static void print_exit_codes(FILE *out)
{
    char order[64];
    fputs("\n## Exit codes\n\n| exit code | meaning |\n|---|---|\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->meaning; m++) {
        fprintf(out, "| %d | ", (int)m->code);
        print_cell(out, m->meaning);
        fputs(" |\n", out);
    }
    fprintf(out, "\nIf several apply, the program ends with the first of these: %s.\n",
            exit_code_order(order, sizeof order));
}

void help_as_md(FILE *out)
{
    fputs("# Commands, flags and exit codes\n\n"
          "<!-- Written by `bench help-as md`; a test compares this page with the program's. -->\n\n"
          "`bench [COMMAND] [FLAGS]`; without a command it is `bench run`. `bench help COMMAND` shows one "
          "command on the terminal.\n\n"
          "## Commands\n\n",
          out);
    print_commands(out);
    for (const struct command_spec *c = command_table; c->name; c++)
        if (c->help) print_command(out, c);
    fputs("\n## Flags\n\n"
          "`--flag VALUE` or `--flag=VALUE`. A flag on the command line wins over its variable in the "
          "environment.\n",
          out);
    print_flags(out);
    print_exit_codes(out);
}
