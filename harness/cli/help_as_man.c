/* SPDX-License-Identifier: MIT
 *
 * The man page, in the macros of man(7). */
#include <string.h>

#include "cli/help.h"
#include "cli/help_as.h"
#include "machine/build.h"

/* Of the page's own text; what comes from the tables changes with them. */
static const char page_date[] = "2026-11-28";

/* Text as it is: no dash becomes a hyphen, nothing a request. */
static void print_text(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
    }
}

static void print_head(FILE *out)
{
    fprintf(out, ".TH LANEBENCH 1 %s \"Lanebench %s\" \"User Commands\"\n", page_date, build_get()->version);
    const char *const names = build_get()->names, *const alias = strchr(names, ' ');
    fprintf(out, ".SH NAME\n%.*s%s%s \\- prove SIMD kernels right, then time them in a real training run\n",
            (int)strcspn(names, " "), names, alias ? "," : "", alias ? alias : "");
    fputs(".SH SYNOPSIS\n"
          ".B lanebench\n"
          "[\\fICOMMAND\\fR]\n"
          "[\\fIFLAGS\\fR]\n"
          ".br\n"
          ".B lanebench ab\n"
          "\\fIA B\\fR\n"
          "[\\fIFLAGS\\fR]\n"
          ".SH DESCRIPTION\n"
          "Interchangeable backends of single\\-precision kernels drive one training loop, a classifier of\n"
          "handwritten digits.\n"
          "Each backend is first proven numerically equivalent to an oracle in double precision; only then "
          "does\n"
          "it train against the clock, in the same process.\n"
          "Results go to standard output and to files, everything else to standard error.\n",
          out);
}

static void print_commands(FILE *out)
{
    fputs(".SH COMMANDS\n", out);
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help) continue;
        fprintf(out, ".TP\n.B %s\n", c->name);
        print_text(out, c->more);
        fputs("\n", out);
    }
}

static void print_examples(FILE *out)
{
    fputs(".SH EXAMPLES\n", out);
    for (const struct command_spec *c = command_table; c->name; c++)
        for (int i = 0; c->help && i < COMMAND_EXAMPLES && c->examples[i].line; i++) {
            fputs(".TP\n.B ", out);
            print_text(out, c->examples[i].line);
            fputs("\n", out);
            print_text(out, c->examples[i].purpose);
            fputs("\n", out);
        }
}

static void print_option(FILE *out, const struct option_spec *spec)
{
    char facts[96], takers[160];
    fputs(".TP\n.B ", out);
    print_text(out, "--");
    print_text(out, spec->name);
    if (spec->argument) {
        fputs(" \\fI", out);
        print_text(out, spec->argument);
        fputs("\\fR", out);
    }
    fputs("\n", out);
    print_text(out, spec->help);
    fputs(".\n", out);
    if (*option_facts(spec, facts, sizeof facts)) {
        fputs("Values: ", out);
        print_text(out, facts);
        fputs(".\n", out);
    }
    if (spec->environment) fprintf(out, "Environment: \\fB%s\\fR.\n", spec->environment);
    fprintf(out, "Commands: %s.\n", command_takers(spec, takers, sizeof takers));
}

static void print_exit_codes(FILE *out)
{
    fputs(".SH EXIT STATUS\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->meaning; m++) {
        fprintf(out, ".TP\n.B %d\n", (int)m->code);
        print_text(out, m->meaning);
        fputs(".\n", out);
    }
}

static void print_tail(FILE *out)
{
    fputs(
        ".SH ENVIRONMENT\n"
        "A flag on the command line wins over its environment variable.\n"
        ".TP\n.B MNIST_DIR\nDirectory of the images, unless given with\n.BR \\-\\-data .\n"
        ".TP\n.B NO_COLOR\nNo colours on a terminal.\n"
        ".TP\n.B XDG_CACHE_HOME\nWhere bench fetch-mnist and bench tune save their files (default: "
        "~/.cache).\n"
        ".SH FILES\n"
        ".TP\n.I results/RUN/\nThe files of a run: epochs.csv, ops.csv, proof.csv, machine.json and others.\n"
        ".TP\n.I ~/.cache/lanebench/mnist/\nThe data set, if no directory is named.\n"
        ".TP\n.I ~/.cache/lanebench/tuning.json\nBlock sizes that bench tune saved.\n",
        out);
}

void help_as_man(FILE *out)
{
    print_head(out);
    print_commands(out);
    fputs(".SH OPTIONS\nA value follows its flag, or is joined to it by an equals sign.\n", out);
    for (const struct option_spec *s = option_table; s->name; s++) {
        if (group_begun(s)) fprintf(out, ".SS %s\n", group_begun(s)->title);
        print_option(out, s);
    }
    fputs(".TP\n.B \\-\\-benchmark_*\nGoogle Benchmark's own flags, such as \\-\\-benchmark_filter=REGEX.\n"
          "Commands: micro.\n",
          out);
    print_exit_codes(out);
    print_tail(out);
    print_examples(out);
}
