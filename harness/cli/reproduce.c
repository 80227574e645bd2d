/* SPDX-License-Identifier: MIT */
#include "cli/reproduce.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "console/terminal.h"
#include "console/wrap.h"

void reproduce_print_map(FILE *out, const struct proof_failure *f)
{
    char scale[64];
    if (!f->map[0]) return;
    fprintf(out, "          wrong where #; a cell of the %lld x %lld is %s:\n", f->region.rows,
            f->region.columns, compare_map_scale(f->region.rows, f->region.columns, scale, sizeof scale));
    for (const char *row = f->map; *row;) {
        const size_t length = strcspn(row, "/");
        fprintf(out, "            %.*s\n", (int)length, row);
        row += length + (row[length] == '/');
    }
}

/* ---- The command */

/* A shell command, broken before a word that would not fit into a line. */
struct command_line {
    FILE *out;
    int at, width; /* 0: one line */
};

enum { COMMAND_INDENT = 12 };

static void add_word(struct command_line *l, const char *word)
{
    const int length = (int)strlen(word);
    if (l->width > 0 && l->at + 1 + length + 2 > l->width) {
        fprintf(l->out, " \\\n%*s%s", COMMAND_INDENT, "", word);
        l->at = COMMAND_INDENT + length;
    } else {
        fprintf(l->out, " %s", word);
        l->at += 1 + length;
    }
}

static void add_flag(struct command_line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_flag(struct command_line *l, const char *format, ...)
{
    char *word;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&word, format, arguments) >= 0) {
        add_word(l, word);
        free(word);
    }
    va_end(arguments);
}

/* A flag with a value that a shell must not read. */
static void add_quoted(struct command_line *l, const char *flag, const char *value)
{
    const size_t length = strlen(value);
    char *quoted = malloc(4 * length + 1), *to = quoted;
    if (!quoted) return;
    for (; *value; value++) {
        const char one[2] = {*value, 0};
        to = stpcpy(to, *value == '\'' ? "'\\''" : one);
    }
    *to = 0;
    add_flag(l, "%s '%s'", flag, quoted);
    free(quoted);
}

/* The flags that choose what is proven, but for the case. */
static void add_flags(struct command_line *l, const struct options *o)
{
    for (int i = 0; i < o->plugin_count; i++) add_quoted(l, "--plugin", o->plugins[i]);
    add_flag(l, "--seed %llu", (unsigned long long)o->seed);
    if (o->hidden != 512) add_flag(l, "--hidden %d", o->hidden);
    if (o->batch != 128) add_flag(l, "--batch %d", o->batch);
    if (o->lr != 0.001) add_flag(l, "--lr %.17g", o->lr);
    if (o->threads) add_flag(l, "--threads %d", o->threads);
    if (o->max_isa) add_flag(l, "--max-isa %s", o->max_isa);
    if (o->data) add_quoted(l, "--data", o->data);
    if (o->exhaustive) add_flag(l, "--exhaustive");
    if (o->allow_deviation) add_flag(l, "--allow-deviation %s", o->allow_deviation);
}

/* No case has a quote. A shell takes a line end within quotes for part of the text, and bench for a space. */
static void add_case(struct command_line *l, const char *case_text)
{
    char quoted[PROOF_CASE_TEXT + 2];
    if (l->width == 0 || l->at + (int)strlen(case_text) + 10 <= l->width) {
        fprintf(l->out, " --case '%s'\n", case_text);
        return;
    }
    const int at = fprintf(l->out, " \\\n%*s--case '", COMMAND_INDENT, "") - 3;
    snprintf(quoted, sizeof quoted, "%s'", case_text);
    wrap_print(l->out, quoted, at, COMMAND_INDENT + 2, l->width);
}

void reproduce_print_command(FILE *out, const struct options *o, const struct registry_entry *entry,
                             const char *case_text)
{
    if (!case_text[0]) return;
    struct command_line l = {.out = out, .width = terminal_width(out)};
    l.at = fprintf(out, "          again: bench prove --backend %s", entry->spec);
    add_flags(&l, o);
    add_case(&l, case_text);
}

void reproduce_print_deviations(FILE *out, const struct options *o, const struct registry_entry *entry,
                                const struct proof_row *row)
{
    fprintf(out, "          %lld of %lld deviate%s", row->deviating, row->count, row->count == 1 ? "s" : "");
    if (row->deviating > row->failures_saved) fprintf(out, "; the first %d", row->failures_saved);
    fputs(":\n", out);
    for (int i = 0; i < row->failures_saved; i++) {
        const struct proof_failure *f = &row->failures[i];
        const int at = fprintf(out, "       %d) ", i + 1);
        wrap_print(out, f->message, at, at, terminal_width(out));
        reproduce_print_map(out, f);
        reproduce_print_command(out, o, entry, f->case_text);
    }
}

void reproduce_warn_deviation(FILE *out, const struct registry_entry *entry,
                              const struct proof_verdict *verdict)
{
    char text[PROOF_DEVIATION_TEXT];
    if (proof_passed(verdict) && *proof_deviation(verdict->deviating, text))
        fprintf(out, "warning: %s %s; nothing else is wrong, so it may be timed; bench prove lists them\n",
                entry->name, text);
}
