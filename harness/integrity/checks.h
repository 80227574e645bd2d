/* SPDX-License-Identifier: MIT
 *
 * THE INTEGRITY CHECKS: whether the figures of a contender are what they seem. They only judge: everything
 * was measured elsewhere, as far as possible by the parent, because a worker runs foreign native code. */
#ifndef LB_INTEGRITY_CHECKS_H
#define LB_INTEGRITY_CHECKS_H

#include "proof/blind_span.h"
#include "run/run.h"
#include "train/network.h"

enum integrity_check {
    CHECK_COUNTER,        /* train_seconds and the CPU's time stamp counter */
    CHECK_STOPWATCH,      /* the worker's clock and the parent's stopwatch */
    CHECK_ROOF,           /* an epoch is not faster than the machine's multiply-adds allow */
    CHECK_OP_ROOF,        /* nor is a matrix product */
    CHECK_FLOP_DONE,      /* operations said to be done: what is needed, or more, up to all */
    CHECK_CPU_TIME,       /* not more than the declared threads can use */
    CHECK_THREADS,        /* as many after each epoch */
    CHECK_PROCESSES,      /* none is started */
    CHECK_MEMORY,         /* does not grow with the steps */
    CHECK_CALLS,          /* images, steps and ops of an epoch */
    CHECK_LOOKED_AT,      /* steps were looked at again */
    CHECK_TRAINING,       /* and were right */
    CHECK_LOSS,           /* the first epoch's agrees with another backend's */
    CHECK_ORDER,          /* of the samples */
    CHECK_MXCSR,          /* rounding and subnormals */
    CHECK_FILE,           /* of the plug-in, or the other program, is the same at the end */
    CHECK_PRELOAD,        /* nothing replaces the C library's clock */
    CHECK_IMPLEMENTATION, /* what a library chose */
    CHECK_COUNT
};

/* "time stamp counter", ...: as in integrity.csv. */
const char *integrity_check_name(enum integrity_check check);

enum integrity_status { INTEGRITY_NOT_APPLICABLE, INTEGRITY_PASS, INTEGRITY_VIOLATION };

/* "not applicable", "pass", "violation" */
const char *integrity_status_name(enum integrity_status status);

struct integrity_line {
    enum integrity_status status;
    char expected[128], seen[520], message[300];
    double severity; /* of what is seen, among others of the same check */
};

/* What is the same for all contenders. */
struct integrity_ground {
    const struct dataset *data;
    struct shape shape;
    int batch, threads;
    uint64_t seed;
    double nonzero; /* share of the training images' pixels that are not zero */
    uint32_t *order;
    int order_epoch; /* whose hash is saved */
    uint64_t order_hash;
};

/* 0, or -1 when memory is short. The data must outlive it. */
int integrity_ground_open(struct integrity_ground *g, const struct dataset *data, const struct shape *shape,
                          int batch, int threads, uint64_t seed);
void integrity_ground_close(struct integrity_ground *g);

/* The epochs from now on are of another seed, in other orders. */
void integrity_ground_seed(struct integrity_ground *g, uint64_t seed);

/* Of one contender, zeroed at the beginning. */
struct integrity {
    struct integrity_line line[CHECK_COUNT];
    int epochs;
    int tasks;                         /* after the first epoch */
    double first_rss_mb;               /* after the worker's first epoch */
    double last_data_mb, last_heap_mb; /* after the last one */
    int growing;                       /* epochs in a row in which either grew by a page a step */
    double peak, rate, op_rate;        /* GFLOP/s: best peak, fastest epoch and op by needed flop */
    char op_name[24];                  /* of op_rate */
    double first_loss;                 /* of epoch 1 */
};

/* Faster than so much of the roof is a violation; the same as in the report's warning. */
#define INTEGRITY_ROOF_MARGIN 1.02

/* Adds what an epoch shows; integrity_judge_roof judges the roof. */
void integrity_epoch(struct integrity *i, struct integrity_ground *g, const struct epoch_report *report);

/* The contender left, for OUTCOME_INTEGRITY. */
void integrity_untrue(struct integrity *i, const char *message);

/* After the last epoch. machine_peak measures the widest multiply-add peak of this machine, in GFLOP/s; it is
 * only called where an epoch seems to be faster than the peak that its worker measured. */
void integrity_judge_roof(struct integrity *i, double (*machine_peak)(void *context), void *context);

/* Against another backend's first epoch; reference NULL: there is none. */
void integrity_judge_loss(struct integrity *i, const struct integrity_ground *g,
                          const struct integrity *reference, const char *reference_name);

/* SHA-256 of the backend's own file then and now; "" where there is none, or where it cannot be read. */
void integrity_judge_file(struct integrity *i, const char *before, const char *after);

/* preload: LD_PRELOAD or NULL. clock_home: the file that clock_gettime comes from. */
void integrity_judge_preload(struct integrity *i, const char *preload, const char *clock_home);

/* What the worker's library says that it chose, "" when nothing. */
void integrity_judge_implementation(struct integrity *i, const char *implementation);

/* The first check that is violated, or CHECK_COUNT. */
enum integrity_check integrity_violated(const struct integrity *i);

#endif
