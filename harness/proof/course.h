/* SPDX-License-Identifier: MIT
 *
 * A course: calls of one state of a backend, in any order and as many as one likes, of which every answer is
 * known in advance, so that no check in between is needed. A check means store(), which may complete
 * postponed work.
 *
 * The learning rate is so small that no weight other than 0 can change by a bit: the gradients of a batch are
 * the same whenever it comes. So v is known at any time, within the roundings of its own recursion, and so
 * are the weights that began as 0, which do not affect the rest of the network: those of about half of the
 * pixels. */
#ifndef LB_COURSE_H
#define LB_COURSE_H

#include "proof/bounds.h"
#include "proof/step_fixture.h"

/* Learning rates from here to twice of it. */
#define COURSE_RATE 0x1p-80f

struct course {
    struct proof *proof;
    struct proof_row *row; /* of the case under way */
    struct plan plan;
    struct shape shape;
    struct contender contender;
    struct trainer *trainer;
    /* Images of the batches, the caller's to change between two calls; then it calls course_changed. */
    uint8_t *pixels, *labels;
    uint32_t *index; /* room for two batches */
    int first;       /* in it, the batch begins here: 0 to plan.batch */
    int images, rows;
    const struct batch *next;  /* announced with each call; NULL: nothing is */
    struct step_result result; /* of the last step or prediction */
    struct model given;
    struct guarded_model stored;
    float *prob;
    struct guarded prob_arena;
    struct oracle_step oracle; /* asked after the backend has answered */
    bool oracle_knows;
    struct range *w, *v; /* what the tensors of the state hold, one after the other */
    long steps;          /* since load */
};

/* Opens a state of the backend for this plan, but for the rate; memory for `images` images; and the model,
 * which follows from the seed. 0 or e. */
int course_open(struct course *c, struct proof *p, const struct plan *plan, int images, bool composed,
                uint64_t seed, struct error *e);
void course_close(struct course *c);

/* The images, labels, the list or the place in it are others than at the last call. */
void course_changed(struct course *c);

/* Calls of the backend; a wrong answer fails the current case. */
void course_load(struct course *c);
void course_step(struct course *c);
void course_predict(struct course *c);
void course_store(struct course *c);

/* Load, a step and a prediction with a model of which nothing is a number. Nothing is known until the next
 * course_load. */
void course_ruin(struct course *c);

#endif
