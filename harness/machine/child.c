/* SPDX-License-Identifier: MIT */
#include "machine/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

pid_t child_fork(void)
{
    const pid_t parent = getpid();
    signal(SIGCHLD, SIG_DFL);
    offspring_prepare();
    const pid_t child = fork();
    if (child == 0) {
        setsid(); /* what it sends to its group stays there, and the terminal's signals go to the parent only
                   */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(EXIT_INTERNAL); /* the parent died before the line above */
    }
    if (child > 0) offspring_expect(child);
    return child;
}

bool child_await(pid_t child, double seconds)
{
    const double deadline = clock_seconds() + seconds;
    const struct timespec nap = {0, 1000000};
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT | WNOHANG) < 0 && errno != EINTR) return true;
        if (info.si_pid == child) return true;
        if (clock_seconds() >= deadline) return false;
        nanosleep(&nap, NULL);
    }
}

int child_collect(pid_t child, const char *whose, struct offspring *left)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    offspring_forget(child);
    offspring_end(0, left);
    offspring_tell(left, whose);
    return status;
}
