/* SPDX-License-Identifier: MIT */
#include "cli/help_as.h"

#include <ctype.h>
#include <string.h>

/* A word of an argument such as "auto|off|FILE": capitals name a kind, others are values themselves. */
static void add_alternative(struct value_kind *kind, const char *word, size_t length)
{
    const size_t used = strlen(kind->values);
    if (strncmp(word, "LIST", 4) == 0)
        kind->backends = true;
    else if (strncmp(word, "DIR", 3) == 0)
        kind->dirs = true;
    else if (strncmp(word, "FILE", 4) == 0 || strncmp(word, "PATH", 4) == 0)
        kind->files = true;
    else if (islower((unsigned char)word[0]))
        snprintf(kind->values + used, sizeof kind->values - used, "%s%.*s", used ? " " : "", (int)length,
                 word);
}

struct value_kind value_kind_of(const struct option_spec *spec)
{
    struct value_kind kind = {.values = ""};
    switch (spec->type) {
    case OPTION_SWITCH:
    case OPTION_INT:
    case OPTION_SEED:
    case OPTION_REAL:
        return kind;
    default:
        break;
    }
    for (const char *word = spec->argument; *word;) {
        const size_t length = strcspn(word, "|");
        add_alternative(&kind, word, length);
        word += length + (word[length] == '|');
    }
    return kind;
}

char *command_takers(const struct option_spec *spec, char *text, size_t size)
{
    text[0] = 0;
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help || !(spec->commands & c->command)) continue;
        const size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", used ? " " : "", c->name);
    }
    return text;
}

void print_escaped(FILE *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text)) fputc('\\', out);
        fputc(*text, out);
    }
}
