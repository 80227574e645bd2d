/* SPDX-License-Identifier: MIT */
#include "report/target_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/provenance.h"
#include "report/table.h"
#include "stats/order.h"

static const char *const columns[] = {
    "schema",          "run_id",           "dataset", "backend",       "threads",           "seed",
    "target_accuracy", "reached",          "epochs",  "train_seconds", "seconds_to_target", "val_accuracy",
    "env_id",          PROVENANCE_COLUMNS, NULL};

int target_open(struct target_report *t, double accuracy, const char *folder,
                const struct row_identity *identity, struct error *e)
{
    *t = (struct target_report){.accuracy = accuracy, .identity = *identity, .csv = {.fd = -1}};
    return csv_create(&t->csv, folder, "target.csv", columns, e);
}

static int write_row(struct target_report *t, const struct target_outcome *o, struct error *e)
{
    struct csv *c = &t->csv;
    csv_integer(c, 1);
    csv_text(c, t->identity.run_id);
    csv_text(c, t->identity.dataset);
    csv_text(c, o->entry->name);
    csv_integer(c, t->identity.threads);
    csv_unsigned(c, o->seed);
    csv_real(c, t->accuracy);
    csv_integer(c, o->reached);
    csv_integer(c, o->epochs);
    csv_real(c, o->train_seconds);
    if (o->reached)
        csv_real(c, o->train_seconds);
    else
        csv_empty(c);
    csv_real(c, o->val_accuracy);
    csv_text(c, t->identity.env_id);
    csv_provenance(c, o->entry);
    return csv_end_row(c, e);
}

/* The training under way, a new one where there is none. NULL when out of memory. */
static struct target_outcome *outcome_of(struct target_report *t, const struct registry_entry *entry,
                                         uint64_t seed)
{
    for (int i = 0; i < t->count; i++)
        if (t->outcomes[i].entry == entry && t->outcomes[i].seed == seed) return &t->outcomes[i];
    if (t->count == t->capacity) {
        const int capacity = t->capacity ? 2 * t->capacity : 16;
        struct target_outcome *grown = realloc(t->outcomes, (size_t)capacity * sizeof *grown);
        if (!grown) return NULL;
        t->outcomes = grown;
        t->capacity = capacity;
    }
    t->outcomes[t->count] = (struct target_outcome){.entry = entry, .seed = seed};
    return &t->outcomes[t->count++];
}

int target_epoch(struct target_report *t, const struct registry_entry *entry, uint64_t seed,
                 const struct epoch_result *result, int all_epochs, struct error *e)
{
    struct target_outcome *o = outcome_of(t, entry, seed);
    if (!o) return error_set(e, EXIT_INTERNAL, "out of memory");
    o->epochs = result->epoch;
    o->train_seconds += result->train_seconds;
    o->val_accuracy = result->val_accuracy;
    o->reached = result->val_accuracy >= t->accuracy;
    o->finished = o->reached || o->epochs >= all_epochs;
    return o->finished ? write_row(t, o, e) : 0;
}

static void seconds_cell(struct table *table, double seconds)
{
    if (isfinite(seconds))
        table_cell(table, "%.3f", seconds);
    else
        table_cell(table, "%s", "not reached");
}

/* Sorts them. What was not reached is infinite, and so may the median be. */
static double middle_of(double *values, int count)
{
    sort_values(values, count);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

/* seconds and epochs have room for every outcome. */
static void add_line(struct table *table, const struct target_report *t, const struct registry_entry *entry,
                     int seeds, double *seconds, double *epochs)
{
    int count = 0, reached = 0;
    double least = INFINITY, most = 0.0;
    for (int i = 0; i < t->count; i++) {
        const struct target_outcome *o = &t->outcomes[i];
        if (o->entry != entry || !o->finished) continue;
        seconds[count] = o->reached ? o->train_seconds : INFINITY;
        epochs[count] = o->epochs;
        least = fmin(least, seconds[count]);
        most = fmax(most, seconds[count++]);
        reached += o->reached;
    }
    table_cell(table, "%s", entry->name);
    table_cell(table, "%d of %d", reached, seeds);
    if (count == 0) {
        for (int i = 0; i < 4; i++) table_cell(table, "%s", "");
        return;
    }
    seconds_cell(table, middle_of(seconds, count));
    seconds_cell(table, least);
    seconds_cell(table, most);
    table_cell(table, "%g", middle_of(epochs, count));
}

int target_print(const struct target_report *t, const struct registry_entry *const *entries, int count,
                 int seeds, FILE *out)
{
    struct table table;
    double *seconds = calloc((size_t)t->count + 1, sizeof *seconds);
    double *epochs = calloc((size_t)t->count + 1, sizeof *epochs);
    static const char *const head[] = {"backend", "seeds reached", "median s", "least s", "most s", "epochs"};
    table_init(&table, "lrrrrr");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&table, "%s", head[i]);
    for (int i = 0; i < count && seconds && epochs; i++)
        add_line(&table, t, entries[i], seeds, seconds, epochs);
    const int code = table.failed || !seconds || !epochs ? -1 : 0;
    fprintf(out,
            "time to a validation accuracy of %g: seconds of training steps alone, looked at after whole "
            "epochs;\nmedian and spread over the seeds\n",
            t->accuracy);
    table_print(&table, out);
    fputc('\n', out);
    table_free(&table);
    free(seconds);
    free(epochs);
    return code;
}

int target_finish(struct target_report *t, struct error *e)
{
    return csv_finish(&t->csv, e);
}

void target_discard(struct target_report *t)
{
    csv_discard(&t->csv);
}

void target_free(struct target_report *t)
{
    free(t->outcomes);
    t->outcomes = NULL;
    t->count = t->capacity = 0;
}
