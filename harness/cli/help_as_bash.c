/* SPDX-License-Identifier: MIT
 *
 * The completion for bash. Names and flags of the tables have no characters that a shell would take for its
 * own. */
#include "cli/help_as.h"
#include "machine/build.h"

static bool is_completed(const struct value_kind *kind)
{
    return kind->backends || kind->dirs || kind->files || kind->values[0];
}

/* What completes the value of each flag, as the branches of a case; of those that nothing does, all in one.
 */
static void print_values(FILE *out)
{
    const char *separator = "        ";
    for (const struct option_spec *s = option_table; s->name; s++) {
        const struct value_kind kind = value_kind_of(s);
        if (s->type == OPTION_SWITCH || is_completed(&kind)) continue;
        fprintf(out, "%s--%s", separator, s->name);
        separator = "|";
    }
    fputs(")\n            return ;;\n", out);
    for (const struct option_spec *s = option_table; s->name; s++) {
        const struct value_kind kind = value_kind_of(s);
        if (s->type == OPTION_SWITCH || !is_completed(&kind)) continue;
        fprintf(out, "        --%s)\n            _lanebench_value '%s' %s %s; return ;;\n", s->name,
                kind.values,
                kind.backends ? "backends"
                : kind.dirs   ? "directories"
                : kind.files  ? "files"
                              : "none",
                kind.backends ? "list" : "one");
    }
}

static void print_flags(FILE *out)
{
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help) continue;
        fprintf(out, "        %s) flags='", c->name);
        for (const struct option_spec *s = option_table; s->name; s++)
            if (s->commands & c->command) fprintf(out, "--%s ", s->name);
        fputs(c->command == COMMAND_MICRO
                  ? "--benchmark_filter= --benchmark_repetitions= --benchmark_out=' ;;\n"
                  : "' ;;\n",
              out);
    }
}

static void print_commands(FILE *out)
{
    for (const struct command_spec *c = command_table; c->name; c++)
        if (c->help) fprintf(out, "%s ", c->name);
}

static const char value_function[] =
    "# VALUES KIND one|list: completes $cur with the values and what is of that kind; a list has commas "
    "between.\n"
    "_lanebench_value()\n"
    "{\n"
    "    local values=$1 head= part=$cur\n"
    "    if [[ $3 == list && $cur == *,* ]]; then\n"
    "        head=${cur%,*}, part=${cur##*,}\n"
    "    fi\n"
    "    [[ $2 == backends ]] && values+=\" $(\"${COMP_WORDS[0]}\" help-as backends 2>/dev/null)\"\n"
    "    mapfile -t COMPREPLY < <(compgen -P \"$head\" -W \"$values\" -- \"$part\")\n"
    "    local -a found=()\n"
    "    [[ $2 == directories ]] && mapfile -t found < <(compgen -d -- \"$cur\")\n"
    "    [[ $2 == files ]] && mapfile -t found < <(compgen -f -- \"$cur\")\n"
    "    if ((${#found[@]})); then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        COMPREPLY+=(\"${found[@]}\")\n"
    "    fi\n"
    "}\n\n";

static const char main_head[] =
    "_lanebench()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=run flags=\n"
    "    COMPREPLY=()\n"
    "    # Bash splits --flag=value into three.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then\n"
    "        command=${COMP_WORDS[1]}\n"
    "    fi\n"
    "    case $prev in\n";

static const char main_tail[] =
    "    esac\n"
    "    if [[ $cur == -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\")\n"
    "        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null\n"
    "    elif ((COMP_CWORD == 1)); then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$cur\")\n"
    "    elif ((COMP_CWORD == 2)) && [[ $command == help ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$cur\")\n"
    "    elif [[ $command == ab ]]; then\n"
    "        _lanebench_value '' backends one\n"
    "    elif [[ $command == report || $command == plot || $command == compare ]]; then\n"
    "        _lanebench_value '' directories one\n"
    "    fi\n"
    "    return 0\n"
    "}\n";

void help_as_bash(FILE *out)
{
    fputs("# bash completion for Lanebench, made by: lanebench help-as bash\n\n", out);
    fputs(value_function, out);
    fputs(main_head, out);
    print_values(out);
    fputs("    esac\n    local commands='", out);
    print_commands(out);
    fputs("'\n    case $command in\n", out);
    print_flags(out);
    fputs(main_tail, out);
    fprintf(out, "complete -F _lanebench %s\n", build_get()->names);
}
