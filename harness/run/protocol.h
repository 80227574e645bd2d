/* SPDX-License-Identifier: MIT
 *
 * The messages between the parent and a worker: one struct message per datagram of a socket pair. Both ends
 * are the same program file, so the structs are their own wire format. */
#ifndef LB_PROTOCOL_H
#define LB_PROTOCOL_H

#include "run/events.h"
#include "run/crash_context.h"

/* Raised when a message changes its meaning or its layout; two builds may only talk to each other when this
 * and the sizes of the structs below are equal. */
enum { PROTOCOL_VERSION = 8 };

/* A plug-in, under the name that specs call it by. */
struct job_plugin {
    char name[PLUGIN_NAME_SIZE];
    char path[PLUGIN_PATH_SIZE]; /* "": there is none */
};

/* Everything a worker needs to know; the data set's bytes come by descriptor. */
struct job {
    char backend[BACKEND_SPEC_SIZE];
    struct job_plugin plugins[2]; /* of the backend, and of its base */
    struct plan plan;
    uint64_t seed;
    char only_case[PROOF_CASE_TEXT]; /* "": all of the proof */
    int exhaustive;
    int allow_deviation; /* see proof_options */
    int epochs;
    int may_end_early; /* 1: any epoch may be the last */
    int wants_weights; /* 1: they are part of the answer to MESSAGE_FINISH */
    int has_data;      /* 0: prove only, on synthetic images */
    struct dataset data;
    struct topology topology;
};

struct worker_verdict {
    struct proof_verdict verdict;
    double seconds;
};

/* Some of the trained weights. */
struct weights_piece {
    int tensor; /* TENSOR_W1, ... */
    int count;  /* of values */
    uint64_t first;
    float values[1024];
};

enum message_kind {
    /* to the worker */
    MESSAGE_JOB,    /* first: open the backend and prove it */
    MESSAGE_EPOCH,  /* train this epoch, from 1 */
    MESSAGE_FINISH, /* after the last one: test the network, and send what came of the training */
    MESSAGE_QUIT,
    /* from the worker, in this order; MESSAGE_ERROR is its last at any point */
    MESSAGE_OPENED,
    MESSAGE_PROOF_ROW,
    MESSAGE_PROVEN,
    MESSAGE_REPORT,  /* answers MESSAGE_EPOCH */
    MESSAGE_WEIGHTS, /* where they are wanted, begin the answer to MESSAGE_FINISH: tensor after tensor */
    MESSAGE_OUTCOME, /* ends that answer */
    MESSAGE_ERROR,
};

struct message {
    enum message_kind kind;
    union {
        struct job job;
        int epoch;
        struct contender_info info;
        struct proof_row row;
        struct worker_verdict proven;
        struct epoch_report report; /* round, position and the name pointers are the parent's to fill */
        struct weights_piece piece;
        struct confusion confusion;
        struct error error;
    } u;
};

/* Memory that both see: the parent reads while the worker works, and after its death. */
struct shared_page {
    struct progress progress;
    struct contender_trace trace;
    char doing[80]; /* what the worker is doing, for the message about its end: "the proof", "epoch 3" */
    struct crash_context crash;
};

/* 0, or -1 when the other end is gone. Both retry on EINTR. */
int message_send(int fd, const struct message *m);
/* 1 with a whole message; 0 when the other end is gone or sent something else. Its texts are ended and clean,
 * whatever a worker's memory may have gone through. */
int message_receive(int fd, struct message *m);

#endif
