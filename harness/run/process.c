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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/clock.h"
#include "run/team_environment.h"

static const double last_words_seconds = 0.5; /* from SIGTERM to SIGKILL */

/* ---- Start ---- */

enum { NUMBER_SIZE = 12 };

struct launch {
    char numbers[3][NUMBER_SIZE]; /* descriptors: socket, shared page, data */
    char *argv[6];
    char **env;
    cpu_set_t cpus; /* all places; the parent's own binding must not narrow the worker's runtime */
    int fds[3];
    const char *program;
    pid_t parent;
};

/* Between fork and exec: only async-signal-safe calls. */
static _Noreturn void become_worker(const struct launch *l)
{
    static const char failure[] = "bench: cannot execute the worker's program; is /proc mounted?\n";
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN);
    sched_setaffinity(0, sizeof l->cpus, &l->cpus);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != l->parent) _exit(EXIT_INTERNAL); /* the parent died before the line above */
    for (int i = 0; i < 3; i++)
        if (l->fds[i] >= 0) fcntl(l->fds[i], F_SETFD, 0);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(STDERR_FILENO,
         STDOUT_FILENO); /* results are the parent's to print; libraries print what they like */
    execve(l->program, l->argv, l->env);
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
    team_environment_cpus(topology, &l->cpus);
    l->parent = getpid();
}

/* A zeroed page that can be handed on by descriptor; -1 on failure. */
static int make_page(struct shared_page **page)
{
    const int fd = memfd_create("lanebench-progress", MFD_CLOEXEC);
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

int process_start(struct process *p, int data_fd, int threads, const struct topology *topology,
                  struct error *e)
{
    return process_start_program(p, NULL, data_fd, threads, topology, e);
}

int process_start_program(struct process *p, const char *program, int data_fd, int threads,
                          const struct topology *topology, struct error *e)
{
    struct launch l = {.env = team_environment(threads, topology),
                       .program = program ? program : "/proc/self/exe"};
    int pair[2] = {-1, -1}, page = -1;
    *p = (struct process){.pid = 0, .socket = -1, .shared = NULL};
    if (l.env && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
        page = make_page(&p->shared);
    if (page >= 0) {
        prepare(&l, topology, pair[1], page, data_fd);
        p->pid = fork();
        if (p->pid == 0) become_worker(&l);
    }
    const int reason = l.env ? errno : ENOMEM;
    team_environment_free(l.env);
    if (pair[1] >= 0) close(pair[1]);
    if (page >= 0) close(page);
    p->socket = pair[0];
    if (page >= 0 && p->pid > 0) return 0;
    p->pid = 0;
    process_kill(p);
    return error_set(e, EXIT_INTERNAL, "cannot start a worker process: %s", strerror(reason));
}

/* ---- Pause and end ---- */

void process_pause(const struct process *p)
{
    siginfo_t info;
    kill(p->pid, SIGSTOP);
    /* Also returns on its death, which is left for process_finish to collect. */
    while (waitid(P_PID, (id_t)p->pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
}

void process_continue(const struct process *p)
{
    kill(p->pid, SIGCONT);
}

static void release(struct process *p)
{
    if (p->socket >= 0) close(p->socket);
    if (p->shared) munmap(p->shared, sizeof *p->shared);
    *p = (struct process){.pid = 0, .socket = -1, .shared = NULL};
}

/* Waits up to `seconds` for the worker's end. Returns whether it came; it is not collected yet. */
static bool await_end(pid_t pid, double seconds)
{
    const double deadline = clock_seconds() + seconds;
    const struct timespec nap = {0, 2000000};
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 && errno != EINTR) return true;
        if (info.si_pid == pid) return true;
        if (clock_seconds() >= deadline) return false;
        nanosleep(&nap, NULL);
    }
}

static int collect(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

/* "the proof: gemm 3x5x7, in gemm (op call 123)", "epoch 2, in step() (op call 900)" */
static char *describe_doing(struct shared_page *page, char *text, size_t size)
{
    const char *point = contender_point_name(page->trace.op - 1);
    page->doing[sizeof page->doing - 1] = 0;
    const int used = snprintf(text, size, "%s", page->doing[0] ? page->doing : "start-up");
    if (point && used < (int)size)
        snprintf(text + used, size - (size_t)used, ", in %s (op call %llu)", point,
                 (unsigned long long)page->trace.calls);
    return clean_text(text);
}

bool process_finish(struct process *p, double seconds, char *words, size_t size)
{
    char doing[400];
    const bool ended = await_end(p->pid, seconds);
    if (!ended) kill(p->pid, SIGKILL);
    const int status = collect(p->pid);
    describe_doing(p->shared, doing, sizeof doing);
    if (!ended) {
        snprintf(words, size, "did not answer during %s and was killed", doing);
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(words, size, "killed by SIG%s (%s) during %s", name ? name : "?",
                 strsignal(WTERMSIG(status)), doing);
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(words, size, "left with exit code %d during %s", WEXITSTATUS(status), doing);
    } else {
        snprintf(words, size, "left before its work was done, with exit code 0 during %s", doing);
    }
    release(p);
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void process_give_up(struct process *p, double seconds, char *words, size_t size)
{
    char doing[400];
    kill(p->pid, SIGTERM);
    if (!await_end(p->pid, last_words_seconds)) kill(p->pid, SIGKILL);
    collect(p->pid);
    describe_doing(p->shared, doing, sizeof doing);
    snprintf(words, size, "no sign of life for %g s during %s; killed (--timeout)", seconds, doing);
    release(p);
}

void process_kill(struct process *p)
{
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        collect(p->pid);
    }
    release(p);
}
