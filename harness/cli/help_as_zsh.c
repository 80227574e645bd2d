/* SPDX-License-Identifier: MIT
 *
 * The completion for zsh, by its _arguments. */
#include "cli/help_as.h"
#include "machine/build.h"

/* Within single quotes, where a quote ends them; brackets and colons are _arguments' own. */
static void print_help(FILE *out, const char *text, const char *special)
{
    for (; *text; text++) {
        const char one[2] = {*text, 0};
        if (*text == '\'')
            fputs("'\\''", out);
        else
            print_escaped(out, one, special);
    }
}

static void print_flag(FILE *out, const struct option_spec *spec)
{
    fprintf(out, "            '%s--%s%s[", spec->type == OPTION_TEXTS ? "*" : "", spec->name,
            spec->argument ? "=" : "");
    print_help(out, spec->help, "[]\\:");
    fputc(']', out);
    if (spec->argument) {
        const struct value_kind kind = value_kind_of(spec);
        fputc(':', out);
        print_help(out, spec->argument, "[]\\:");
        fputc(':', out);
        if (kind.backends)
            fputs("_lanebench_backends", out);
        else if (kind.dirs)
            fputs("_files -/", out);
        else if (kind.files)
            fputs("_files", out);
        else if (kind.values[0])
            fprintf(out, "(%s)", kind.values);
        else
            fputc(' ', out);
    }
    fputs("'\n", out);
}

static void print_commands(FILE *out)
{
    fputs("    commands=(\n", out);
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help) continue;
        fprintf(out, "        '%s:", c->name);
        print_help(out, c->help, ":\\");
        fputs("'\n", out);
    }
    fputs("    )\n", out);
}

static void print_flags(FILE *out)
{
    fputs("    case $command in\n", out);
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help) continue;
        fprintf(out, "    %s)\n        flags=(\n", c->name);
        for (const struct option_spec *s = option_table; s->name; s++)
            if (s->commands & c->command) print_flag(out, s);
        if (c->command == COMMAND_AB)
            fputs("            ':A:_lanebench_contender' ':B:_lanebench_contender'\n", out);
        if (c->command & (COMMAND_REPORT | COMMAND_PLOT | COMMAND_COMPARE))
            fputs("            '*:directory:_files -/'\n", out);
        if (c->command == COMMAND_HELP) fputs("            ':command:{_describe command commands}'\n", out);
        fputs("        ) ;;\n", out);
    }
    fputs("    esac\n", out);
}

void help_as_zsh(FILE *out)
{
    fprintf(out, "#compdef %s\n", build_get()->names);
    fputs("# zsh completion for Lanebench, made by: lanebench help-as zsh\n\n"
          "_lanebench_names()\n"
          "{\n"
          "    names=(${(f)\"$(_call_program backends $program help-as backends 2>/dev/null)\"})\n"
          "}\n\n"
          "_lanebench_backends()\n"
          "{\n"
          "    local -a names\n"
          "    _lanebench_names\n"
          "    _values -s , backend all $names\n"
          "}\n\n"
          "_lanebench_contender()\n"
          "{\n"
          "    local -a names\n"
          "    _lanebench_names\n"
          "    _alternative \"backends:backend:($names)\" 'files:file:_files'\n"
          "}\n\n"
          "_lanebench()\n"
          "{\n"
          "    local -a commands flags\n"
          "    local command=run program=$words[1]\n",
          out);
    print_commands(out);
    fputs("    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    if [[ $words[2] != -* ]]; then\n"
          "        command=$words[2]\n"
          "        shift words\n"
          "        (( CURRENT-- ))\n"
          "    fi\n",
          out);
    print_flags(out);
    fputs("    _arguments : $flags\n"
          "}\n\n"
          "# Found by its file name, it completes; sourced, it registers.\n"
          "if [[ ${funcstack[1]-} == _lanebench ]]; then\n"
          "    _lanebench \"$@\"\n"
          "else\n"
          "    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
          "    compdef _lanebench ",
          out);
    fprintf(out, "%s\nfi\n", build_get()->names);
}
