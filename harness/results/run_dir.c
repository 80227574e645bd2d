/* SPDX-License-Identifier: MIT */
#include "results/run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/paths.h"
#include "base/input.h"
#include "machine/build_config.h"
#include "machine/places.h"

void run_dir_name(struct run_dir *f)
{
    memset(f, 0, sizeof *f);
    const time_t now = time(NULL);
    struct tm t;
    gmtime_r(&now, &t);
    uint16_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = (uint16_t)getpid();
    const size_t used = strftime(f->run_id, sizeof f->run_id, "%Y%m%d-%H%M%S", &t);
    snprintf(f->run_id + used, sizeof f->run_id - used, "-%04x", (unsigned)random);
    strftime(f->utc, sizeof f->utc, "%Y-%m-%dT%H:%M:%SZ", &t);
}

static int require_dir(const char *path, int *entries, struct error *e)
{
    *entries = 0;
    DIR *d = opendir(path);
    if (!d && errno == ENOENT) return 0;
    if (!d && errno == ENOTDIR)
        return error_set(e, EXIT_USAGE, "--out %s: is a file, or lies below one; give a directory", path);
    if (!d) return error_set(e, EXIT_INTERNAL, "--out %s: cannot be opened: %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(d));)
        *entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(d);
    return 0;
}

static int set_path(struct run_dir *f, const char *out, struct error *e)
{
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/') length--;
    if (length >= sizeof f->path)
        return error_set(e, EXIT_USAGE, "--out: the path is longer than %zu bytes", sizeof f->path - 1);
    memcpy(f->path, out, length);
    f->path[length] = 0;
    return 0;
}

static void set_default_path(struct run_dir *f)
{
    const bool checkout = places_checkout() && access(SOURCE_ROOT "/results", W_OK) == 0;
    snprintf(f->path, sizeof f->path, "%s/%s", checkout ? SOURCE_ROOT "/results" : "results", f->run_id);
}

/* Where the file system knows no such locks, goes without. */
static int lock_dir(struct run_dir *f, const char *flag, struct error *e)
{
    const int fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, errno == ENOENT || errno == ENOTDIR ? EXIT_USAGE : EXIT_INTERNAL, "%s %s: %s",
                         flag, f->path, errno == ENOTDIR ? "not a directory" : strerror(errno));
    f->lock = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* 0 would be mistaken for none */
    close(fd);
    if (f->lock > 0 && flock(f->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        run_dir_release(f);
        return error_set(e, EXIT_USAGE, "%s %s: another bench is writing there; wait until it ends", flag,
                         f->path);
    }
    if (f->lock < 0) f->lock = 0;
    return 0;
}

static void list_ending(struct run_dir *f)
{
    f->ending = (struct ending){.what = ENDING_DIRECTORY, .fd = -1, .made = f->made, .from = f->path};
    ending_add(&f->ending);
}

static int make_dir(struct run_dir *f, struct error *e)
{
    ending_hold();
    if (paths_make_dir(f->path, &f->made, e) == 0) list_ending(f);
    ending_let();
    return (int)e->code;
}

int run_dir_create(struct run_dir *f, const char *out, struct error *e)
{
    int entries = 0;
    run_dir_name(f);
    if (!out)
        set_default_path(f);
    else if (set_path(f, out, e) || require_dir(f->path, &entries, e))
        return (int)e->code;
    if (entries)
        return error_set(e, EXIT_USAGE, "--out %s: is not empty; give a new or an empty directory", f->path);
    if (make_dir(f, e)) return (int)e->code;
    return lock_dir(f, "--out", e);
}

int run_dir_reopen(struct run_dir *f, const char *path, struct error *e)
{
    run_dir_name(f);
    if (set_path(f, path, e)) return (int)e->code;
    list_ending(f);
    return lock_dir(f, "--resume", e);
}

void run_dir_release(struct run_dir *f)
{
    ending_remove(&f->ending);
    if (f->lock > 0) close(f->lock);
    f->lock = 0;
}

void run_dir_abandon(struct run_dir *f)
{
    run_dir_release(f);
    if (f->made) rmdir(f->path);
    f->path[0] = 0;
}

/* The run id that the directory's machine.json names. */
static int read_run_id(const char *dir, char *run_id, size_t size)
{
    char path[sizeof((struct run_dir *)0)->path + 20];
    snprintf(path, sizeof path, "%s/machine.json", dir);
    struct input_problem wrong;
    json_t *root = input_json(path, INPUT_MACHINE, 0, &wrong);
    const char *id = json_string_value(json_object_get(root, "run_id"));
    if (id) clean_copy(run_id, size, id);
    json_decref(root);
    return id ? 0 : -1;
}

int run_dir_join(struct run_dir *f, const char *out, const char *adds, struct error *e)
{
    int entries = 0;
    run_dir_name(f);
    if (set_path(f, out, e) || require_dir(f->path, &entries, e)) return (int)e->code;
    if (!entries) return make_dir(f, e);
    char path[sizeof f->path + 64];
    if (read_run_id(f->path, f->run_id, sizeof f->run_id) != 0)
        return error_set(e, EXIT_USAGE,
                         "--out %s: is neither empty nor the directory of a run (it has no machine.json)",
                         f->path);
    snprintf(path, sizeof path, "%s/%s", f->path, adds);
    if (access(path, F_OK) == 0) return error_set(e, EXIT_USAGE, "--out %s: already holds %s", f->path, adds);
    f->continued = 1;
    list_ending(f);
    return 0;
}
