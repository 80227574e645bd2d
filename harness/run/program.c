/* SPDX-License-Identifier: MIT */
#include "run/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sha256.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/clock.h"
#include "machine/build.h"
#include "machine/child.h"
#include "run/protocol.h"

static const double answer_seconds = 10.0;

/* What identifies the protocol comes first, in a layout that never changes. */
struct answer {
    char magic[16];
    uint32_t protocol, message_size, page_size, answer_size;
    char version[32], commit[80];
    uint32_t code;  /* enum exit_code; 0: the facts below hold */
    char text[700]; /* why not, else "" */
    struct plugin_facts facts;
};

static const char magic[16] = "lanebench-worker";

static void identify(struct answer *a)
{
    memcpy(a->magic, magic, sizeof magic);
    a->protocol = PROTOCOL_VERSION;
    a->message_size = sizeof(struct message);
    a->page_size = sizeof(struct shared_page);
    a->answer_size = sizeof *a;
    snprintf(a->version, sizeof a->version, "%s", build_get()->version);
    snprintf(a->commit, sizeof a->commit, "%s%s", build_get()->commit,
             build_get()->dirty == 1 ? "+changes" : "");
}

/* ---- The asked program ---- */

int program_answer(const char *spec)
{
    static struct answer a;
    char why[256];
    struct error e = {0};
    identify(&a);
    const struct registry_entry *entry = registry_resolve(spec, &e);
    if (entry && registry_status(entry, why, sizeof why) != BACKEND_READY)
        error_set(&e, EXIT_NOTHING, "'%.100s' is not ready: %s", spec, why);
    a.code = (uint32_t)e.code;
    snprintf(a.text, sizeof a.text, "%s", e.text);
    if (!e.code) {
        const struct backend *b = entry->backend;
        plugin_facts_of(&a.facts, b);
        clean_copy(a.facts.library, sizeof a.facts.library, b->library ? b->library() : NULL);
    }
    return write(STDOUT_FILENO, &a, sizeof a) == (ssize_t)sizeof a ? EXIT_OK : EXIT_INTERNAL;
}

/* ---- The asking one ---- */

static _Noreturn void become_program(const char *path, const char *spec, int out)
{
    char *const argv[] = {(char[]){"bench"}, (char[]){"worker"}, (char[]){PROGRAM_QUESTION}, strdup(spec),
                          NULL};
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDERR_FILENO);
    }
    dup2(out, STDOUT_FILENO);
    execv(path, argv);
    _exit(EXIT_INTERNAL);
}

/* Reads until the end, the deadline, or a full buffer. Returns the bytes read. */
static size_t read_answer(int fd, void *buffer, size_t size)
{
    const double deadline = clock_seconds() + answer_seconds;
    size_t used = 0;
    while (used < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        const double left = deadline - clock_seconds();
        if (left <= 0.0) break;
        if (poll(&p, 1, (int)(left * 1e3) + 1) <= 0) continue;
        const ssize_t n = read(fd, (char *)buffer + used, size - used);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        used += (size_t)n;
    }
    return used;
}

static int ask(struct answer *a, size_t *size, const char *path, const char *spec, struct error *e)
{
    int ends[2];
    struct offspring left = {.count = 0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(e, EXIT_INTERNAL, "%.200s: cannot be probed: %s", path, strerror(errno));
    const pid_t child = child_fork();
    if (child == 0) become_program(path, spec, ends[1]);
    close(ends[1]);
    *size = child > 0 ? read_answer(ends[0], a, sizeof *a) : 0;
    close(ends[0]);
    if (child < 0) return error_set(e, EXIT_INTERNAL, "%.200s: cannot be started: %s", path, strerror(errno));
    kill(child, SIGKILL);
    child_collect(child, path, &left);
    return 0;
}

#define CLEAN(text) ((text)[sizeof(text) - 1] = 0, clean_text(text))

static int judge(struct answer *a, size_t size, const char *path, struct error *e)
{
    struct answer here = {.protocol = 0};
    identify(&here);
    if (size < offsetof(struct answer, version) || memcmp(a->magic, magic, sizeof magic) != 0)
        return error_set(e, EXIT_USAGE,
                         "%.200s: does not answer as bench does; an old one must be rebuilt from a commit "
                         "that has 'bench ab'",
                         path);
    if (a->protocol != here.protocol || a->message_size != here.message_size ||
        a->page_size != here.page_size || a->answer_size != here.answer_size || size != sizeof *a)
        return error_set(
            e, EXIT_USAGE,
            "%.200s: speaks version %u.%u.%u of the worker's protocol, this program %u.%u.%u; only "
            "builds with the same one can be compared",
            path, a->protocol, a->message_size, a->page_size, here.protocol, here.message_size,
            here.page_size);
    CLEAN(a->version);
    CLEAN(a->commit);
    CLEAN(a->text);
    CLEAN(a->facts.name);
    CLEAN(a->facts.summary);
    CLEAN(a->facts.library);
    CLEAN(a->facts.same_bits_as);
    if (a->code)
        return error_set(e, a->code == EXIT_NOTHING ? EXIT_NOTHING : EXIT_USAGE, "%.200s: %.400s", path,
                         a->text);
    return 0;
}

static int find_file(struct program *p, const char *path, struct error *e)
{
    struct stat s;
    char *resolved = realpath(path, NULL);
    if (!resolved || strlen(resolved) >= sizeof p->path || stat(resolved, &s) != 0) {
        free(resolved);
        return error_set(e, EXIT_USAGE, "%.200s: %s; give the path of a bench program", path,
                         strerror(errno));
    }
    strcpy(p->path, resolved);
    clean_copy(p->shown_path, sizeof p->shown_path, resolved);
    free(resolved);
    if (!S_ISREG(s.st_mode) || access(p->path, X_OK) != 0)
        return error_set(e, EXIT_USAGE, "%.200s: is not a program; give the path of another bench", path);
    return 0;
}

int program_probe(struct program *p, const char *path, const char *spec, struct error *e)
{
    static struct answer a;
    size_t size = 0;
    memset(p, 0, sizeof *p);
    memset(&a, 0, sizeof a);
    if (backend_spec_parse(&p->spec, spec, e) || find_file(p, path, e) || ask(&a, &size, p->path, spec, e) ||
        judge(&a, size, p->shown_path, e))
        return (int)e->code;
    if (!SHA256File(p->path, p->sha256)) p->sha256[0] = 0;
    snprintf(p->version, sizeof p->version, "%s", a.version);
    snprintf(p->commit, sizeof p->commit, "%s", a.commit);
    p->backend.facts = a.facts;
    plugin_make_stub(&p->backend);
    return 0;
}
