/* SPDX-License-Identifier: MIT
 *
 * The integrity checks of a training run: collected during the run, judged and written at its end. */
#ifndef LB_INTEGRITY_SESSION_H
#define LB_INTEGRITY_SESSION_H

#include "cli/session.h"
#include "integrity/checks.h"
#include "results/summary.h"

struct integrity_session {
    const struct session *session;
    struct integrity_ground ground;
    bool judged;
    struct integrity of[REGISTRY_MAX]; /* in the order of the session's entries */
};

/* 0, or -1 when memory is short. */
int integrity_session_open(struct integrity_session *b, const struct session *s);
void integrity_session_close(struct integrity_session *b);

struct integrity *integrity_session_of(struct integrity_session *b, const struct registry_entry *entry);

/* Once no worker is running: runs the final checks, writes integrity.csv into the session's directory, and
 * enters the verdicts in the record. Returns EXIT_OK, EXIT_INTEGRITY when a contender violates one, or e's
 * code. */
int integrity_session_conclude(struct integrity_session *b, struct summary *summary, struct record *record,
                               struct error *e);

/* Once judged: a line for all, or one for each contender that violates a check. */
void integrity_session_print(const struct integrity_session *b, FILE *out);

#endif
