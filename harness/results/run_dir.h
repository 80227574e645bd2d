/* SPDX-License-Identifier: MIT
 *
 * The directory of a run and its identity. */
#ifndef LB_RUN_DIR_H
#define LB_RUN_DIR_H

#include "base/error.h"
#include "base/ending.h"

struct run_dir {
    char path[3500];
    char run_id[40]; /* UTC time and four random hexadecimal digits: 20261124-101502-3f9a */
    char utc[24];    /* the same time, ISO 8601: 2026-11-24T10:15:02Z */
    int made;        /* 1: the directory did not exist before */
    int lock;        /* descriptor that holds the directory's lock; 0: none */
    int continued;   /* 1: the directory of an earlier run that gets another file; run_id is that run's */
    struct ending
        ending; /* listed from the making to the release: an empty directory that was made is removed */
};

/* Run id and time of now; no directory yet (path ""). */
void run_dir_name(struct run_dir *f);

/* Makes the directory of a new run: out, which must not exist or must be empty (else EXIT_USAGE), or
 * results/<run id> under the source tree that the program was built from, where that exists, else under the
 * working directory. Cannot be made: EXIT_INTERNAL. */
int run_dir_create(struct run_dir *f, const char *out, struct error *e);

/* Like run_dir_create, but out may also be the directory of a finished run (one that has a machine.json) that
 * does not hold the file `adds` yet. */
int run_dir_join(struct run_dir *f, const char *out, const char *adds, struct error *e);

/* The directory of an earlier run, to continue it; run_dir_create has locked it then, this does now.
 * EXIT_USAGE when another process holds the lock, which ends with that process, however it ends. The identity
 * is the caller's to fill in. */
int run_dir_reopen(struct run_dir *f, const char *path, struct error *e);

/* Gives the lock back and, if the directory was made and is empty, takes it away; path becomes "". */
void run_dir_abandon(struct run_dir *f);

/* Gives the lock back. */
void run_dir_release(struct run_dir *f);

#endif
