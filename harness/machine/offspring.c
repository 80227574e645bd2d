/* SPDX-License-Identifier: MIT */
#include "machine/offspring.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"

static const double kill_seconds = 2.0;

enum { MAX_PIDS = 256 };

struct pids {
    pid_t of[MAX_PIDS];
    int count;
};

static bool prepared;
static struct pids inherited; /* children from before offspring_prepare() */
static struct pids expected;

static bool contains(const struct pids *p, pid_t pid)
{
    for (int i = 0; i < p->count; i++)
        if (p->of[i] == pid) return true;
    return false;
}

static void add(struct pids *p, pid_t pid)
{
    if (p->count < MAX_PIDS) p->of[p->count++] = pid;
}

/* ---- All processes ---- */

struct entry {
    pid_t pid, parent, session;
    char state, name[16];
    bool wanted;
};

/* One for the life of the process: it seldom grows after the first look, so a later one needs no memory. */
static struct table {
    struct entry *of;
    size_t count, capacity;
} processes;

/* proc(5)'s stat: "pid (name) state ppid pgrp session ..."; the name may hold anything. */
static bool read_entry(const char *pid, struct entry *e)
{
    char path[64], text[512];
    int parent, session;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) close(fd);
    if (length <= 0) return false;
    text[length] = 0;
    char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (!name || !end || sscanf(end, ") %c %d %*d %d", &e->state, &parent, &session) != 3) return false;
    *end = 0;
    for (char *c = ++name; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    snprintf(e->name, sizeof e->name, "%.15s", name);
    e->pid = (pid_t)strtol(pid, NULL, 10);
    e->parent = parent;
    e->session = session;
    e->wanted = false;
    return true;
}

static void grow(struct table *t)
{
    const size_t capacity = 2 * t->capacity + 256;
    struct entry *more = xmalloc(capacity * sizeof *more);
    if (t->count) memcpy(more, t->of, t->count * sizeof *more);
    free(t->of);
    *t = (struct table){more, t->count, capacity};
}

/* False where /proc is not there. */
static bool read_table(struct table *t)
{
    DIR *proc = opendir("/proc");
    t->count = 0;
    if (!proc) return false;
    for (struct dirent *d; (d = readdir(proc));) {
        if (d->d_name[0] < '1' || d->d_name[0] > '9') continue;
        if (t->count == t->capacity) grow(t);
        t->count += read_entry(d->d_name, &t->of[t->count]);
    }
    closedir(proc);
    return t->count > 0;
}

/* ---- Whose they are ---- */

/* No process can enter a session that is there already, so one in this session was not left by a process that
 * this one has started in another. Where nothing was inherited, every child that is not expected is foreign.
 */
static bool is_left_behind(const struct entry *e)
{
    return e->parent == getpid() && !contains(&expected, e->pid) && !contains(&inherited, e->pid) &&
           (inherited.count == 0 || e->session != getsid(0));
}

static bool has_wanted_parent(const struct table *t, const struct entry *e, pid_t parent)
{
    if (parent > 0 && e->parent == parent) return true;
    for (size_t i = 0; i < t->count; i++)
        if (t->of[i].pid == e->parent) return t->of[i].wanted;
    return false;
}

static void mark(struct table *t, pid_t parent)
{
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < t->count; i++) {
            struct entry *e = &t->of[i];
            if (e->wanted || !(is_left_behind(e) || has_wanted_parent(t, e, parent))) continue;
            e->wanted = grew = true;
        }
    }
}

static void note(struct offspring *o, const struct entry *e)
{
    for (int i = 0; i < o->count; i++)
        if (o->of[i].pid == e->pid) return;
    if (o->count == OFFSPRING_NAMED) return;
    o->of[o->count].pid = e->pid;
    memcpy(o->of[o->count++].name, e->name, sizeof e->name);
}

/* Returns how many of them still run, after a signal has been sent to each; 0: none is sent. */
static int visit(pid_t parent, struct offspring *found, int number)
{
    int running = 0;
    if (!read_table(&processes)) {
        found->unknown = true;
        return 0;
    }
    mark(&processes, parent);
    for (size_t i = 0; i < processes.count; i++) {
        const struct entry *e = &processes.of[i];
        if (!e->wanted) continue;
        note(found, e);
        running += e->state != 'Z' && e->state != 'X';
        if (!number) continue;
        kill(e->pid, number);
        if (e->parent == getpid()) waitpid(e->pid, NULL, WNOHANG);
    }
    return running;
}

/* ---- For others ---- */

void offspring_prepare(void)
{
    if (prepared) return;
    prepared = true;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!read_table(&processes)) return;
    for (size_t i = 0; i < processes.count; i++)
        if (processes.of[i].parent == getpid()) add(&inherited, processes.of[i].pid);
}

void offspring_expect(pid_t child)
{
    add(&expected, child);
}

void offspring_forget(pid_t child)
{
    for (int i = 0; i < expected.count; i++)
        if (expected.of[i] == child) expected.of[i--] = expected.of[--expected.count];
}

void offspring_look(pid_t parent, struct offspring *found)
{
    visit(parent, found, 0);
}

void offspring_end(pid_t parent, struct offspring *found)
{
    const double deadline = clock_seconds() + kill_seconds;
    const struct timespec nap = {0, 1000000};
    /* What is killed may have started another just before, so the last look finds nothing. */
    while (visit(parent, found, SIGKILL) > 0) {
        if (clock_seconds() > deadline) {
            found->unstoppable = true;
            return;
        }
        nanosleep(&nap, NULL);
    }
}

char *offspring_text(const struct offspring *o, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%d process%s%s", o->count, o->count == 1 ? "" : "es",
                                   o->count == OFFSPRING_NAMED ? " or more" : "");
    for (int i = 0; i < o->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %d (%s)", i ? "," : ":", (int)o->of[i].pid,
                                 o->of[i].name);
    return text;
}

void offspring_tell(const struct offspring *o, const char *whose)
{
    char text[1200];
    if (o->count == 0) return;
    fprintf(stderr, "bench: %s started %s; %s\n", whose, offspring_text(o, text, sizeof text),
            o->unstoppable ? "not all of them could be ended" : "all of them have ended");
}

bool offspring_collected(pid_t parent)
{
    char path[64], text[1024];
    unsigned long faults = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)parent);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) close(fd);
    if (length <= 0) return false;
    text[length] = 0;
    const char *end = strrchr(text, ')');
    return end && sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %lu", &faults) == 1 && faults > 0;
}
