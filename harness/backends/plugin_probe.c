/* SPDX-License-Identifier: MIT */
#include "backends/plugin_probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/clock.h"
#include "machine/cpu.h"
#include "machine/offspring.h"

static const double patience_seconds = 5.0;

/* Memory shared by the two processes, zeroed. */
struct answer {
    volatile enum plugin_stage stage;
    volatile bool complete;
    struct error error;
    struct plugin_facts facts;
};

/* ---- In the child ---- */

/* A step is whole or not there. phases may be missing. */
static bool has_whole_step(const struct step_ops *s)
{
    return s->load && s->step && s->predict && s->store;
}

static void read_facts(struct answer *a, const struct backend *b, const char *path)
{
    struct plugin_facts *f = &a->facts;
    plugin_take_name(f->name, b->name);
    clean_copy(f->summary, sizeof f->summary, b->summary);
    f->needs = b->needs;
    f->flags = b->flags;
    f->blocking = b->blocking;
    for (int op = 0; op < OP_COUNT; op++) f->has_op[op] = backend_has_op(b, (enum op_id)op);
    f->has_step = b->step != NULL;
    if (b->step && !has_whole_step(b->step))
        error_set(&a->error, EXIT_USAGE,
                  "--plugin %.200s: its step lacks one of load, step, predict and store; all four are needed",
                  path);
}

static _Noreturn void answer_and_leave(struct answer *a, const char *path, pid_t parent)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_INTERNAL);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* what it prints is no result */
    const struct backend *b = plugin_enter(path, &a->stage, &a->error);
    if (b) read_facts(a, b, path);
    if (b && b->library && !(b->needs & ~cpu_usable())) {
        a->stage = PLUGIN_TELLS_LIBRARY;
        clean_copy(a->facts.library, sizeof a->facts.library, b->library());
    }
    a->complete = true;
    _exit(0); /* without its destructors */
}

/* ---- In the parent ---- */

/* Returns whether the child ended in time; it is gone in any case. */
static bool await_child(pid_t child, int *status)
{
    const double deadline = clock_seconds() + patience_seconds;
    const struct timespec nap = {0, 1000000};
    bool in_time = true;
    pid_t ended;
    while ((ended = waitpid(child, status, in_time ? WNOHANG : 0)) != child) {
        if (ended < 0 && errno != EINTR) return false;
        if (ended == 0) nanosleep(&nap, NULL);
        if (!in_time || clock_seconds() < deadline) continue;
        in_time = false;
        kill(child, SIGKILL);
    }
    return in_time;
}

/* The plug-in may have written anything into what it could reach. */
static const char *stage_text(const struct answer *a)
{
    switch (a->stage) {
    case PLUGIN_LOADS:
        return "while it was loaded, which runs its constructors";
    case PLUGIN_ENTERS:
        return "in " BACKEND_PLUGIN_SYMBOL "()";
    case PLUGIN_IS_READ:
        return "while its struct backend was read";
    case PLUGIN_TELLS_LIBRARY:
        return "in library()";
    case PLUGIN_STARTS:
        break;
    }
    return "at the start";
}

static char *ended_text(char *text, size_t size)
{
    text[size - 1] = 0;
    return clean_text(text);
}

static int judge(struct answer *a, const char *path, bool in_time, int status, struct error *e)
{
    const char *stage = stage_text(a);
    if (!in_time)
        return error_set(e, EXIT_USAGE, "--plugin %.200s: gave no answer for %.0f s %s, and was killed", path,
                         patience_seconds, stage);
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        return error_set(e, EXIT_USAGE, "--plugin %.200s: was killed by SIG%s (%s) %s", path,
                         name ? name : "?", strsignal(WTERMSIG(status)), stage);
    }
    if (!a->complete)
        return error_set(e, EXIT_USAGE, "--plugin %.200s: exited with code %d %s", path, WEXITSTATUS(status),
                         stage);
    if (a->error.code) return error_set(e, EXIT_USAGE, "%s", ended_text(a->error.text, sizeof a->error.text));
    ended_text(a->facts.name, sizeof a->facts.name);
    ended_text(a->facts.summary, sizeof a->facts.summary);
    ended_text(a->facts.library, sizeof a->facts.library);
    return 0;
}

int plugin_ask(struct plugin_facts *facts, const char *path, struct error *e)
{
    int status = 0;
    const pid_t self = getpid();
    struct offspring left = {.count = 0};
    struct answer *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (a == MAP_FAILED)
        return error_set(e, EXIT_INTERNAL, "--plugin %.200s: cannot be probed: %s", path, strerror(errno));
    fflush(NULL); /* or the child's copy of the buffers could be written a second time */
    signal(SIGCHLD, SIG_DFL);
    offspring_prepare();
    const pid_t child = fork();
    if (child == 0) answer_and_leave(a, path, self);
    if (child < 0) {
        error_set(e, EXIT_INTERNAL, "--plugin %.200s: cannot be probed: %s", path, strerror(errno));
    } else {
        offspring_expect(child);
        const bool in_time = await_child(child, &status);
        offspring_forget(child);
        offspring_end(0, &left);
        offspring_tell(&left, path);
        if (judge(a, path, in_time, status, e) == 0) *facts = a->facts;
    }
    munmap(a, sizeof *a);
    return (int)e->code;
}
