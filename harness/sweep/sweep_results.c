/* SPDX-License-Identifier: MIT */
#include "sweep/sweep_results.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/describe.h"
#include "base/clean_text.h"
#include "base/input.h"
#include "results/csv.h"
#include "roof/peak.h"
#include "console/table.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "stats/order.h"

/* ---- Reading the points ---- */

static struct sweep_line *add_line(struct sweep_results *r)
{
    if (r->count == r->capacity) {
        const int capacity = r->capacity ? 2 * r->capacity : 32;
        struct sweep_line *grown = realloc(r->lines, (size_t)capacity * sizeof *grown);
        if (!grown) return NULL;
        r->lines = grown;
        r->capacity = capacity;
    }
    return memset(&r->lines[r->count++], 0, sizeof *r->lines);
}

static const char *cell(const struct csv_table *t, int row, const char *column)
{
    const int at = csv_table_column(t, column);
    return at < 0 ? "" : csv_table_cell(t, row, at);
}

/* Median of a column over the rows given, the first left out where there are others. */
static double median_of_rows(const struct csv_table *t, const int *rows, int count, const char *column)
{
    const int from = count > 1 ? 1 : 0;
    double *values = calloc((size_t)count + 1, sizeof *values);
    for (int i = from; values && i < count; i++) values[i - from] = strtod(cell(t, rows[i], column), NULL);
    const double median = values ? median_of(values, count - from) : NAN;
    free(values);
    return median;
}

static double best_of_rows(const struct csv_table *t, const int *rows, int count, const char *column)
{
    double best = NAN;
    for (int i = 0; i < count; i++) best = fmax(best, strtod(cell(t, rows[i], column), NULL));
    return best;
}

/* The figures of a backend from its rows, which are in the order of its epochs. */
static int measure(struct sweep_line *line, const struct csv_table *t, struct error *e)
{
    int *rows = calloc((size_t)t->rows + 1, sizeof *rows);
    if (!rows) return error_set(e, EXIT_INTERNAL, "out of memory");
    for (int row = 0; row < t->rows; row++)
        if (strcmp(cell(t, row, "backend"), line->backend) == 0) rows[line->epochs++] = row;
    line->train_seconds = line->gflops = line->peak_gflops = line->share_of_peak = line->val_accuracy = NAN;
    if (line->epochs > 0) {
        const int last = rows[line->epochs - 1];
        const double flop =
            strtod(cell(t, last, "gflops"), NULL) * strtod(cell(t, last, "train_seconds"), NULL);
        line->train_seconds = median_of_rows(t, rows, line->epochs, "train_seconds");
        line->gflops = flop / line->train_seconds;
        line->peak_gflops = best_of_rows(t, rows, line->epochs, "peak_gflops");
        const char *done =
            cell(t, last, "gflops_done"); /* a sweep can continue with points from older files */
        const double made = *done ? strtod(done, NULL) / strtod(cell(t, last, "gflops"), NULL) : 1.0;
        line->share_of_peak = peak_share(line->gflops * made, line->peak_gflops);
        line->val_accuracy = strtod(cell(t, last, "val_accuracy"), NULL);
        clean_copy(line->commit, sizeof line->commit, cell(t, last, "git_commit"));
        clean_copy(line->hash, sizeof line->hash, cell(t, last, "binary_sha256"));
    }
    free(rows);
    return 0;
}

static void copy_text(char *to, size_t size, const json_t *text)
{
    clean_copy(to, size, json_string_value(text));
}

static void describe(struct sweep_line *line, const json_t *machine, const json_t *facts)
{
    const char *failure = json_string_value(json_object_get(facts, "failure")),
               *status = json_string_value(json_object_get(machine, "status"));
    const bool ended = status && (strcmp(status, "complete") == 0 || strcmp(status, "failed") == 0);
    if (failure)
        snprintf(line->outcome, sizeof line->outcome, "%.*s", (int)strcspn(failure, ":"), failure);
    else
        snprintf(line->outcome, sizeof line->outcome, "%s", ended ? "ok" : "incomplete");
    copy_text(line->deviation, sizeof line->deviation, json_object_get(facts, "verified"));
    line->verified = json_is_true(json_object_get(facts, "verified")) || line->deviation[0];
    copy_text(line->run_id, sizeof line->run_id, json_object_get(machine, "run_id"));
    copy_text(line->env_id, sizeof line->env_id, json_object_get(machine, "env_id"));
    copy_text(line->dataset, sizeof line->dataset,
              json_object_get(json_object_get(machine, "dataset"), "name"));
    copy_text(line->seed, sizeof line->seed, json_object_get(json_object_get(machine, "settings"), "seed"));
}

static int read_epochs(struct csv_table *t, const char *dir, struct error *e)
{
    char path[3700];
    for (int partial = 0; partial < 2; partial++) {
        snprintf(path, sizeof path, "%s/epochs.csv%s", dir, partial ? ".partial" : "");
        if (access(path, F_OK) == 0) return csv_table_read_cut(t, path, e);
    }
    memset(t, 0, sizeof *t);
    return 0;
}

static int add_point(struct sweep_results *r, const struct grid_point *p, const char *dir,
                     const json_t *machine, struct error *e)
{
    struct csv_table epochs;
    const char *backend;
    json_t *facts;
    if (read_epochs(&epochs, dir, e) == 0)
        json_object_foreach(json_object_get(machine, "backends"), backend, facts)
        {
            struct sweep_line *line = add_line(r);
            if (!line) {
                error_set(e, EXIT_INTERNAL, "out of memory");
                break;
            }
            line->point = *p;
            grid_point_name(p, line->dir);
            clean_copy(line->backend, sizeof line->backend, backend);
            describe(line, machine, facts);
            if (measure(line, &epochs, e)) break;
        }
    csv_table_free(&epochs);
    return (int)e->code;
}

int sweep_results_read(struct sweep_results *r, const char *dir, const struct grid *g, struct error *e)
{
    memset(r, 0, sizeof *r);
    for (int i = 0; i < grid_points(g) && !e->code; i++) {
        char name[GRID_NAME_SIZE], place[3600], path[3700];
        struct input_problem wrong;
        const struct grid_point p = grid_point_at(g, i);
        snprintf(place, sizeof place, "%s/%s", dir, grid_point_name(&p, name));
        snprintf(path, sizeof path, "%s/machine.json", place);
        if (access(path, F_OK) != 0) continue;
        json_t *machine = input_json(path, INPUT_MACHINE, 0, &wrong);
        if (!machine)
            error_set(e, input_exit_code(&wrong, EXIT_DATA), "%.300s: is damaged: it %s", path, wrong.why);
        else
            add_point(r, &p, place, machine, e);
        json_decref(machine);
    }
    return (int)e->code;
}

void sweep_results_free(struct sweep_results *r)
{
    free(r->lines);
    memset(r, 0, sizeof *r);
}

/* ---- Scaling ---- */

struct sweep_scaling sweep_scaling(const struct sweep_results *r, const struct sweep_line *line)
{
    const struct sweep_line *base = line;
    for (int i = 0; i < r->count; i++) {
        const struct sweep_line *other = &r->lines[i];
        if (strcmp(other->backend, line->backend) == 0 && other->point.batch == line->point.batch &&
            other->point.hidden == line->point.hidden && other->point.threads < base->point.threads)
            base = other;
    }
    const double speedup = base->train_seconds / line->train_seconds;
    return (struct sweep_scaling){speedup, speedup * base->point.threads / line->point.threads};
}

/* ---- sweep.csv ---- */

static int write_line(struct csv *c, const struct sweep_results *r, const struct sweep_line *line,
                      const char *run_id, struct error *e)
{
    const struct sweep_scaling scaling = sweep_scaling(r, line);
    csv_integer(c, 1);
    csv_text(c, run_id);
    csv_text(c, line->dataset);
    csv_text(c, line->dir);
    csv_integer(c, line->point.threads);
    csv_integer(c, line->point.batch);
    csv_integer(c, line->point.hidden);
    csv_text(c, line->seed);
    csv_text(c, line->backend);
    csv_integer(c, line->epochs);
    csv_real_or_empty(c, line->train_seconds);
    csv_real_or_empty(c, line->gflops);
    csv_real_or_empty(c, line->peak_gflops);
    csv_real_or_empty(c, line->share_of_peak);
    csv_real_or_empty(c, line->val_accuracy);
    if (line->deviation[0])
        csv_text(c, line->deviation);
    else
        csv_integer(c, line->verified);
    csv_text(c, line->outcome);
    csv_text(c, line->run_id);
    csv_text(c, line->env_id);
    csv_text(c, line->commit);
    csv_text(c, line->hash);
    csv_real_or_empty(c, scaling.speedup);
    csv_real_or_empty(c, scaling.efficiency);
    return csv_end_row(c, e);
}

int sweep_results_write(const struct sweep_results *r, const char *dir, const char *run_id, struct error *e)
{
    static const char columns[] =
        "schema,run_id,dataset,point,threads,batch,hidden,seed,backend,epochs,median_train_seconds,"
        "gflops,peak_gflops,share_of_peak,val_accuracy,verified,outcome,point_run_id,env_"
        "id," PROVENANCE_COLUMNS ",speedup,efficiency";
    char stale[3700];
    struct csv c;
    snprintf(stale, sizeof stale, "%s/sweep.csv.partial", dir); /* of a kill right here */
    unlink(stale);
    snprintf(stale, sizeof stale, "%s/sweep.csv.partial.tmp", dir);
    unlink(stale);
    if (csv_create_at_once(&c, dir, "sweep.csv", columns, e)) return (int)e->code;
    for (int i = 0; i < r->count; i++)
        if (write_line(&c, r, &r->lines[i], run_id, e)) {
            csv_discard(&c);
            return (int)e->code;
        }
    return csv_finish(&c, e);
}

/* ---- The table ---- */

static void real_cell(struct table *t, int decimals, double value, const char *unit)
{
    if (isnan(value))
        table_cell(t, "%s", "");
    else
        table_cell(t, "%.*f%s", decimals, value, unit);
}

static void add_row(struct table *t, const struct sweep_results *r, const struct sweep_line *line)
{
    const struct sweep_scaling scaling = sweep_scaling(r, line);
    table_cell(t, "%d", line->point.threads);
    table_cell(t, "%d", line->point.batch);
    table_cell(t, "%d", line->point.hidden);
    table_cell(t, "%s", line->backend);
    table_cell(t, "%s", line->deviation[0] ? "deviates" : line->verified ? "yes" : "NO");
    table_cell(t, "%d", line->epochs);
    real_cell(t, 4, line->train_seconds, "");
    real_cell(t, 1, line->gflops, "");
    real_cell(t, 1, 100 * line->share_of_peak, "%");
    real_cell(t, 2, scaling.speedup, "x");
    real_cell(t, 0, 100 * scaling.efficiency, "%");
    real_cell(t, 4, line->val_accuracy, "");
    table_cell(t, "%s", line->outcome);
}

void sweep_results_table(struct table *t, const struct sweep_results *r)
{
    static const char *const head[] = {"threads",    "batch",    "hidden",  "backend", "verified",
                                       "epochs",     "median s", "GFLOP/s", "of peak", "speed-up",
                                       "efficiency", "val acc",  "outcome"};
    table_init(t, "rrrllrrrrrrrl", "0000460321550");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(t, "%s", head[i]);
    for (int i = 0; i < r->count; i++) add_row(t, r, &r->lines[i]);
}

/* What goes with the speed of its backends: a line for each that has a note. */
static void print_notes(const struct sweep_results *r, FILE *out)
{
    for (int i = 0; i < r->count; i++) {
        char note[DESCRIBE_NOTE_SIZE];
        const struct registry_entry *entry = registry_find(r->lines[i].backend);
        int first = 0;
        while (strcmp(r->lines[first].backend, r->lines[i].backend) != 0) first++;
        if (first == i && entry && *describe_note(entry, note))
            wrap_line(out, terminal_width(out),
                      "%s: %s; GFLOP/s counts all products, 'of peak' only those that it does", entry->name,
                      note);
    }
}

int sweep_results_print(const struct sweep_results *r, FILE *out)
{
    struct table t;
    sweep_results_table(&t, r);
    const int code = t.failed ? -1 : 0;
    table_print(&t, out);
    table_free(&t);
    wrap_line(
        out, terminal_page_width(out),
        "median s = seconds per training epoch, without the first epoch; speed-up = against the fewest "
        "threads at the "
        "same batch and hidden size; efficiency = speed-up over the ratio of threads; points were measured "
        "one after the other");
    print_notes(r, out);
    return code;
}
