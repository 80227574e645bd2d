/* SPDX-License-Identifier: MIT
 *
 * Processes that foreign code has started. This process adopts what such a process leaves
 * (PR_SET_CHILD_SUBREAPER), so that a fork whose parent has ended, in whatever session, is still found: as a
 * child of this process that it has not started itself. Linux shows which process is whose child only in
 * /proc; without it nothing is found and nothing is killed. Where memory for their table is short,
 * this process ends (EXIT_INTERNAL). */
#ifndef LB_OFFSPRING_H
#define LB_OFFSPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { OFFSPRING_NAMED = 32 };

/* Processes found so far, each counted once. Zeroed at the beginning. */
struct offspring {
    int count; /* at most OFFSPRING_NAMED are listed; more are not counted */
    struct {
        pid_t pid;
        char name[16]; /* as the kernel has it; printable */
    } of[OFFSPRING_NAMED];
    bool unknown;     /* /proc could not be read */
    bool unstoppable; /* one of them was still there after two seconds of SIGKILL */
};

/* Once, before anything foreign runs; later calls do nothing. Children that this process has now, from before
 * an exec, are not touched, nor what they leave behind in this session. */
void offspring_prepare(void);

/* A child that this process has started in a session of its own, and knows of until it is collected. */
void offspring_expect(pid_t child);
void offspring_forget(pid_t child);

/* Adds what `parent` has started and what was left to this process; parent 0: the latter only. Ended children
 * count until they are collected. */
void offspring_look(pid_t parent, struct offspring *found);

/* The same, and ends them (SIGKILL). `parent` should be stopped, or it may start others meanwhile. */
void offspring_end(pid_t parent, struct offspring *found);

/* "2 processes: 711 (sleep), 712 (cheat)" */
char *offspring_text(const struct offspring *o, char *text, size_t size);

/* One line on stderr, where there is something to tell. `whose` left them. */
void offspring_tell(const struct offspring *o, const char *whose);

/* Whether a process has collected an ended child of its own. Such a child has at least touched its stack, and
 * the kernel adds its page faults to those of its parent's children. */
bool offspring_collected(pid_t parent);

#endif
