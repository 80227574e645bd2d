/* SPDX-License-Identifier: MIT
 *
 * What the parent itself sees of a worker while it trains an epoch, from the kernel and not from the worker.
 * The system calls are made here directly, so that no replacement of a C library function can answer instead
 * of the kernel. */
#ifndef LB_OBSERVER_H
#define LB_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { OBSERVER_TASKS = 1024 };

/* CPU time of each thread of a process, by its id. */
struct task_times {
    int count; /* threads beyond OBSERVER_TASKS are left out */
    struct {
        int task;
        double seconds;
    } of[OBSERVER_TASKS];
};

/* Its readings at the beginning of an epoch, and since. */
struct observer {
    pid_t worker;
    double start; /* CLOCK_MONOTONIC_RAW */
    double cpu;   /* seconds of all the worker's threads so far; negative: the kernel does not tell */
    double delay; /* seconds that the worker and this process have waited for a CPU so far */
    double busy;  /* seconds that this process spent on other things than waiting for the worker */
    bool away;    /* this process was stopped meanwhile */
    struct task_times tasks;
};

/* How an epoch looked from outside. */
struct observation {
    double seconds;          /* around the epoch, by CLOCK_MONOTONIC_RAW, both messages included */
    double delays;           /* seconds of it in which a message may have waited to be looked at */
    bool away;               /* this process was stopped meanwhile: seconds say nothing */
    double cpu_seconds;      /* of all threads of the worker; negative: not known */
    int tasks;               /* threads of the worker at its end; 0: not known */
    double ticks_per_second; /* of the time stamp counter; 0: it is not a clock on this CPU */
    int busy;       /* the first thread of the worker, and those that worked more than half as long; 0: not
                       known */
    double rss_mb;  /* resident memory of the worker at its end, 10^6 bytes; negative: not known */
    double data_mb; /* private writable memory that it has mapped, touched or not; negative: not known */
    int started;    /* processes that the worker has started so far and that were seen; -1: not known */
    bool collected; /* it has collected an ended child of its own */
    char started_text[200]; /* which ones */
};

/* CLOCK_MONOTONIC_RAW, from the kernel. */
double observer_seconds(void);

/* Once, long before the first epoch: from here on the time stamp counter's rate is taken. */
void observer_prepare(void);

void observer_begin(struct observer *w, pid_t worker);
void observer_end(const struct observer *w, struct observation *t);

#endif
