/* SPDX-License-Identifier: MIT */
#include "backends/plugin_probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/plugin_load.h"
#include "base/clean_text.h"
#include "machine/child.h"
#include "machine/cpu.h"

static const double answer_seconds = 5.0;

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
    plugin_facts_of(&a->facts, b);
    if (b->step && !has_whole_step(b->step))
        error_set(&a->error, EXIT_USAGE,
                  "--plugin %.200s: its step lacks one of load, step, predict and store; all four are needed",
                  path);
}

static _Noreturn void answer_and_leave(struct answer *a, const char *path)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* what it prints is not a result */
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
        return error_set(e, EXIT_USAGE, "--plugin %.200s: did not answer for %.0f s %s, and was killed", path,
                         answer_seconds, stage);
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
    ended_text(a->facts.same_bits_as, sizeof a->facts.same_bits_as);
    return 0;
}

int plugin_probe_facts(struct plugin_facts *facts, const char *path, struct error *e)
{
    struct offspring left = {.count = 0};
    struct answer *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (a == MAP_FAILED)
        return error_set(e, EXIT_INTERNAL, "--plugin %.200s: cannot be probed: %s", path, strerror(errno));
    fflush(NULL); /* or the child's copy of the buffers could be written a second time */
    const pid_t child = child_fork();
    if (child == 0) answer_and_leave(a, path);
    if (child < 0) {
        error_set(e, EXIT_INTERNAL, "--plugin %.200s: cannot be probed: %s", path, strerror(errno));
    } else {
        const bool in_time = child_await(child, answer_seconds);
        if (!in_time) kill(child, SIGKILL);
        const int status = child_collect(child, path, &left);
        if (judge(a, path, in_time, status, e) == 0) *facts = a->facts;
    }
    munmap(a, sizeof *a);
    return (int)e->code;
}
