/* SPDX-License-Identifier: MIT */
#include "results/baseline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/input.h"
#include "results/csv_table.h"

/* ---- machine.json ---- */

static int wrong(const struct baseline *b, const char *what, struct error *e)
{
    return error_set(e, EXIT_DATA, "--baseline %.300s: machine.json: %s", b->path, what);
}

static bool read_int(const json_t *settings, const char *name, int *value)
{
    const json_t *number = json_object_get(settings, name);
    const json_int_t integer = json_integer_value(number);
    *value = (int)integer;
    return json_is_integer(number) && integer >= 1 && integer <= 1000000;
}

static int read_settings(struct baseline *b, struct error *e)
{
    const json_t *settings = json_object_get(b->machine, "settings");
    const char *seed = json_string_value(json_object_get(settings, "seed"));
    b->lr = json_number_value(json_object_get(settings, "lr"));
    if (json_object_get(settings, "rounds"))
        return wrong(b, "was written by 'bench ab'; give the directory of a 'bench run' or 'bench gate'", e);
    if (json_is_number(json_object_get(settings, "target_accuracy")))
        return wrong(b, "was written with --target-accuracy, whose number of epochs is not fixed", e);
    if (!read_int(settings, "epochs", &b->epochs) || !read_int(settings, "batch", &b->batch) ||
        !read_int(settings, "hidden", &b->hidden) || !read_int(settings, "threads", &b->threads) || !seed ||
        !*seed || seed[strspn(seed, "0123456789")] || !(b->lr > 0.0))
        return wrong(b, "the settings are incomplete", e);
    b->seed = strtoull(seed, NULL, 10);
    return 0;
}

static int read_machine(struct baseline *b, struct error *e)
{
    char path[sizeof b->path + 16];
    struct input_problem wrong_file;
    snprintf(path, sizeof path, "%s/machine.json", b->path);
    b->machine = input_json(path, INPUT_MACHINE, 0, &wrong_file);
    if (!b->machine)
        return error_set(e, input_exit_code(&wrong_file, EXIT_DATA), "--baseline %.300s: machine.json %s",
                         b->path, wrong_file.why);
    const char *id = json_string_value(json_object_get(b->machine, "run_id"));
    const char *status = json_string_value(json_object_get(b->machine, "status"));
    if (!id || strlen(id) >= sizeof b->run_id || !status) return wrong(b, "has no run_id or no status", e);
    if (strcmp(status, "complete") != 0) return wrong(b, "the run did not complete", e);
    snprintf(b->run_id, sizeof b->run_id, "%s", id);
    const json_t *cpu = json_object_get(b->machine, "cpu");
    b->isa_cap = json_string_value(json_object_get(cpu, "isa_cap"));
    /* Computed, not read: older runs without an env_id have the facts too. */
    env_id_of(cpu, json_object_get(b->machine, "topology"), b->env_id);
    return read_settings(b, e);
}

/* ---- epochs.csv ---- */

static struct baseline_series *find(struct baseline *b, const char *backend)
{
    for (int i = 0; i < b->count; i++)
        if (strcmp(b->series[i].backend, backend) == 0) return &b->series[i];
    return NULL;
}

const struct baseline_series *baseline_find(const struct baseline *b, const char *backend)
{
    for (int i = 0; i < b->count; i++)
        if (strcmp(b->series[i].backend, backend) == 0) return &b->series[i];
    return NULL;
}

/* A series per backend of machine.json, in its order, without any epoch yet. */
static int make_series(struct baseline *b, struct error *e)
{
    const char *name;
    json_t *facts;
    json_object_foreach(json_object_get(b->machine, "backends"), name, facts)
    {
        if (b->count == BASELINE_MAX_SERIES) return wrong(b, "more backends than a run can have", e);
        struct baseline_series *s = &b->series[b->count++];
        const char *spec = json_string_value(json_object_get(facts, "spec"));
        s->backend = name;
        s->spec = spec ? spec : name;
        s->share = calloc((size_t)b->epochs, sizeof *s->share);
        if (!s->share) return error_set(e, EXIT_INTERNAL, "out of memory");
    }
    return 0;
}

/* Proven, or timed with declared deviations. */
static bool is_verified(const char *cell)
{
    static const char deviates[] = "deviates: ";
    return strcmp(cell, "1") == 0 || strncmp(cell, deviates, sizeof deviates - 1) == 0;
}

static int add_rows(struct baseline *b, const struct csv_table *t, const char *path, struct error *e)
{
    const int backend = csv_table_column(t, "backend"), epoch = csv_table_column(t, "epoch"),
              all = csv_table_column(t, "gflops"), done = csv_table_column(t, "gflops_done"),
              peak = csv_table_column(t, "peak_gflops"), verified = csv_table_column(t, "verified");
    const int gflops = done < 0 ? all : done; /* older files lack what was made: all was */
    if (backend < 0 || epoch < 0 || gflops < 0 || peak < 0 || verified < 0)
        return error_set(e, EXIT_DATA,
                         "%.300s: lacks one of the columns backend, epoch, verified, gflops, peak_gflops",
                         path);
    for (int i = 0; i < t->rows; i++) {
        struct baseline_series *s = find(b, csv_table_cell(t, i, backend));
        const int number = atoi(csv_table_cell(t, i, epoch));
        const double value =
            strtod(csv_table_cell(t, i, gflops), NULL) / strtod(csv_table_cell(t, i, peak), NULL);
        if (!s || number < 1 || number > b->epochs || !(value > 0.0) || !isfinite(value) ||
            !is_verified(csv_table_cell(t, i, verified)))
            return error_set(e, EXIT_DATA, "%.300s: line %d is not a verified epoch of this run", path,
                             i + 2);
        s->share[number - 1] = value;
    }
    for (int i = 0; i < b->count; i++)
        while (b->series[i].epochs < b->epochs && b->series[i].share[b->series[i].epochs] > 0.0)
            b->series[i].epochs++;
    return 0;
}

static int read_epochs(struct baseline *b, struct error *e)
{
    char path[sizeof b->path + 16];
    struct csv_table t;
    snprintf(path, sizeof path, "%s/epochs.csv", b->path);
    if (csv_table_read(&t, path, e) == 0) add_rows(b, &t, path, e);
    csv_table_free(&t);
    return (int)e->code;
}

int baseline_read(struct baseline *b, const char *dir, struct error *e)
{
    memset(b, 0, sizeof *b);
    if (strlen(dir) >= sizeof b->path)
        return error_set(e, EXIT_USAGE, "--baseline: the path is longer than %zu bytes", sizeof b->path - 1);
    snprintf(b->path, sizeof b->path, "%s", dir);
    if (read_machine(b, e) || make_series(b, e) || read_epochs(b, e)) return (int)e->code;
    return 0;
}

void baseline_free(struct baseline *b)
{
    for (int i = 0; i < b->count; i++) free(b->series[i].share);
    json_decref(b->machine);
    memset(b, 0, sizeof *b);
}
