/* SPDX-License-Identifier: MIT */
#include "results/run_comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/input.h"
#include "base/json_text.h"
#include "base/xalloc.h"
#include "results/run_facts.h"

static const struct interval none = {-INFINITY, INFINITY};

/* ---- Reading ---- */

static int wrong(const struct compared_run *run, struct error *e, const char *what, const char *backend)
{
    return error_set(e, EXIT_DATA, "%.300s: summary.json: %s%s%s", run->dir, what, *backend ? ": " : "",
                     backend);
}

static const char *text_or_empty(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int read_run(struct compared_run *run, const char *dir, struct error *e)
{
    char path[4200];
    struct input_problem problem;
    run->dir = dir;
    snprintf(path, sizeof path, "%.4095s/sweep.json", dir);
    if (access(path, F_OK) == 0)
        return error_set(e, EXIT_DATA, "%.300s: is a sweep; give the directories of its points", dir);
    snprintf(path, sizeof path, "%.4095s/summary.json", dir);
    run->summary = input_json(path, INPUT_MACHINE, 0, &problem);
    if (!run->summary)
        return error_set(e, input_exit_code(&problem, EXIT_DATA), "%.300s: summary.json %s%s", dir,
                         problem.why, problem.fault == INPUT_MISSING ? "; a run writes it when it ends" : "");
    const json_t *schema = json_object_get(run->summary, "schema");
    if (!json_is_integer(schema) || json_integer_value(schema) < 1 || json_integer_value(schema) > 2)
        return wrong(run, e, "not of schema 1 or 2", "");
    run->run_id = text_or_empty(run->summary, "run_id");
    run->env_id = text_or_empty(run->summary, "env_id");
    run->time = text_or_empty(run->summary, "time_utc");
    return 0;
}

/* NAN for null or no member; false for what is no number above 0. */
static bool read_positive(const json_t *value, double *number)
{
    *number = json_is_number(value) ? json_number_value(value) : (double)NAN;
    return !value || json_is_null(value) || *number > 0;
}

static bool read_interval(const json_t *pair, struct interval *interval)
{
    double low, high;
    *interval = none;
    if (!pair || json_is_null(pair)) return true;
    if (json_array_size(pair) != 2 || !read_positive(json_array_get(pair, 0), &low) ||
        !read_positive(json_array_get(pair, 1), &high))
        return false;
    if (isnan(low) || isnan(high)) return isnan(low) && isnan(high);
    *interval = (struct interval){low, high};
    return low <= high;
}

static const char *proof_of(const json_t *backend)
{
    const json_t *verified = json_object_get(backend, "verified");
    const json_t *violations = json_object_get(json_object_get(backend, "integrity"), "violations");
    if (json_array_size(violations) > 0) return "VIOLATED";
    if (json_is_string(verified)) return "deviates";
    if (json_is_true(verified)) return "yes";
    return json_is_object(json_object_get(backend, "proof")) ? "NO" : "";
}

static int count_of(const json_t *backend, const char *name)
{
    const json_int_t count = json_integer_value(json_object_get(backend, name));
    return count > 0 && count < 1000000 ? (int)count : 0;
}

static int read_row(struct compared_row *row, const struct compared_run *run, const json_t *backend,
                    struct error *e)
{
    row->backend = text_or_empty(backend, "backend");
    if (!*row->backend) return wrong(run, e, "a backend has no name", "");
    row->proof = proof_of(backend);
    row->note = text_or_empty(backend, "note");
    row->later = count_of(backend, "later_epochs");
    row->disturbed = count_of(backend, "disturbed");
    row->base = -1;
    row->speed = (double)NAN;
    row->range = none;
    if (!read_positive(json_object_get(backend, "median_seconds"), &row->median))
        return wrong(run, e, "median_seconds is not a time", row->backend);
    if (!read_interval(json_object_get(backend, "interval_95"), &row->interval))
        return wrong(run, e, "interval_95 is not an interval", row->backend);
    return 0;
}

static struct compared_row *find_row(const struct run_comparison *c, int run, const char *backend)
{
    for (int i = 0; i < c->row_count; i++)
        if (c->rows[i].run == run && strcmp(c->rows[i].backend, backend) == 0) return &c->rows[i];
    return NULL;
}

static int read_rows(struct run_comparison *c, struct error *e)
{
    size_t index, most = 0;
    json_t *backend;
    for (int run = 0; run < c->count; run++)
        most += json_array_size(json_object_get(c->runs[run].summary, "backends"));
    c->rows = xmalloc((most + 1) * sizeof *c->rows);
    for (int run = 0; run < c->count; run++) {
        const json_t *list = json_object_get(c->runs[run].summary, "backends");
        if (!json_is_array(list)) return wrong(&c->runs[run], e, "has no list of backends", "");
        json_array_foreach(list, index, backend)
        {
            struct compared_row row = {.run = run};
            if (read_row(&row, &c->runs[run], backend, e)) return (int)e->code;
            if (find_row(c, run, row.backend))
                return wrong(&c->runs[run], e, "has a backend twice", row.backend);
            c->rows[c->row_count++] = row;
        }
    }
    return 0;
}

/* Where the backend of a row was first seen. */
static int first_seen(const struct run_comparison *c, const char *backend)
{
    int i = 0;
    while (strcmp(c->rows[i].backend, backend) != 0) i++;
    return i;
}

/* By backend in the order in which the runs have them, then by run. */
static void sort_rows(struct run_comparison *c)
{
    struct compared_row *sorted = xmalloc(((size_t)c->row_count + 1) * sizeof *sorted);
    int used = 0;
    for (int i = 0; i < c->row_count; i++) {
        if (first_seen(c, c->rows[i].backend) != i) continue;
        for (int k = i; k < c->row_count; k++)
            if (strcmp(c->rows[k].backend, c->rows[i].backend) == 0) sorted[used++] = c->rows[k];
    }
    free(c->rows);
    c->rows = sorted;
}

/* ---- Runs of one machine ---- */

/* The id without the x of short_id(), which older files lack. */
static const char *bare_id(const char *id)
{
    return *id == 'x' ? id + 1 : id;
}

static bool is_one_machine(const struct run_comparison *c)
{
    for (int i = 0; i < c->count; i++)
        if (!*c->runs[i].env_id || strcmp(bare_id(c->runs[i].env_id), bare_id(c->runs[0].env_id)) != 0)
            return false;
    return true;
}

/* Why the time of one side alone supports no claim; false if it does. */
static bool is_doubtful(const struct compared_row *row, char *reason, size_t size)
{
    if (strcmp(row->proof, "VIOLATED") == 0)
        snprintf(reason, size, "%c: violates integrity", run_letter(row->run));
    else if (strcmp(row->proof, "NO") == 0)
        snprintf(reason, size, "%c: its proof failed", run_letter(row->run));
    else if (!isfinite(row->interval.low))
        snprintf(reason, size, "%c: %d later epochs; an interval takes %d", run_letter(row->run), row->later,
                 INTERVAL_MIN);
    else if (2 * row->disturbed >= row->later)
        snprintf(reason, size, "%c: %d of %d later epochs disturbed", run_letter(row->run), row->disturbed,
                 row->later);
    else
        return false;
    return true;
}

static void compare_medians(struct run_comparison *c, struct compared_row *row)
{
    char work[100];
    for (int run = 0; run < row->run && row->base < 0; run++) {
        const struct compared_row *base = find_row(c, run, row->backend);
        if (base && !isnan(base->median)) row->base = (int)(base - c->rows);
    }
    if (row->base < 0 || isnan(row->median)) {
        row->base = -1;
        return;
    }
    const struct compared_row *base = &c->rows[row->base];
    row->speed = base->median / row->median;
    if (isfinite(base->interval.low) && isfinite(row->interval.low))
        row->range = (struct interval){base->interval.low / row->interval.high,
                                       base->interval.high / row->interval.low};
    if (run_facts_other_work(c->runs[base->run].summary, c->runs[row->run].summary, work, sizeof work))
        snprintf(row->reason, sizeof row->reason, "%c and %c timed different work: %s", run_letter(base->run),
                 run_letter(row->run), work);
    else if (!is_doubtful(base, row->reason, sizeof row->reason))
        is_doubtful(row, row->reason, sizeof row->reason);
    row->established = !row->reason[0];
}

/* ---- Runs of several machines ---- */

/* The backend's object in its run's summary.json. */
static const json_t *object_of(const struct run_comparison *c, const struct compared_row *row)
{
    const json_t *list = json_object_get(c->runs[row->run].summary, "backends");
    size_t index;
    json_t *backend;
    json_array_foreach(list, index, backend)
    {
        if (strcmp(text_or_empty(backend, "backend"), row->backend) == 0) return backend;
    }
    return NULL;
}

static const json_t *speed_over(const struct run_comparison *c, const struct compared_row *row,
                                const char *reference)
{
    return json_object_get(json_object_get(object_of(c, row), "speedup_over"), reference);
}

/* The more, the more speeds over it are established, and one more for a library; -1 where a run has not
 * trained it. */
static int worth_as_reference(const struct run_comparison *c, const char *backend)
{
    int worth = *text_or_empty(object_of(c, find_row(c, 0, backend)), "library") ? 1 : 0;
    for (int run = 0; run < c->count; run++) {
        const struct compared_row *row = find_row(c, run, backend);
        if (!row || isnan(row->median)) return -1;
    }
    for (int i = 0; i < c->row_count; i++)
        worth += 2 * json_is_true(json_object_get(speed_over(c, &c->rows[i], backend), "established"));
    return worth;
}

static void choose_reference(struct run_comparison *c)
{
    int best = -1;
    for (int i = 0; i < c->row_count && c->rows[i].run == 0; i++) {
        const int worth = worth_as_reference(c, c->rows[i].backend);
        if (worth > best) {
            best = worth;
            c->reference = c->rows[i].backend;
        }
    }
}

static int compare_within(struct run_comparison *c, struct compared_row *row, struct error *e)
{
    const json_t *found = speed_over(c, row, c->reference);
    const struct compared_row *base = find_row(c, row->run, c->reference);
    if (!found || !base || isnan(row->median)) return 0;
    if (!read_positive(json_object_get(found, "ratio"), &row->speed) ||
        !read_interval(json_object_get(found, "interval_95"), &row->range))
        return wrong(&c->runs[row->run], e, "speedup_over is not a speed-up", row->backend);
    if (isnan(row->speed)) return 0;
    row->base = (int)(base - c->rows);
    if (!json_is_true(json_object_get(found, "established")))
        snprintf(row->reason, sizeof row->reason, "%c: %s", run_letter(row->run),
                 text_or_empty(found, "reason"));
    else if (strcmp(base->proof, "VIOLATED") == 0)
        is_doubtful(base, row->reason, sizeof row->reason);
    else if (strcmp(row->proof, "VIOLATED") == 0)
        is_doubtful(row, row->reason, sizeof row->reason);
    row->established = !row->reason[0];
    return 0;
}

int run_comparison_read(struct run_comparison *c, const char *const *dirs, int count, struct error *e)
{
    memset(c, 0, sizeof *c);
    for (; c->count < count; c->count++)
        if (read_run(&c->runs[c->count], dirs[c->count], e)) return (int)e->code;
    if (read_rows(c, e)) return (int)e->code;
    c->same_machine = is_one_machine(c);
    if (!c->same_machine) choose_reference(c); /* while the first run's rows come first */
    sort_rows(c);
    for (int i = 0; i < c->row_count; i++) {
        if (c->same_machine)
            compare_medians(c, &c->rows[i]);
        else if (c->reference && compare_within(c, &c->rows[i], e))
            return (int)e->code;
        c->compared += c->rows[i].base >= 0;
    }
    return 0;
}

void run_comparison_free(struct run_comparison *c)
{
    for (int i = 0; i < COMPARED_RUNS_MAX; i++) json_decref(c->runs[i].summary);
    free(c->rows);
    memset(c, 0, sizeof *c);
}

/* ---- JSON ---- */

json_t *run_comparison_differences(const struct run_comparison *c, int run)
{
    return run_facts_differences(c->runs[0].summary, c->runs[run].summary);
}

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *row_json(const struct run_comparison *c, const struct compared_row *row)
{
    const struct compared_row *base = row->base < 0 ? NULL : &c->rows[row->base];
    return json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:o, s:[o, o], s:o, s:o, s:o, s:[o, o], s:b, s:o}",
                     "backend", row->backend, "run", (char[]){run_letter(row->run), 0}, "proof", row->proof,
                     "note", json_string_or_null(row->note), "later_epochs", row->later, "disturbed",
                     row->disturbed, "median_seconds", real(row->median), "interval_95",
                     real(row->interval.low), real(row->interval.high), "over_run",
                     base ? json_string((char[]){run_letter(base->run), 0}) : json_null(), "over_backend",
                     base ? json_string(base->backend) : json_null(), "speed", real(row->speed), "range",
                     real(row->range.low), real(row->range.high), "established", row->established, "reason",
                     json_string_or_null(row->reason));
}

json_t *run_comparison_json(const struct run_comparison *c)
{
    json_t *runs = json_array(), *rows = json_array();
    for (int i = 0; i < c->count; i++) {
        const struct compared_run *run = &c->runs[i];
        json_t *exit_code = json_object_get(run->summary, "exit_code");
        char work[100];
        const bool is_other = run_facts_other_work(c->runs[0].summary, run->summary, work, sizeof work);
        json_array_append_new(runs,
                              json_pack("{s:s, s:o, s:s, s:s, s:s, s:O?, s:o, s:o}", "run",
                                        (char[]){run_letter(i), 0}, "folder", json_string_of_bytes(run->dir),
                                        "run_id", run->run_id, "env_id", run->env_id, "time_utc", run->time,
                                        "exit_code", exit_code, "differs", run_comparison_differences(c, i),
                                        "other_work", json_string_or_null(is_other ? work : "")));
    }
    for (int i = 0; i < c->row_count; i++) json_array_append_new(rows, row_json(c, &c->rows[i]));
    return json_pack("{s:i, s:b, s:s?, s:o, s:o}", "schema", 1, "same_machine", c->same_machine, "reference",
                     c->reference, "runs", runs, "rows", rows);
}
