/* SPDX-License-Identifier: MIT */
#include "results/summary_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/describe.h"
#include "base/json_text.h"
#include "results/figures.h"
#include "base/atomic_file.h"
#include "results/provenance.h"
#include "results/verified.h"

/* Raised when a member changes its name or meaning. */
enum { SCHEMA = 2 };

/* JSON has no NaN and no infinity: a figure that is not known is null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(struct interval i)
{
    return json_pack("[o, o]", real(i.low), real(i.high));
}

static json_t *speedups_json(const struct summary *s, const struct summary_row *row)
{
    json_t *object = json_object();
    for (int i = 0; i < s->count; i++) {
        const struct summary_row *base = &s->rows[i];
        if (base == row || base->epochs == 0 || row->epochs == 0) continue;
        const struct speedup up = speedup_over(s, row, base);
        json_object_set_new(object, base->entry->name,
                            json_pack("{s:o, s:o, s:i, s:i, s:b, s:o, s:s}", "ratio", real(up.ratio),
                                      "interval_95", interval_json(up.interval), "rounds", up.rounds,
                                      "disturbed_rounds", up.disturbed, "established", up.established,
                                      "reason", json_string_or_null(up.reason), "steps",
                                      describe_steps(row->entry, base->entry)));
    }
    return object;
}

/* Of a contender and the fastest one; null where nothing can be said. */
static json_t *amdahl_json(const struct summary *s, const struct summary_row *row)
{
    struct amdahl_part parts[2 * (TRAINER_MAX_OP_TIMES + 1)];
    struct amdahl_side slow, fast;
    struct amdahl a;
    if (!amdahl_figures(&a, s, row, &slow, &fast, parts)) return json_null();
    return json_pack("{s:s, s:o, s:o, s:s, s:s?, s:o, s:o}", "fastest", fast.name, "products",
                     real(a.products), "epoch", real(a.epoch), "counted_with_products", a.along,
                     "largest_other_part", a.largest, "its_share", a.largest ? real(a.share) : json_null(),
                     "its_share_before", a.largest ? real(a.before) : json_null());
}

static json_t *op_json(const struct op_figures *op)
{
    const struct op_attribution *a = &op->attribution;
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:o}", "op", op->name, "kind",
                               json_string_or_null(op->kind), "seconds", real(op->seconds), "share_of_epoch",
                               real(op->share_of_epoch), "speedup_if_free", real(op->if_free));
    if (!object || op->is_rest) return object;
    json_t *more =
        json_pack("{s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "inherited", op->inherited, "calls",
                  (json_int_t)op->calls, "flop", op->flop > 0 ? json_real(op->flop) : json_null(), "gflops",
                  real(op->gflops), "share_of_peak", real(op->share_of_peak), "bytes_min",
                  a->has_bytes ? json_real(a->bytes) : json_null(), "ai", real(op->ai), "bound_by",
                  json_string_or_null(a->limiter.by), "share_of_roof", real(op->share_of_roof));
    json_object_update(object, more);
    json_decref(more);
    return object;
}

static json_t *ops_json(const struct summary *s, const struct summary_row *row)
{
    struct op_figures ops[TRAINER_MAX_OP_TIMES + 1];
    json_t *list = json_array();
    const int count = op_figures(ops, s, row);
    for (int i = 0; i < count; i++) json_array_append_new(list, op_json(&ops[i]));
    return list;
}

/* What machine.json says of the backend under this name, or null. */
static json_t *recorded(const struct record *record, const char *backend, const char *name)
{
    json_t *value =
        json_object_get(json_object_get(json_object_get(record->root, "backends"), backend), name);
    return value ? json_incref(value) : json_null();
}

static json_t *proof_json(const struct summary_row *row)
{
    const struct proof_verdict *v = &row->verdict;
    if (!row->proven) return json_null();
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}", "cases", (json_int_t)v->cases, "failed",
                     (json_int_t)v->failed, "deviating", (json_int_t)v->deviating, "worst_error_of_bound",
                     real(v->worst_of_bound), "worst_error_of_loose_bound", real(v->worst_of_loose),
                     "worst_error_shown", real(proof_worst(v)));
}

static json_t *drift_json(const struct time_figures *f)
{
    return json_pack("{s:b, s:o, s:o, s:o}", "found", f->drift.found, "first_half_seconds",
                     real(f->drift.first), "second_half_seconds", real(f->drift.second), "change",
                     real(f->drift_change));
}

static json_t *target_json(const struct target_results *t, const struct summary_row *row)
{
    if (!t) return json_null();
    const struct target_figures f = target_figures(t, row->entry);
    return json_pack("{s:f, s:i, s:i, s:o, s:o, s:o, s:o}", "accuracy", t->accuracy, "trainings", f.trainings,
                     "reached", f.reached, "median_seconds", real(f.median), "fastest_seconds",
                     real(f.fastest), "slowest_seconds", real(f.slowest), "median_epochs",
                     real(f.median_epochs));
}

/* Rows by label, in each the counts by prediction; null where the training has not ended. */
static json_t *confusion_json(const struct summary_row *row)
{
    if (!row->has_confusion) return json_null();
    json_t *rows = json_array();
    for (int label = 0; label < DATASET_CLASSES; label++) {
        json_t *counts = json_array();
        for (int c = 0; c < DATASET_CLASSES; c++)
            json_array_append_new(counts, json_integer(row->confusion.counts[label][c]));
        json_array_append_new(rows, counts);
    }
    return rows;
}

static void add_training(json_t *object, const struct summary *s, const struct summary_row *row)
{
    const struct time_figures f = time_figures(s, row);
    const struct epoch_result *r = &row->last.result;
    if (row->epochs == 0) return;
    json_t *more = json_pack(
        "{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "disturbed", f.disturbed,
        "first_seconds", real(f.first), "median_seconds", real(f.median), "interval_95",
        interval_json(f.interval), "fastest_seconds", real(f.fastest), "slowest_seconds", real(f.slowest),
        "gflops", real(f.gflops), "gflops_done", real(f.gflops_done), "peak_gflops", real(f.peak_gflops),
        "share_of_peak", real(f.share_of_peak), "clock_share", real(clock_share(s, row)), "speedup_over",
        speedups_json(s, row), "amdahl", amdahl_json(s, row), "ops", ops_json(s, row));
    json_object_update(object, more);
    json_decref(more);
    more =
        json_pack("{s:b, s:o, s:o, s:o, s:o, s:b, s:i, s:o, s:o, s:o, s:o, s:o}", "first_is_fastest",
                  first_is_fastest(s, row), "middle_half_seconds", interval_json(f.middle_half),
                  "middle_half_share", real(f.middle_half_share), "peak_range", interval_json(f.peak_range),
                  "drift", drift_json(&f), "bimodal", f.bimodal, "last_epoch", r->epoch, "loss",
                  real(r->loss), "accuracy", real(r->accuracy), "val_loss", real(r->val_loss), "val_accuracy",
                  real(r->val_accuracy), "confusion", confusion_json(row));
    json_object_update(object, more);
    json_decref(more);
}

static json_t *backend_json(const struct summary *s, const struct summary_row *row,
                            const struct record *record, const struct target_results *target)
{
    const char *name = row->entry->name;
    const struct provenance provenance = provenance_of(row->entry);
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i}", "backend", name, "note",
        recorded(record, name, "note"), "step", describe_steps(row->entry, row->entry), "op_sources",
        recorded(record, name, "op_sources"), "verified", json_verified(&row->verdict), "proof",
        proof_json(row), "integrity", recorded(record, name, "integrity"), "failure",
        json_string_or_null(row->failure), "library", json_string_or_null(row->info.library), "git_commit",
        json_string_or_null(provenance.commit), "binary_sha256", json_string_or_null(provenance.hash),
        "target", target_json(target, row), "epochs", row->epochs, "later_epochs",
        row->epochs ? time_figures(s, row).later : 0);
    if (object) add_training(object, s, row);
    return object;
}

json_t *summary_json(const struct summary *s, const struct record *record,
                     const struct target_results *target, int exit_code)
{
    static const char *const same[] = {"run_id",   "time_utc", "env_id", "dataset",
                                       "settings", "build",    "cpu",    "resumed"};
    json_t *root = json_pack("{s:i, s:i}", "schema", SCHEMA, "exit_code", exit_code);
    json_t *backends = json_array();
    for (size_t i = 0; record->root && i < sizeof same / sizeof *same; i++)
        json_object_set(root, same[i], json_object_get(record->root, same[i]));
    for (int i = 0; i < s->count; i++)
        json_array_append_new(backends, backend_json(s, &s->rows[i], record, target));
    json_object_set_new(root, "backends", backends);
    return root;
}

json_t *summary_json_proof_row(const struct registry_entry *entry, const struct proof_row *row)
{
    json_t *failures = json_array();
    for (int i = 0; i < row->failures_saved; i++)
        json_array_append_new(failures, json_string_of_bytes(row->failures[i].message));
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:b, s:o, s:o, s:o}", "backend", entry->name,
                     "op", row->op, "cases", row->cases, "count", (json_int_t)row->count, "failed",
                     (json_int_t)row->failed, "deviating", (json_int_t)row->deviating, "worst_error_of_bound",
                     real(row->worst_of_bound), "worst_error_of_loose_bound", real(row->worst_of_loose),
                     "inherited", row->inherited, "measured", json_string_or_null(row->measured), "seconds",
                     real(row->seconds), "failures", failures);
}

int summary_json_write(const json_t *root, const char *dir, struct error *e)
{
    char path[3600];
    char *text = json_text(root, JSON_DOCUMENT);
    if (!text) return error_set(e, EXIT_INTERNAL, "summary.json: out of memory");
    const size_t length = strlen(text);
    text[length] = '\n'; /* in the place of the 0 */
    snprintf(path, sizeof path, "%s/summary.json", dir);
    const int code = file_replace(path, text, length + 1, e);
    free(text);
    return code;
}
