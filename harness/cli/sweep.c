/* SPDX-License-Identifier: MIT */
#include "cli/sweep.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/resume.h"
#include "cli/settings.h"
#include "cli/training.h"
#include "report/sweep_record.h"
#include "report/sweep_results.h"

struct sweep {
    struct options options; /* of the whole grid, threads included */
    const struct invocation *words;
    struct folder folder;
    struct sweep_record record;
    int points;
};

/* ---- One point ---- */

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* A point that was killed before its machine.json has measured nothing: takes away what it has begun, so that
 * it can begin anew. What is none of its files stays, and folder_create() will say so. */
static void clear_beginning(const char *place)
{
    DIR *d = opendir(place);
    if (!d) return;
    for (struct dirent *entry; (entry = readdir(d));)
        if (ends_with(entry->d_name, ".partial") || ends_with(entry->d_name, ".tmp") ||
            strcmp(entry->d_name, "topology.xml") == 0)
            unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
}

/* Goes on with a point, or leaves one that went to its end. */
static int resume_point(const struct sweep *s, const struct options *o, const char *place, struct error *e)
{
    static struct resumption r; /* large */
    int code = 0;
    json_t *earlier = resume_load(place, "machine.json", e);
    if (!earlier) return (int)e->code;
    if (resume_is_finished(earlier, &code)) {
        json_decref(earlier);
        return code;
    }
    if (resume_begin(&r, earlier, place, o, true, e) == 0)
        code = training_once(&r.options, s->words, &r, true, e);
    else
        code = (int)e->code;
    resume_free(&r);
    return code;
}

static int run_point(const struct sweep *s, int i, struct error *e)
{
    char name[GRID_NAME_SIZE], place[3600], machine[3700];
    const struct grid_point p = grid_point_at(&s->options.grid, i);
    struct options o = s->options;
    o.threads = p.threads;
    o.batch = p.batch;
    o.hidden = p.hidden;
    o.resume = NULL;
    o.out = place;
    snprintf(place, sizeof place, "%s/%s", s->folder.path, grid_point_name(&p, name));
    snprintf(machine, sizeof machine, "%s/machine.json", place);
    if (!o.quiet)
        fprintf(stderr, "\npoint %d of %d: %d thread%s, batch %d, hidden %d\n", i + 1, s->points, p.threads,
                p.threads == 1 ? "" : "s", p.batch, p.hidden);
    if (access(machine, F_OK) == 0) return resume_point(s, &o, place, e);
    clear_beginning(place);
    return training_once(&o, s->words, NULL, true, e);
}

/* ---- All points ---- */

static const char *status_of(int code)
{
    return code == EXIT_OK ? "complete" : code == EXIT_INTERRUPTED ? "interrupted" : "failed";
}

/* A contender that fails stops nothing; what would fail at every point ends the sweep. */
static int run_points(struct sweep *s, struct error *e)
{
    int worst = EXIT_OK;
    for (int i = 0; i < s->points; i++) {
        if (interrupt_flag) return exit_code_worst(worst, EXIT_INTERRUPTED);
        sweep_record_point(&s->record, i, "running", 0);
        if (sweep_record_write(&s->record, "running", 0, e)) return exit_code_worst(worst, (int)e->code);
        const int code = run_point(s, i, e);
        sweep_record_point(&s->record, i, status_of(code), code);
        worst = exit_code_worst(worst, code);
        if (e->code || code == EXIT_INTERRUPTED) break;
    }
    return worst;
}

/* Whether no point has anything, for an error that came before the first row: the folder is then as it was
 * before, and is taken by the next try. What a resumed sweep finds stays. */
static bool abandon(struct sweep *s, const struct sweep_results *results, const struct error *e)
{
    if (!e->code || results->count > 0 || s->options.resume) return false;
    sweep_record_discard(&s->record);
    folder_abandon(&s->folder);
    return true;
}

/* sweep.csv and the table, from the points' files; then sweep.json says how it ended. */
static int conclude(struct sweep *s, int code, struct error *e)
{
    struct sweep_results results;
    struct error unread = {.code = EXIT_OK}; /* an error of the run itself comes first */
    const int lost = sweep_results_read(&results, s->folder.path, &s->options.grid, &unread);
    if (!lost && abandon(s, &results, e)) {
        sweep_results_free(&results);
        return code;
    }
    if (!lost && sweep_results_write(&results, s->folder.path, s->folder.run_id, &unread) == 0 &&
        sweep_results_print(&results, stdout) != 0)
        error_set(&unread, EXIT_INTERNAL, "out of memory for the table; the files are complete");
    sweep_results_free(&results);
    printf("results: %s\n", s->folder.path);
    if (unread.code) code = exit_code_worst(code, error_set(e, unread.code, "%s", unread.text));
    if (code == EXIT_INTERRUPTED)
        fprintf(stderr, "bench: interrupted; go on with: bench run --resume %s\n", s->folder.path);
    return exit_code_worst(code, sweep_record_write(&s->record, status_of(code), code, e));
}

static int run_all(struct sweep *s, struct error *e)
{
    s->points = grid_points(&s->options.grid);
    if (!s->options.quiet) fprintf(stderr, "sweep of %d points; files in %s\n", s->points, s->folder.path);
    return conclude(s, run_points(s, e), e);
}

/* The number of threads that a run without --threads has. */
static int complete_grid(struct sweep *s, char env_id[ENV_ID_SIZE], struct error *e)
{
    struct topology t;
    struct int_list *threads = &s->options.grid.axis[GRID_THREADS];
    if (topology_read(&t, e)) return (int)e->code;
    if (!*env_id_here(&t, env_id)) return error_set(e, EXIT_INTERNAL, "env_id: out of memory");
    if (threads->count == 0) *threads = (struct int_list){1, {t.default_threads}};
    return 0;
}

int sweep_run(const struct options *o, const struct invocation *words, struct error *e)
{
    static struct sweep s; /* large */
    const struct registry_entry *entries[REGISTRY_MAX];
    char env_id[ENV_ID_SIZE];
    int count = 0;
    s.options = *o;
    s.words = words;
    if (registry_select(o->backend, entries, &count, e) || complete_grid(&s, env_id, e) ||
        folder_create(&s.folder, o->out, e))
        return (int)e->code;
    sweep_record_init(&s.record, &s.folder, words->argc, words->argv,
                      settings_of_sweep(&s.options, entries, count), env_id, &s.options.grid);
    int code = sweep_record_write(&s.record, "running", 0, e);
    if (!code) code = run_all(&s, e);
    sweep_record_free(&s.record);
    folder_release(&s.folder);
    return code;
}

/* ---- Resuming ---- */

static int reopen(struct sweep *s, const char *folder, json_t *earlier, char **list, struct error *e)
{
    char path[3600];
    const char *id = json_string_value(json_object_get(earlier, "run_id"));
    snprintf(path, sizeof path, "%s/sweep.json", folder);
    if (!id || !json_is_array(json_object_get(earlier, "points")))
        return error_set(e, EXIT_DATA, "%.300s: has no run_id or no points: the file is damaged", path);
    if (resume_check_same(earlier, path, e) ||
        settings_read(&s->options, json_object_get(earlier, "settings"), path, list, e))
        return (int)e->code;
    if (grid_points(&s->options.grid) != (int)json_array_size(json_object_get(earlier, "points")))
        return error_set(e, EXIT_DATA, "%.300s: its points are not those of its settings", path);
    if (folder_reopen(&s->folder, folder, e)) return (int)e->code;
    snprintf(s->folder.run_id, sizeof s->folder.run_id, "%s", id);
    sweep_record_continue(&s->record, &s->folder, json_incref(earlier));
    return 0;
}

int sweep_resume(const char *folder, const struct options *o, const struct invocation *words, struct error *e)
{
    static struct sweep s; /* large */
    char *list = NULL;
    int code = 0;
    json_t *earlier = resume_load(folder, "sweep.json", e);
    if (!earlier) return (int)e->code;
    s.options = *o;
    s.words = words;
    if (resume_is_finished(earlier, &code)) {
        fprintf(stderr, "bench: --resume %s: the sweep went to its end (exit code %d): nothing to do\n",
                folder, code);
    } else if (reopen(&s, folder, earlier, &list, e) == 0) {
        code = run_all(&s, e);
        sweep_record_free(&s.record);
    } else {
        code = (int)e->code;
    }
    folder_release(&s.folder);
    free(list);
    json_decref(earlier);
    return code;
}
