/* SPDX-License-Identifier: MIT
 *
 * The worker as a process: started, paused, continued, ended. At most one of them runs at a time. */
#ifndef LB_PROCESS_H
#define LB_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "machine/offspring.h"
#include "run/protocol.h"

struct process {
    pid_t pid; /* 0: none */
    int socket;
    struct shared_page *shared;
    const char *name;         /* of its contender, for messages on stderr */
    struct offspring started; /* processes that it should not have started, found so far */
};

/* Starts this very program again as `worker`, with an OpenMP environment made for `threads` threads on the
 * places of the topology. data_fd may be -1. The worker has its own session, so the parent decides what a
 * signal of the terminal does to it, and it dies with the parent. name outlives it. 0 or EXIT_INTERNAL. End
 * with process_kill or process_finish, which also end what the worker has started, and name it on stderr. */
int process_start(struct process *p, const char *name, int data_fd, int threads,
                  const struct topology *topology, struct error *e);

/* The same with another build of this program, by its path, which speaks the same protocol (see program.h);
 * NULL: this one. */
int process_start_program(struct process *p, const char *name, const char *program, int data_fd, int threads,
                          const struct topology *topology, struct error *e);

/* Stops every thread of the worker, so that no pool of it spins while others are timed; returns when it
 * stands, and when what it has started is gone. */
void process_pause(struct process *p);
void process_continue(const struct process *p);

/* Looks for what the worker has started, in this epoch and before, and fills in the observation's fields of
 * that. */
void process_observe(struct process *p, struct observation *t);

enum { PROCESS_MESSAGE = 600 };

/* How a worker ended. */
struct process_end {
    char message[PROCESS_MESSAGE];   /* one line: how, and what it was doing */
    char case_text[PROOF_CASE_TEXT]; /* the proof's case that it was at; "" outside one */
};

/* Waits for a worker that has left or is about to leave, kills it after `seconds`, and releases
 * everything. Returns whether it ended by itself with exit code 0. */
bool process_finish(struct process *p, double seconds, struct process_end *end);

/* Ends a worker that has been silent for `seconds`: asks by SIGTERM what it is doing, kills it, and releases
 * everything. */
void process_give_up(struct process *p, double seconds, struct process_end *end);

/* Kills, reaps and releases at once. Does nothing on a process that is not there. */
void process_kill(struct process *p);

#endif
