/* SPDX-License-Identifier: MIT */
#include "cli/reproduce.h"

#include <string.h>

/* One word of a shell command, quoted. */
static void print_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    fputc('\'', out);
}

static void print_flag(FILE *out, const char *flag, const char *value)
{
    fprintf(out, " %s ", flag);
    print_quoted(out, value);
}

static void print_map(FILE *out, const char *map)
{
    if (!map[0]) return;
    fputs("         wrong where #:\n", out);
    for (const char *row = map; *row;) {
        const size_t length = strcspn(row, "/");
        fprintf(out, "           %.*s\n", (int)length, row);
        row += length + (row[length] == '/');
    }
}

static void print_command(FILE *out, const struct options *o, const struct registry_entry *entry,
                          const struct proof_failure *failure)
{
    fprintf(out, "         again: bench prove --backend %s", entry->spec);
    for (int i = 0; i < o->plugin_count; i++) print_flag(out, "--plugin", o->plugins[i]);
    fprintf(out, " --seed %llu", (unsigned long long)o->seed);
    if (o->hidden != 512) fprintf(out, " --hidden %d", o->hidden);
    if (o->batch != 128) fprintf(out, " --batch %d", o->batch);
    if (o->lr != 0.001) fprintf(out, " --lr %.17g", o->lr);
    if (o->threads) fprintf(out, " --threads %d", o->threads);
    if (o->max_isa) fprintf(out, " --max-isa %s", o->max_isa);
    if (o->data) print_flag(out, "--data", o->data);
    if (o->exhaustive) fputs(" --exhaustive", out);
    if (o->allow_deviation) fprintf(out, " --allow-deviation %s", o->allow_deviation);
    print_flag(out, "--case", failure->case_text);
    fputc('\n', out);
}

void reproduce_print(FILE *out, const struct options *o, const struct registry_entry *entry,
                     const struct proof_row *row)
{
    const int kept = row->failures_kept;
    const long long wrong = row->failed + row->deviating;
    fprintf(out, "      %lld of %lld %s", wrong, row->count,
            row->failed       ? "failed"
            : row->count == 1 ? "deviates"
                              : "deviate");
    if (wrong > kept && kept > 0) fprintf(out, "; the first %d", kept);
    fputs(":\n", out);
    for (int i = 0; i < kept; i++) {
        const struct proof_failure *f = &row->failures[i];
        fprintf(out, "      %d) %s\n", i + 1, f->words);
        print_map(out, f->map);
        if (f->case_text[0]) print_command(out, o, entry, f);
    }
}

const char *reproduce_share(double worst_of_bound, char *text, size_t size)
{
    if (worst_of_bound >= COMPARE_HOPELESS) return "beyond any bound";
    snprintf(text, size, "%.3f of its bound", worst_of_bound);
    return text;
}

void reproduce_warn_deviation(FILE *out, const struct registry_entry *entry,
                              const struct proof_verdict *verdict)
{
    char text[PROOF_DEVIATION_TEXT];
    if (proof_passed(verdict) && *proof_deviation(verdict->deviating, text))
        fprintf(out, "warning: %s %s; nothing else is wrong, so it may be timed; bench prove lists them\n",
                entry->name, text);
}
