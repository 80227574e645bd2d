/* SPDX-License-Identifier: MIT */
#include "run/protocol.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/clean_text.h"

/* The sockets are SOCK_SEQPACKET: a message arrives whole or not at all, so any other length is the end of
 * the connection. */

int message_send(int fd, const struct message *m)
{
    ssize_t n;
    do {
        n = send(fd, m, sizeof *m, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *m ? 0 : -1;
}

#define CLEAN(text) ((text)[sizeof(text) - 1] = 0, clean_text(text))

static void clean_row(struct proof_row *row)
{
    CLEAN(row->op);
    CLEAN(row->cases);
    CLEAN(row->measured);
    if (row->failures_saved < 0 || row->failures_saved > PROOF_FAILURES_SAVED)
        row->failures_saved = PROOF_FAILURES_SAVED;
    for (int i = 0; i < PROOF_FAILURES_SAVED; i++) {
        CLEAN(row->failures[i].message);
        CLEAN(row->failures[i].case_text);
        CLEAN(row->failures[i].map);
    }
}

static void clean_texts(struct message *m)
{
    if (m->kind == MESSAGE_OPENED) {
        CLEAN(m->u.info.library);
        CLEAN(m->u.info.implementation);
    } else if (m->kind == MESSAGE_PROOF_ROW) {
        clean_row(&m->u.row);
    } else if (m->kind == MESSAGE_REPORT) {
        for (int i = 0; i < TRAINER_MAX_OP_TIMES; i++) CLEAN(m->u.report.name_text[i]);
    } else if (m->kind == MESSAGE_ERROR) {
        CLEAN(m->u.error.text);
    }
}

int message_receive(int fd, struct message *m)
{
    ssize_t n;
    do {
        n = recv(fd, m, sizeof *m, 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof *m) return 0;
    clean_texts(m);
    return 1;
}
