/* SPDX-License-Identifier: MIT */
#include "cli/resume.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/input.h"
#include "cli/settings.h"
#include "machine/env_id.h"
#include "machine/build.h"
#include "base/atomic_file.h"

/* ---- What may be resumed ---- */

int resume_check_flags(const struct options *o, struct error *e)
{
    static const char *const free_ones[] = {"resume", "data", "quiet", "save", "export-markdown"};
    for (int i = 0; option_table[i].name; i++) {
        bool is_free = false;
        for (size_t j = 0; j < sizeof free_ones / sizeof *free_ones; j++)
            is_free = is_free || strcmp(option_table[i].name, free_ones[j]) == 0;
        if (!is_free && (o->given >> i & 1))
            return error_set(e, EXIT_USAGE,
                             "--%s: --resume uses the settings of the earlier run; leave this flag out, or "
                             "start a new run without --resume",
                             option_table[i].name);
    }
    return 0;
}

json_t *resume_load(const char *dir, const char *name, struct error *e)
{
    char path[3600];
    struct input_problem wrong;
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        error_set(e, EXIT_USAGE, "--resume %.200s...: the path is too long", dir);
        return NULL;
    }
    if (access(path, F_OK) != 0) {
        error_set(e, EXIT_USAGE,
                  "--resume %.300s: has no %s: it is not a run, or one that was killed before it measured "
                  "anything; start a new run",
                  dir, name);
        return NULL;
    }
    json_t *root = input_json(path, INPUT_MACHINE, 0, &wrong);
    if (!root || !json_string_value(json_object_get(root, "status"))) {
        error_set(e, input_exit_code(&wrong, EXIT_DATA),
                  "%.300s: is damaged: it %s; the run cannot be resumed, start a new one", path,
                  root ? "has no status" : wrong.why);
        json_decref(root);
        return NULL;
    }
    return root;
}

bool resume_is_finished(const json_t *earlier, int *code)
{
    const char *status = json_string_value(json_object_get(earlier, "status"));
    *code = (int)json_integer_value(json_object_get(earlier, "exit_code"));
    const bool to_its_end = *code == EXIT_OK || *code == EXIT_PROOF || *code == EXIT_INTEGRITY;
    return (strcmp(status, "complete") == 0 || strcmp(status, "failed") == 0) && to_its_end;
}

int resume_check_same(const json_t *earlier, const char *path, struct error *e)
{
    const json_t *build = json_object_get(earlier, "build");
    const char *id = json_string_value(json_object_get(earlier, "env_id")),
               *sum = json_string_value(json_object_get(build, "program_sha256")),
               *commit = json_string_value(json_object_get(build, "commit"));
    char here[ENV_ID_SIZE];
    struct topology topology;
    if (!id || !sum || !commit)
        return error_set(e, EXIT_DATA,
                         "%.300s: lacks env_id or the program's identity: the file is damaged, or written by "
                         "a version whose runs cannot be resumed",
                         path);
    if (topology_read(&topology, e)) return (int)e->code;
    if (strcmp(id, env_id_here(&topology, here)) != 0)
        return error_set(e, EXIT_USAGE,
                         "%.300s: is from another machine (env_id %.20s, here %s), and times of two machines "
                         "do not belong in one run; start a new one here",
                         path, id, here);
    if (strcmp(sum, build_get()->program_sha256) != 0)
        return error_set(e, EXIT_USAGE,
                         "%.300s: was started by another build of bench (commit %.12s, here %.12s; its "
                         "SHA-256 differs); resume it with that build, or start a new run",
                         path, build_commit_text(commit), build_commit_text(build_get()->commit));
    return 0;
}

/* Only bench run's own directories: by the command that machine.json names. */
static int check_command(const json_t *earlier, const char *path, struct error *e)
{
    const char *word = json_string_value(json_array_get(json_object_get(earlier, "command_line"), 1));
    if (!word || word[0] == '-' || strcmp(word, "run") == 0) return 0;
    return error_set(
        e, EXIT_USAGE,
        "%.300s: was written by 'bench %.20s'; only runs and sweeps of 'bench run' can be resumed", path,
        word);
}

/* ---- Beginning ---- */

int resume_begin(struct resumption *r, json_t *earlier, const char *dir, const struct options *o,
                 bool plugins_loaded, struct error *e)
{
    memset(r, 0, sizeof *r);
    r->earlier = earlier;
    r->options = *o;
    snprintf(r->path, sizeof r->path, "%s/machine.json", dir);
    json_t *settings = json_object_get(earlier, "settings");
    if (plugins_loaded && json_object_set_new(settings, "plugins", json_array()) != 0)
        return error_set(e, EXIT_DATA, "%.300s: has no settings: the file is damaged", r->path);
    if (check_command(earlier, r->path, e) || resume_check_same(earlier, r->path, e) ||
        settings_read(&r->options, settings, r->path, &r->list, e))
        return (int)e->code;
    r->options.resume = dir;
    r->options.out = NULL;
    return 0;
}

void resume_free(struct resumption *r)
{
    prior_epochs_free(&r->prior);
    free(r->list);
    json_decref(r->note);
    json_decref(r->earlier);
    memset(r, 0, sizeof *r);
}

int resume_match(struct resumption *r, struct session *s, struct error *e)
{
    const char *id = json_string_value(json_object_get(r->earlier, "run_id")),
               *utc = json_string_value(json_object_get(r->earlier, "time_utc"));
    if (!id || !utc) return error_set(e, EXIT_DATA, "%.300s: has no run_id or no time_utc", r->path);
    snprintf(s->dir.run_id, sizeof s->dir.run_id, "%s", id);
    snprintf(s->dir.utc, sizeof s->dir.utc, "%s", utc);
    if (!record_has_data(r->earlier, &s->data))
        return error_set(
            e, EXIT_DATA,
            "%.300s: was trained on other images than dataset=%s; give their directory with --data", r->path,
            s->data.name);
    const struct options *o = s->options;
    if (prior_epochs_read(&r->prior, s->dir.path, s->entries, s->count, e)) return (int)e->code;
    for (int i = 0; i < s->count; i++) {
        if (r->prior.series[i].epochs >
            run_contender_epochs(s->entries[i], s->count, o->epochs, o->naive_epochs))
            return error_set(e, EXIT_DATA, "%.300s: %s has more epochs than its settings say", s->dir.path,
                             s->entries[i]->name);
        r->prior_count[i] = r->prior.series[i].epochs;
    }
    return 0;
}

/* ---- The record ---- */

static json_t *note_json(const struct resumption *r, const struct session *s)
{
    char utc[24];
    const time_t now = time(NULL);
    struct tm t;
    gmtime_r(&now, &t);
    strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &t);
    json_t *repeated = json_object();
    for (int i = 0; i < s->count; i++)
        if (json_object_set_new(repeated, s->entries[i]->name, json_integer(r->prior_count[i])) != 0) {
            json_decref(repeated);
            return NULL;
        }
    return json_pack("{s:s, s:O, s:o, s:{}}", "time_utc", utc, "status_before",
                     json_object_get(r->earlier, "status"), "kept_epochs", repeated, "trained_again");
}

int resume_record(struct resumption *r, const struct session *s, struct record *record, struct error *e)
{
    const json_t *before = json_object_get(r->earlier, "backends"),
                 *now = json_object_get(record->root, "backends");
    for (int i = 0; i < s->count; i++) {
        const char *name = s->entries[i]->name;
        if (!json_equal(json_object_get(json_object_get(before, name), "blocking"),
                        json_object_get(json_object_get(now, name), "blocking")))
            return error_set(e, EXIT_USAGE,
                             "%.300s: %s would run with other block sizes than before, because bench tune "
                             "has changed them; start a new run",
                             r->path, name);
    }
    r->note = note_json(r, s);
    if (!r->note) return error_set(e, EXIT_INTERNAL, "out of memory");
    record_continue(record, r->earlier, json_incref(r->note));
    return 0;
}

/* ---- The prior epochs ---- */

static int find_entry(const struct session *s, const struct registry_entry *entry)
{
    int i = 0;
    while (i < s->count - 1 && s->entries[i] != entry) i++;
    return i;
}

/* Older files lack it: then all was done. */
static double prior_flop_done(const struct resumption *r, int backend, int epoch)
{
    const char *cell = prior_cell(&r->prior, backend, epoch, "gflops_done");
    const char *seconds = prior_cell(&r->prior, backend, epoch, "train_seconds");
    return *cell ? strtod(cell, NULL) * 1e9 * strtod(seconds, NULL) : -1.0;
}

/* NAN where it is not known. */
static double prior_llc(const struct resumption *r, int backend, int epoch)
{
    const char *cell = prior_cell(&r->prior, backend, epoch, "llc_gbps");
    return *cell ? strtod(cell, NULL) : NAN;
}

static double prior_real(const struct resumption *r, int backend, int epoch, const char *column)
{
    return strtod(prior_cell(&r->prior, backend, epoch, column), NULL);
}

int resume_summary(const struct resumption *r, const struct session *s, struct summary *summary)
{
    for (int i = 0; i < s->count; i++)
        for (int epoch = 1; epoch <= r->prior_count[i]; epoch++) {
            const struct epoch_report report = {
                .result = {.epoch = epoch,
                           .train_seconds = prior_real(r, i, epoch, "train_seconds"),
                           .loss = prior_real(r, i, epoch, "loss"),
                           .accuracy = prior_real(r, i, epoch, "accuracy"),
                           .val_loss = prior_real(r, i, epoch, "val_loss"),
                           .val_accuracy = prior_real(r, i, epoch, "val_accuracy")},
                .peak_gflops = prior_real(r, i, epoch, "peak_gflops"),
                .tier = (int)isa_tier_of(registry_multiplier(s->entries[i]), s->plan.isa),
                .round = (int)prior_real(r, i, epoch, "round"),
                .clock_reads = -1,
                .flop_done = prior_flop_done(r, i, epoch),
                .noise.llc_gbps = prior_llc(r, i, epoch)};
            const double flop = network_train_flop(&s->shape, prior_real(r, i, epoch, "samples"));
            struct summary_row *row = summary_row(summary, s->entries[i]);
            if (summary_epoch(summary, row, &report, s->options->seed, flop) != 0) return -1;
            row->points[row->epochs - 1].disturbed = *prior_cell(&r->prior, i, epoch, "noisy") != 0;
        }
    return 0;
}

/* Whether a figure is what the prior row says, to the last digit of it. */
static bool is_as_before(const struct resumption *r, int backend, int epoch, const char *column, double value)
{
    char text[48];
    return strcmp(prior_cell(&r->prior, backend, epoch, column),
                  isnan(value) ? "nan" : file_format_real(text, sizeof text, value)) == 0;
}

const char *resume_replayed(struct resumption *r, const struct session *s, const struct registry_entry *entry,
                            const struct epoch_report *report, char *reason, size_t size)
{
    const int i = find_entry(s, entry), epoch = report->result.epoch;
    const struct epoch_result *now = &report->result;
    if (!is_as_before(r, i, epoch, "loss", now->loss) ||
        !is_as_before(r, i, epoch, "accuracy", now->accuracy) ||
        !is_as_before(r, i, epoch, "val_loss", now->val_loss) ||
        !is_as_before(r, i, epoch, "val_accuracy", now->val_accuracy))
        r->differs[i] = true;
    /* Where memory is short, the note lacks it; the run does not suffer. */
    json_object_set_new(json_object_get(r->note, "trained_again"), entry->name,
                        json_string(r->differs[i] ? "different" : "equal"));
    if (!r->differs[i] || !registry_is_deterministic(entry)) return NULL;
    snprintf(reason, size,
             "epoch %d, repeated, has loss %.9g instead of %.20s, although the backend promises the same "
             "bits in every run",
             epoch, now->loss, prior_cell(&r->prior, i, epoch, "loss"));
    return reason;
}

void resume_print(const struct resumption *r, const struct session *s, FILE *out)
{
    const size_t times = json_array_size(json_object_get(r->earlier, "resumed")) + 1;
    fprintf(out, "resumed %s: rows before and after come from different processes and times\n",
            times == 1   ? "once"
            : times == 2 ? "twice"
                         : "several times");
    for (int i = 0; i < s->count; i++)
        if (r->differs[i])
            fprintf(
                out,
                "%s: repeating its earlier epochs gave different results; its later rows follow from these\n",
                s->entries[i]->name);
}
