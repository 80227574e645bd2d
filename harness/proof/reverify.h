/* SPDX-License-Identifier: MIT
 *
 * THE TIMED CODE IS THE PROVEN CODE: during training some steps, drawn for every run and unknown to the
 * backend, are compared with the oracle, off the clock: parameters and optimizer state before and after the
 * step, its loss and count; and a span of steps as a whole (see blind_span.h). This finds a backend that is
 * correct only at first, only on inputs it has seen, or only when it is checked. */
#ifndef LB_REVERIFY_H
#define LB_REVERIFY_H

#include "base/rng.h"
#include "proof/blind_span.h"
#include "proof/oracle_step.h"
#include "train/epoch.h"

enum { REVERIFY_PER_EPOCH = 2 };

struct reverify {
    struct plan plan;
    struct shape shape;
    struct oracle_step oracle;
    struct model before, after;
    struct blind_span span;
    struct epoch_watch watch; /* for epoch_run_watched */
    struct rng rng;
    int epoch;
    int chosen[REVERIFY_PER_EPOCH];
    bool last_too; /* the last step of this epoch as well */
    int step;      /* under way */
    bool single;   /* it is looked at by itself */
    int verified;  /* steps so far, of all epochs */
    int spans_verified;
    char failure[400]; /* "" while all were right; of the first that was not */
};

/* 0, or e when memory is short. The struct must stay where it is. */
int reverify_open(struct reverify *v, const struct plan *plan, struct error *e);
void reverify_close(struct reverify *v);

/* Draws the steps to look at, before each epoch; the last epoch's last step is always one of them. */
void reverify_begin_epoch(struct reverify *v, int epoch, bool last_epoch);

#endif
