/* SPDX-License-Identifier: MIT
 *
 * The command line on any arguments: the input's lines, one per argument. Those such as BENCH_NAME=VALUE
 * become the environment. */
#include <string.h>

#include "cli/options.h"
#include "fuzz.h"

enum { MAX_ARGUMENTS = 40 };

/* What options_parse accepts keeps to the limits that --help states. bench help COMMAND reads no option, so
 * it has none to keep. */
static void demand_limits(const struct options *o)
{
    for (const struct option_spec *s = option_table; s->name; s++) {
        const char *const member = (const char *)o + s->offset;
        if (!(s->commands & (unsigned)o->command) || !s->fallback) continue;
        if (s->type == OPTION_INT) {
            int value;
            memcpy(&value, member, sizeof value);
            FUZZ_DEMAND(value >= s->lo && value <= s->hi);
        } else if (s->type == OPTION_REAL) {
            double value;
            memcpy(&value, member, sizeof value);
            FUZZ_DEMAND(value >= s->lo && value <= s->hi);
        }
    }
}

static void parse(int argc, char **argv)
{
    struct options o;
    struct error e = {0};
    const int code = options_parse(&o, argc, argv, &e);
    FUZZ_DEMAND(code == (int)e.code);
    if (code) {
        FUZZ_DEMAND(code == EXIT_USAGE || code == EXIT_INTERNAL);
        FUZZ_DEMAND(memchr(e.text, 0, sizeof e.text) && e.text[0] && !strchr(e.text, '\n'));
    } else if (!o.help) {
        demand_limits(&o);
    }
    options_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *arguments[MAX_ARGUMENTS + 2], *set[MAX_ARGUMENTS];
    char program[] = "bench";
    int argc = 0, settings = 0;
    char *const text = malloc(size + 1);
    FUZZ_DEMAND(text);
    memcpy(text, data, size);
    text[size] = 0;
    arguments[argc++] = program;
    char *rest = text;
    for (char *line; argc <= MAX_ARGUMENTS && (line = strsep(&rest, "\n")) != NULL;) {
        char *const equals = strchr(line, '=');
        if (strncmp(line, "BENCH_", 6) == 0 && equals && settings < MAX_ARGUMENTS) {
            *equals = 0;
            setenv(line, equals + 1, 1);
            set[settings++] = line;
        } else {
            arguments[argc++] = line;
        }
    }
    arguments[argc] = NULL;
    parse(argc, arguments);
    while (settings) unsetenv(set[--settings]);
    free(text);
    return 0;
}
