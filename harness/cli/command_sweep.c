/* SPDX-License-Identifier: MIT
 *
 * bench run with lists of --threads, --batch or --hidden. */
#include "cli/commands.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/resume.h"
#include "cli/settings.h"
#include "cli/training.h"
#include "sweep/sweep.h"

struct request {
    struct options options; /* of the whole grid, threads included */
    const struct invocation *invocation;
    struct sweep sweep;
};

/* ---- One point ---- */

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* A point that was killed before its machine.json has measured nothing: takes away what it has begun, so that
 * it can start again. Other files stay, and run_dir_create() will say so. */
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

/* Resumes a point that was interrupted; one that is complete stays as it is. */
static int resume_point(const struct request *r, const struct options *o, const char *place, struct error *e)
{
    static struct resumption resumed; /* large */
    int code = 0;
    json_t *earlier = resume_load(place, "machine.json", e);
    if (!earlier) return (int)e->code;
    if (resume_is_finished(earlier, &code)) {
        json_decref(earlier);
        return code;
    }
    if (resume_begin(&resumed, earlier, place, o, true, e) == 0)
        code = training_once(&resumed.options, r->invocation, &resumed, true, e);
    else
        code = (int)e->code;
    resume_free(&resumed);
    return code;
}

static int run_point(void *context, const struct grid_point *p, const char *place, struct error *e)
{
    const struct request *r = context;
    char machine[3700];
    struct options o = r->options;
    o.threads = p->threads;
    o.batch = p->batch;
    o.hidden = p->hidden;
    o.resume = NULL;
    o.out = place;
    o.export_markdown = NULL;
    snprintf(machine, sizeof machine, "%s/machine.json", place);
    if (access(machine, F_OK) == 0) return resume_point(r, &o, place, e);
    clear_beginning(place);
    return training_once(&o, r->invocation, NULL, true, e);
}

/* ---- All points ---- */

static void begin(struct request *r, const struct options *o, const struct invocation *invocation)
{
    r->options = *o;
    r->invocation = invocation;
    r->sweep = (struct sweep){.quiet = o->quiet,
                              .markdown = o->export_markdown,
                              .resumed = o->resume != NULL,
                              .interrupted = &interrupt_flag,
                              .context = r,
                              .run_point = run_point};
}

static int run_all(struct request *r, struct error *e)
{
    r->sweep.grid = r->options.grid;
    const int code = sweep_run_points(&r->sweep, e);
    sweep_record_free(&r->sweep.record);
    return code;
}

/* The number of threads that a run without --threads has. */
static int complete_grid(struct request *r, char env_id[ENV_ID_SIZE], struct error *e)
{
    struct topology t;
    struct int_list *threads = &r->options.grid.axis[GRID_THREADS];
    if (topology_read(&t, e)) return (int)e->code;
    if (!*env_id_here(&t, env_id)) return error_set(e, EXIT_INTERNAL, "env_id: out of memory");
    if (threads->count == 0) *threads = (struct int_list){1, {t.default_threads}};
    return 0;
}

int command_sweep(const struct options *o, const struct invocation *invocation, struct error *e)
{
    static struct request r; /* large */
    const struct registry_entry *entries[REGISTRY_MAX];
    struct sweep *s = &r.sweep;
    char env_id[ENV_ID_SIZE];
    int count = 0;
    begin(&r, o, invocation);
    if (registry_select(o->backend, entries, &count, e) || complete_grid(&r, env_id, e) ||
        run_dir_create(&s->dir, o->out, e))
        return (int)e->code;
    sweep_record_init(&s->record, &s->dir, invocation->argc, invocation->argv,
                      settings_of_sweep(&r.options, entries, count), env_id, &r.options.grid);
    int code = sweep_record_write(&s->record, "running", 0, e);
    if (!code) code = run_all(&r, e);
    run_dir_release(&s->dir);
    return code;
}

/* ---- Resuming ---- */

static int reopen(struct request *r, const char *dir, json_t *earlier, char **list, struct error *e)
{
    struct sweep *s = &r->sweep;
    char path[3600];
    const char *id = json_string_value(json_object_get(earlier, "run_id"));
    snprintf(path, sizeof path, "%s/sweep.json", dir);
    if (!id || !json_is_array(json_object_get(earlier, "points")))
        return error_set(e, EXIT_DATA, "%.300s: has no run_id or no points: the file is damaged", path);
    if (resume_check_same(earlier, path, e) ||
        settings_read(&r->options, json_object_get(earlier, "settings"), path, list, e))
        return (int)e->code;
    if (grid_points(&r->options.grid) != (int)json_array_size(json_object_get(earlier, "points")))
        return error_set(e, EXIT_DATA, "%.300s: its points do not match its settings", path);
    if (run_dir_reopen(&s->dir, dir, e)) return (int)e->code;
    snprintf(s->dir.run_id, sizeof s->dir.run_id, "%s", id);
    sweep_record_continue(&s->record, &s->dir, json_incref(earlier));
    return 0;
}

int command_sweep_resume(const char *dir, const struct options *o, const struct invocation *invocation,
                         struct error *e)
{
    static struct request r; /* large */
    char *list = NULL;
    int code = 0;
    if (o->save)
        return error_set(e, EXIT_USAGE, "--save: %.300s is a sweep; only the weights of a run can be saved",
                         dir);
    json_t *earlier = resume_load(dir, "sweep.json", e);
    if (!earlier) return (int)e->code;
    begin(&r, o, invocation);
    if (resume_is_finished(earlier, &code)) {
        fprintf(stderr, "bench: --resume %s: the sweep is complete (exit code %d): nothing to do\n", dir,
                code);
    } else if (reopen(&r, dir, earlier, &list, e) == 0) {
        code = run_all(&r, e);
    } else {
        code = (int)e->code;
    }
    run_dir_release(&r.sweep.dir);
    free(list);
    json_decref(earlier);
    return code;
}
