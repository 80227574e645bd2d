/* SPDX-License-Identifier: MIT
 *
 * What the program was built from and with. */
#ifndef LB_BUILD_H
#define LB_BUILD_H

struct build {
    const char *version, *compiler, *type, *flags; /* flags: common to all files */
    const char *benchmark;                         /* version of Google Benchmark */
    const char *source_root;
    const char *names;       /* that the program is installed under, the first its own: "lanebench bench" */
    char commit[64];         /* that the program was built from; "unknown" without git */
    const char *commit_date; /* of that commit, ISO 8601; "" when it is unknown */
    int dirty;               /* 1: tracked files differed from it; -1 unknown */
    char tree_commit[64];    /* that is checked out in the source tree now, "" when the program is not in its
                                build directory */
    int tree_dirty;
    char program_sha256[65]; /* of this very program's file; "" when it cannot be read */
};

/* Asks git about the source tree, once. */
const struct build *build_get(void);

/* A commit as a struct build, a run or a tuning has it, for a sentence that names one: "not known" for
 * "unknown". */
const char *build_commit_text(const char *commit);

#endif
