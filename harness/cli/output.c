/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool stdout_was_closed;

void output_prepare(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write beyond `ulimit -f` then fails, and is reported */
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        if (fd == STDOUT_FILENO) stdout_was_closed = true;
        if (open("/dev/null", O_RDWR) < 0) return; /* takes the lowest free number, which is fd */
    }
}

int output_check(struct error *e)
{
    if (stdout_was_closed)
        return error_set(
            e, EXIT_INTERNAL,
            "stdout: is closed, so the results would be lost; redirect it to /dev/null if that is intended");
    if (write(STDOUT_FILENO, "", 0) < 0 && errno != EPIPE) /* some devices refuse even nothing */
        return error_set(e, EXIT_INTERNAL, "stdout: cannot be written: %s", strerror(errno));
    return 0;
}

/* Whether stdout leads to a reader, who may leave when it has seen enough. */
static bool has_reader(void)
{
    struct stat s;
    return fstat(STDOUT_FILENO, &s) == 0 && (S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode));
}

int output_finish(struct error *e)
{
    const bool failed_before = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !failed_before) return 0;
    if (errno == EPIPE || (failed_before && errno == 0 && has_reader())) return 0;
    if (errno == 0) { /* an earlier write failed, its reason is gone: another one finds it again */
        putchar('\n');
        fflush(stdout);
    }
    return error_set(e, EXIT_INTERNAL, "stdout: cannot be written: %s",
                     errno ? strerror(errno) : "some of the results were lost");
}
