/* SPDX-License-Identifier: MIT
 *
 * What the commands that set up the network share: the chosen backends, the machine, the data set, the
 * directory. */
#ifndef LB_SESSION_H
#define LB_SESSION_H

#include <stdbool.h>

#include "cli/commands.h"
#include "data/dataset.h"
#include "machine/env_id.h"
#include "results/run_dir.h"
#include "results/record.h"
#include "results/run_files.h"

struct session {
    const struct options *options;
    const struct registry_entry *entries[REGISTRY_MAX];
    int count;
    const struct registry_entry *opponent, *opponent_of; /* of bench run, see registry_add_opponent */
    struct topology topology;
    struct dataset data;
    struct shape shape;
    struct plan plan;
    struct run_dir dir; /* path "": no files */
    char env_id[ENV_ID_SIZE];
    bool has_data;
};

/* Chooses the backends and reads the machine; makes the directory: new for a run, joining an earlier one for
 * a command that adds the file `adds` and has --out; then opens the data set. On an error what it made is
 * gone.
 */
int session_open(struct session *s, const struct options *o, const char *adds, struct error *e);

/* The same for a new run of these contenders, of different names; they must outlive the session. */
int session_open_with(struct session *s, const struct options *o, const struct registry_entry *entries,
                      int count, struct error *e);
void session_close(struct session *s);

/* Closes a session that nothing was written for, and takes away the directory that it made. */
void session_abandon(struct session *s);

bool session_has_dir(const struct session *s);

struct row_identity session_identity(const struct session *s);

/* Fills in the part of machine.json that is known before the run. */
void session_record(const struct session *s, const struct invocation *invocation, struct record *record);

/* CPU, ISA, hypervisor, cores and caches, for people. */
void session_print_machine(const struct topology *t, FILE *out);

/* Configuration and machine, for people. */
void session_print(const struct session *s, FILE *out);

#endif
