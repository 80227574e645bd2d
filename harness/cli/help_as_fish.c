/* SPDX-License-Identifier: MIT
 *
 * The completion for fish. */
#include <string.h>

#include "cli/help_as.h"
#include "machine/build.h"

/* Within single quotes fish takes a backslash before quotes and backslashes only. */
static void print_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    print_escaped(out, text, "'\\");
    fputc('\'', out);
}

static void print_flag(FILE *out, const struct option_spec *spec)
{
    char takers[160];
    fprintf(out, "complete -c lanebench -n '__lanebench_takes %s' -l %s",
            command_takers(spec, takers, sizeof takers), spec->name);
    if (spec->argument) {
        const struct value_kind kind = value_kind_of(spec);
        fputs(kind.files ? " -r -F" : " -x", out);
        if (kind.backends)
            fputs(" -a '(__lanebench_backends)'", out);
        else if (kind.dirs)
            fputs(" -a '(__fish_complete_directories)'", out);
        else if (kind.values[0])
            fprintf(out, " -a '%s'", kind.values);
    }
    fputs(" -d ", out);
    print_quoted(out, spec->help);
    fputc('\n', out);
}

void help_as_fish(FILE *out)
{
    fputs("# fish completion for Lanebench, made by: lanebench help-as fish\n\n"
          "function __lanebench_command\n"
          "    set -l tokens (commandline -opc)\n"
          "    if set -q tokens[2]; and not string match -q -- '-*' $tokens[2]\n"
          "        echo $tokens[2]\n"
          "    else\n"
          "        echo run\n"
          "    end\n"
          "end\n\n"
          "function __lanebench_takes\n"
          "    contains -- (__lanebench_command) $argv\n"
          "end\n\n"
          "# Those already typed, with a comma, go before each name.\n"
          "function __lanebench_backends\n"
          "    set -l typed (commandline -ct | string replace -r '^--[a-z-]+=' '' | string match -r '^.*,')\n"
          "    set -q typed[1]; or set typed ''\n"
          "    set -l tokens (commandline -opc)\n"
          "    printf '%s\\n' $typed(printf '%s\\n' all ($tokens[1] help-as backends 2>/dev/null))\n"
          "end\n\n"
          "complete -c lanebench -f\n"
          "complete -c lanebench -n '__lanebench_takes ab' -F -a '(__lanebench_backends)'\n"
          "complete -c lanebench -n '__lanebench_takes report plot compare' -a "
          "'(__fish_complete_directories)'\n",
          out);
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help) continue;
        fprintf(out, "complete -c lanebench -n __fish_is_first_token -a %s -d ", c->name);
        print_quoted(out, c->help);
        fputc('\n', out);
    }
    for (const struct command_spec *c = command_table; c->name; c++)
        if (c->help) fprintf(out, "complete -c lanebench -n '__lanebench_takes help' -a %s\n", c->name);
    for (const struct option_spec *s = option_table; s->name; s++) print_flag(out, s);
    const char *const alias = strchr(build_get()->names, ' ');
    if (alias) fprintf(out, "complete -c%s -w lanebench\n", alias);
}
