/* SPDX-License-Identifier: MIT
 *
 * The integrity checks of a training run: gathered while it goes on, judged and written at its end. */
#ifndef LB_INTEGRITY_BOOK_H
#define LB_INTEGRITY_BOOK_H

#include "cli/session.h"
#include "integrity/checks.h"
#include "report/summary.h"

struct integrity_book {
    const struct session *session;
    struct integrity_ground ground;
    bool judged;
    struct integrity of[REGISTRY_MAX]; /* in the order of the session's entries */
};

/* 0, or -1 when memory is short. */
int integrity_book_open(struct integrity_book *b, const struct session *s);
void integrity_book_close(struct integrity_book *b);

struct integrity *integrity_book_of(struct integrity_book *b, const struct registry_entry *entry);

/* When no worker runs any more: makes the checks of the end, writes integrity.csv into the session's folder,
 * and enters the verdicts in the record. Returns EXIT_OK, EXIT_INTEGRITY when a contender violates one, or
 * e's code. */
int integrity_book_conclude(struct integrity_book *b, struct summary *summary, struct record *record,
                            struct error *e);

/* Once judged: a line for all, or one for each contender that violates a check. */
void integrity_book_print(const struct integrity_book *b, FILE *out);

#endif
