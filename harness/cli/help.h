/* SPDX-License-Identifier: MIT
 *
 * The help pages, from the tables of options.h. */
#ifndef LB_HELP_H
#define LB_HELP_H

#include <stdio.h>

#include "base/error.h"
#include "cli/options.h"

struct exit_meaning {
    enum exit_code code;
    unsigned commands; /* enum command, or-ed: those that can end so */
    const char *meaning;
};

/* Ends with an entry whose meaning is NULL. */
extern const struct exit_meaning exit_meanings[];

/* Commands, and the flags that most people need. width: columns of a line. */
void help_print_overview(FILE *out, int width);

/* One command: what it does, its flags in groups, examples, exit codes. */
void help_print_command(FILE *out, const struct command_spec *c, int width);

/* What a value may be and what it is without the flag: "6 to 10000, default 48"; "" where there is nothing to
 * say. Returns text. */
char *option_facts(const struct option_spec *spec, char *text, size_t size);

/* The entry of option_groups that this entry of option_table begins; NULL: none. */
const struct option_group *group_begun(const struct option_spec *spec);

/* Of several exit codes that apply, which one it is: "99 130 5 1 6 3 4 77". Returns text. */
char *exit_code_order(char *text, size_t size);

#endif
