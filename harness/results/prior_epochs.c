/* SPDX-License-Identifier: MIT */
#include "results/prior_epochs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_table(struct csv_table *t, const char *dir, const char *name, struct error *e)
{
    char path[3700];
    for (int final = 0; final < 2; final++) {
        snprintf(path, sizeof path, "%s/%s%s", dir, name, final ? "" : ".partial");
        if (access(path, F_OK) == 0) return csv_table_read_cut(t, path, e);
    }
    memset(t, 0, sizeof *t);
    return 0;
}

static struct prior_series *find(const struct prior_epochs *k, const char *backend)
{
    for (int i = 0; i < k->count; i++)
        if (strcmp(k->series[i].backend, backend) == 0) return (struct prior_series *)&k->series[i];
    return NULL;
}

static int add(struct prior_series *s, int row, struct error *e)
{
    if (s->epochs == s->capacity) {
        const int capacity = s->capacity ? 2 * s->capacity : 64;
        int *grown = realloc(s->row, (size_t)capacity * sizeof *grown);
        if (!grown) return error_set(e, EXIT_INTERNAL, "out of memory");
        s->row = grown;
        s->capacity = capacity;
    }
    s->row[s->epochs++] = row;
    return 0;
}

/* Epochs of a backend are written in order, so the next one is the only one that counts. */
static int gather_epochs(struct prior_epochs *k, const char *dir, struct error *e)
{
    const struct csv_table *t = &k->epochs;
    const int backend = csv_table_column(t, "backend"), epoch = csv_table_column(t, "epoch");
    if (t->columns == 0) return 0;
    if (backend < 0 || epoch < 0)
        return error_set(e, EXIT_DATA, "%s/epochs.csv: lacks the column backend or epoch", dir);
    for (int row = 0; row < t->rows; row++) {
        struct prior_series *s = find(k, csv_table_cell(t, row, backend));
        if (!s)
            return error_set(e, EXIT_DATA, "%s/epochs.csv: line %d: '%.40s' is not a backend of this run",
                             dir, row + 2, csv_table_cell(t, row, backend));
        if (atoi(csv_table_cell(t, row, epoch)) == s->epochs + 1 && add(s, row, e)) return (int)e->code;
    }
    return 0;
}

/* An epoch's ops end with the line `other`. */
static int drop_epochs_without_ops(struct prior_epochs *k, const char *dir, struct error *e)
{
    const struct csv_table *t = &k->ops;
    const int backend = csv_table_column(t, "backend"), epoch = csv_table_column(t, "epoch"),
              op = csv_table_column(t, "op");
    int whole[REGISTRY_MAX] = {0};
    if (t->columns > 0 && (backend < 0 || epoch < 0 || op < 0))
        return error_set(e, EXIT_DATA, "%s/ops.csv: lacks the column backend, epoch or op", dir);
    for (int row = 0; row < t->rows; row++) {
        const struct prior_series *s = find(k, csv_table_cell(t, row, backend));
        if (!s || strcmp(csv_table_cell(t, row, op), "other") != 0) continue;
        int *last = &whole[s - k->series];
        if (atoi(csv_table_cell(t, row, epoch)) == *last + 1) ++*last;
    }
    for (int i = 0; i < k->count; i++)
        if (k->series[i].epochs > whole[i]) k->series[i].epochs = whole[i];
    return 0;
}

int prior_epochs_read(struct prior_epochs *k, const char *dir, const struct registry_entry *const *entries,
                      int count, struct error *e)
{
    memset(k, 0, sizeof *k);
    k->count = count;
    for (int i = 0; i < count; i++) k->series[i].backend = entries[i]->name;
    if (read_table(&k->epochs, dir, "epochs.csv", e) || read_table(&k->ops, dir, "ops.csv", e) ||
        gather_epochs(k, dir, e) || drop_epochs_without_ops(k, dir, e))
        return (int)e->code;
    return 0;
}

void prior_epochs_free(struct prior_epochs *k)
{
    for (int i = 0; i < k->count; i++) free(k->series[i].row);
    csv_table_free(&k->epochs);
    csv_table_free(&k->ops);
    memset(k, 0, sizeof *k);
}

bool prior_epoch_row(const void *context, int row)
{
    const struct prior_epochs *k = context;
    const struct csv_table *t = &k->epochs;
    const struct prior_series *s = find(k, csv_table_cell(t, row, csv_table_column(t, "backend")));
    const int epoch = atoi(csv_table_cell(t, row, csv_table_column(t, "epoch")));
    return s && epoch >= 1 && epoch <= s->epochs && s->row[epoch - 1] == row;
}

bool prior_op_row(const void *context, int row)
{
    const struct prior_epochs *k = context;
    const struct csv_table *t = &k->ops;
    const struct prior_series *s = find(k, csv_table_cell(t, row, csv_table_column(t, "backend")));
    return s && atoi(csv_table_cell(t, row, csv_table_column(t, "epoch"))) <= s->epochs;
}

const char *prior_cell(const struct prior_epochs *k, int backend, int epoch, const char *column)
{
    const int at = csv_table_column(&k->epochs, column);
    return at < 0 ? "" : csv_table_cell(&k->epochs, k->series[backend].row[epoch - 1], at);
}
