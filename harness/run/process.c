/* SPDX-License-Identifier: MIT */
#include "run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/own_program.h"
#include "base/memory_file.h"
#include "machine/child.h"
#include "run/omp_environment.h"

static const double crash_context_seconds = 0.5; /* from SIGTERM to SIGKILL */

/* ---- Stopped together ---- */

static volatile sig_atomic_t at_work; /* the worker that is not paused; 0: none */

/* The terminal's stop reaches this process only. The default action, taken in between, is what stops it, or
 * does not if nothing could continue it. */
static void on_stop(int number)
{
    const int reason = errno;
    const pid_t worker = (pid_t)at_work;
    sigset_t stop;
    if (worker > 0) kill(worker, SIGSTOP);
    signal(number, SIG_DFL);
    raise(number);
    sigemptyset(&stop);
    sigaddset(&stop, number);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    signal(number, on_stop);
    if (worker > 0) kill(worker, SIGCONT);
    errno = reason;
}

/* Unless it is ignored, as in a shell without job control. */
static void stop_together(void)
{
    struct sigaction now;
    if (sigaction(SIGTSTP, NULL, &now) == 0 && now.sa_handler == SIG_DFL) signal(SIGTSTP, on_stop);
}

/* ---- Start ---- */

enum { NUMBER_SIZE = 12 };

struct launch {
    char numbers[3][NUMBER_SIZE]; /* descriptors: socket, shared page, data */
    char *argv[6];
    char **own_argv; /* argv, or with the loader before it */
    char **env;
    cpu_set_t cpus; /* all places; the parent's own binding must not narrow the worker's runtime */
    int fds[3];
    const char *program;
};

/* Between fork and exec: only async-signal-safe calls. */
static _Noreturn void become_worker(const struct launch *l)
{
    static const char failure[] = "bench: cannot execute the worker's program; is /proc mounted?\n";
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sched_setaffinity(0, sizeof l->cpus, &l->cpus);
    for (int i = 0; i < 3; i++)
        if (l->fds[i] >= 0) fcntl(l->fds[i], F_SETFD, 0);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(STDERR_FILENO,
         STDOUT_FILENO); /* results are the parent's to print; libraries print what they like */
    execve(l->program, l->own_argv, l->env);
    if (write(STDERR_FILENO, failure, sizeof failure - 1) < 0) _exit(EXIT_INTERNAL);
    _exit(EXIT_INTERNAL);
}

static void prepare(struct launch *l, const struct topology *topology, int socket, int page, int data)
{
    static char program[] = "bench", command[] = "worker";
    const int fds[3] = {socket, page, data};
    l->argv[0] = program;
    l->argv[1] = command;
    for (int i = 0; i < 3; i++) {
        l->fds[i] = fds[i];
        snprintf(l->numbers[i], NUMBER_SIZE, "%d", fds[i]);
        l->argv[2 + i] = l->numbers[i];
    }
    l->argv[5] = NULL;
    omp_environment_cpus(topology, &l->cpus);
}

/* A zeroed page that can be handed on by descriptor; -1 on failure. */
static int make_page(struct shared_page **page)
{
    const int fd = memory_file("lanebench-progress");
    if (fd < 0) return -1;
    void *map = ftruncate(fd, sizeof **page) == 0
                    ? mmap(NULL, sizeof **page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                    : MAP_FAILED;
    if (map == MAP_FAILED) {
        close(fd);
        return -1;
    }
    *page = map;
    return fd;
}

int process_start(struct process *p, const char *name, int data_fd, int threads,
                  const struct topology *topology, struct error *e)
{
    return process_start_program(p, name, NULL, data_fd, threads, topology, e);
}

int process_start_program(struct process *p, const char *name, const char *program, int data_fd, int threads,
                          const struct topology *topology, struct error *e)
{
    struct launch l = {.env = omp_environment(threads, topology),
                       .program = program ? program : "/proc/self/exe"};
    int pair[2] = {-1, -1}, page = -1;
    *p = (struct process){.pid = 0, .socket = -1, .shared = NULL, .name = name};
    if (l.env && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
        page = make_page(&p->shared);
    if (page >= 0) {
        prepare(&l, topology, pair[1], page, data_fd);
        stop_together();
        l.own_argv = program ? l.argv : own_program_argv(l.argv);
        p->pid = l.own_argv ? child_fork() : -1;
        if (p->pid == 0) become_worker(&l);
        at_work = (sig_atomic_t)(p->pid > 0 ? p->pid : 0);
    }
    const int reason = l.env ? errno : ENOMEM;
    omp_environment_free(l.env);
    if (!program) free(l.own_argv);
    if (pair[1] >= 0) close(pair[1]);
    if (page >= 0) close(page);
    p->socket = pair[0];
    if (page >= 0 && p->pid > 0) return 0;
    p->pid = 0;
    process_kill(p);
    return error_set(e, EXIT_INTERNAL, "cannot start a worker process: %s", strerror(reason));
}

/* ---- Pause and end ---- */

void process_pause(struct process *p)
{
    siginfo_t info;
    at_work = 0;
    kill(p->pid, SIGSTOP);
    /* Also returns on its death, which is left for process_finish to collect. */
    while (waitid(P_PID, (id_t)p->pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
    offspring_end(p->pid, &p->started);
}

void process_continue(const struct process *p)
{
    at_work = (sig_atomic_t)p->pid;
    kill(p->pid, SIGCONT);
}

void process_observe(struct process *p, struct observation *t)
{
    offspring_look(p->pid, &p->started);
    t->started = p->started.unknown ? -1 : p->started.count;
    t->collected = offspring_collected(p->pid);
    offspring_text(&p->started, t->started_text, sizeof t->started_text);
}

static void release(struct process *p)
{
    if (p->socket >= 0) close(p->socket);
    if (p->shared) munmap(p->shared, sizeof *p->shared);
    *p = (struct process){.pid = 0, .socket = -1, .shared = NULL};
}

static int collect(struct process *p)
{
    if (at_work == p->pid) at_work = 0;
    return child_collect(p->pid, p->name, &p->started);
}

enum { DOING_TEXT = 500 };

/* "the proof: gemm 3x5x7, in gemm (op call 123): 1 float beyond the end of C" */
static char *describe_doing(struct shared_page *page, char *text, size_t size)
{
    const char *point = contender_point_name(page->trace.op - 1);
    char call[80] = "";
    page->doing[sizeof page->doing - 1] = 0;
    page->crash.case_text[sizeof page->crash.case_text - 1] = 0;
    page->crash.access[sizeof page->crash.access - 1] = 0;
    if (point)
        snprintf(call, sizeof call, ", in %s (op call %llu)", point, (unsigned long long)page->trace.calls);
    snprintf(text, size, "%s%s%s%s%s%s", page->doing[0] ? page->doing : "start-up",
             page->crash.case_text[0] ? ": " : "", page->crash.case_text, call,
             page->crash.access[0] ? ": " : "", page->crash.access);
    return clean_text(text);
}

/* What the worker leaves in the page that both see. */
static void read_page(struct process *p, char *doing, size_t size, struct process_end *end)
{
    describe_doing(p->shared, doing, size);
    snprintf(end->case_text, sizeof end->case_text, "%s", p->shared->crash.case_text);
    clean_text(end->case_text);
}

bool process_finish(struct process *p, double seconds, struct process_end *end)
{
    char doing[DOING_TEXT], *message = end->message;
    const size_t size = sizeof end->message;
    const bool ended = child_await(p->pid, seconds);
    if (!ended) kill(p->pid, SIGKILL);
    const int status = collect(p);
    read_page(p, doing, sizeof doing, end);
    if (!ended) {
        snprintf(message, size, "did not answer during %s and was killed", doing);
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(message, size, "killed by SIG%s (%s) during %s", name ? name : "?",
                 strsignal(WTERMSIG(status)), doing);
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(message, size, "exited with code %d during %s", WEXITSTATUS(status), doing);
    } else {
        snprintf(message, size, "exited too early, with code 0 during %s", doing);
    }
    release(p);
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void process_give_up(struct process *p, double seconds, struct process_end *end)
{
    char doing[DOING_TEXT];
    kill(p->pid, SIGTERM);
    if (!child_await(p->pid, crash_context_seconds)) kill(p->pid, SIGKILL);
    collect(p);
    read_page(p, doing, sizeof doing, end);
    snprintf(end->message, sizeof end->message, "no progress for %g s during %s; killed (--timeout)", seconds,
             doing);
    release(p);
}

void process_kill(struct process *p)
{
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        collect(p);
    }
    release(p);
}
