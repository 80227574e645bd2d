/* SPDX-License-Identifier: MIT
 *
 * The same tables as --help, in other forms: a man page, docs/bench.md, and the values that shells complete.
 */
#ifndef LB_HELP_AS_H
#define LB_HELP_AS_H

#include "cli/options.h"

void help_as_man(FILE *out);
void help_as_md(FILE *out);
void help_as_bash(FILE *out);
void help_as_zsh(FILE *out);
void help_as_fish(FILE *out);

/* What a flag's value is, as far as a shell can complete it. */
struct value_kind {
    bool backends, files, dirs;
    char values[96]; /* values with spaces between: "auto off"; "" when there are none */
};

struct value_kind value_kind_of(const struct option_spec *spec);

/* The commands that --help shows and that take this flag, with spaces between. Returns text. */
char *command_takers(const struct option_spec *spec, char *text, size_t size);

/* The text, with a backslash before each of the characters `special`. */
void print_escaped(FILE *out, const char *text, const char *special);

#endif
