/* SPDX-License-Identifier: MIT */
#include "base/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { MAX_ENDINGS = 32 };

static struct ending *list[MAX_ENDINGS];
static int count;

/* Held while files are written and while the list changes. The handler may run on another thread. */
static atomic_flag busy = ATOMIC_FLAG_INIT;
static int depth;

void ending_hold(void)
{
    if (depth++ == 0)
        while (atomic_flag_test_and_set(&busy)) pause(); /* the handler has it, and the program ends */
}

void ending_let(void)
{
    if (--depth == 0) atomic_flag_clear(&busy);
}

static void take_out(const struct ending *what)
{
    int rest = 0;
    for (int i = 0; i < count; i++)
        if (list[i] != what) list[rest++] = list[i];
    count = rest;
}

void ending_add(struct ending *what)
{
    ending_hold();
    take_out(what);
    if (count < MAX_ENDINGS) list[count++] = what;
    ending_let();
}

void ending_remove(struct ending *what)
{
    ending_hold();
    take_out(what);
    ending_let();
}

/* ---- In a signal handler: only async-signal-safe calls ---- */

static void replace(const struct ending *what)
{
    const int fd = open(what->from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    size_t done = 0;
    while (fd >= 0 && done < what->length) {
        const ssize_t n = write(fd, what->content + done, what->length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += (size_t)n;
    }
    if (fd < 0) return;
    fsync(fd);
    close(fd);
    if (done == what->length)
        rename(what->from, what->to);
    else
        unlink(what->from);
}

static void end_one(const struct ending *what)
{
    if (what->what == ENDING_RENAME) {
        fsync(what->fd);
        rename(what->from, what->to);
    } else if (what->what == ENDING_REPLACE) {
        replace(what);
    } else if (what->made) {
        rmdir(what->from);
    }
}

bool ending_now(const char **dir)
{
    if (atomic_flag_test_and_set(&busy)) return false;
    *dir = NULL;
    for (int kind = ENDING_RENAME; kind <= ENDING_DIRECTORY; kind++)
        for (int i = 0; i < count; i++) {
            if ((int)list[i]->what != kind) continue;
            end_one(list[i]);
            if (kind != ENDING_DIRECTORY) continue;
            if (!*dir && access(list[i]->from, F_OK) == 0) *dir = list[i]->from;
        }
    return true;
}
