/* SPDX-License-Identifier: MIT */
#include "sweep/sweep_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json_text.h"
#include "results/record.h"

static void set(struct sweep_record *r, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) r->lost = true;
}

static json_t *points_json(const struct grid *g)
{
    json_t *points = json_array();
    for (int i = 0; i < grid_points(g); i++) {
        char name[GRID_NAME_SIZE];
        const struct grid_point p = grid_point_at(g, i);
        json_t *point =
            json_pack("{s:s, s:i, s:i, s:i, s:s, s:n}", "folder", grid_point_name(&p, name), "threads",
                      p.threads, "batch", p.batch, "hidden", p.hidden, "status", "pending", "exit_code");
        if (json_array_append_new(points, point) == 0) continue;
        json_decref(points);
        return NULL;
    }
    return points;
}

void sweep_record_init(struct sweep_record *r, const struct run_dir *dir, int argc, char **argv,
                       json_t *settings, const char *env_id, const struct grid *g)
{
    memset(r, 0, sizeof *r);
    status_file_init(&r->file, dir->path, "sweep.json");
    json_t *command = json_array();
    for (int i = 0; i < argc; i++)
        if (json_array_append_new(command, json_string_of_bytes(argv[i])) != 0) r->lost = true;
    r->root = json_object();
    set(r, r->root, "schema", json_integer(1));
    set(r, r->root, "run_id", json_string(dir->run_id));
    set(r, r->root, "time_utc", json_string(dir->utc));
    set(r, r->root, "status", json_string("running"));
    set(r, r->root, "exit_code", json_null());
    set(r, r->root, "command_line", command);
    set(r, r->root, "settings", settings);
    set(r, r->root, "env_id", json_string(env_id));
    set(r, r->root, "build", record_build());
    set(r, r->root, "points", points_json(g));
}

void sweep_record_continue(struct sweep_record *r, const struct run_dir *dir, json_t *earlier)
{
    char utc[24];
    const time_t now = time(NULL);
    struct tm t;
    gmtime_r(&now, &t);
    strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &t);
    memset(r, 0, sizeof *r);
    status_file_init(&r->file, dir->path, "sweep.json");
    r->root = earlier;
    if (!json_is_array(json_object_get(earlier, "resumed"))) set(r, earlier, "resumed", json_array());
    json_t *note =
        json_pack("{s:s, s:O}", "time_utc", utc, "status_before", json_object_get(earlier, "status"));
    if (json_array_append_new(json_object_get(earlier, "resumed"), note) != 0) r->lost = true;
}

void sweep_record_free(struct sweep_record *r)
{
    status_file_free(&r->file);
    json_decref(r->root);
    r->root = NULL;
}

void sweep_record_point(struct sweep_record *r, int point, const char *status, int exit_code)
{
    json_t *object = json_array_get(json_object_get(r->root, "points"), (size_t)point);
    const bool ended = strcmp(status, "pending") != 0 && strcmp(status, "running") != 0;
    set(r, object, "status", json_string(status));
    set(r, object, "exit_code", ended ? json_integer(exit_code) : json_null());
}

int sweep_record_write(struct sweep_record *r, const char *status, int exit_code, struct error *e)
{
    return status_file_write(&r->file, r->lost ? NULL : r->root, status, exit_code, e);
}

void sweep_record_discard(struct sweep_record *r)
{
    ending_hold();
    status_file_free(&r->file);
    unlink(r->file.path);
    ending_let();
}
