/* SPDX-License-Identifier: MIT
 *
 * A few consecutive training steps that seem unobserved. Checking a single step needs store() right before
 * it, which the backend sees: it could train correctly just then and skip the rest. So the parameters are
 * taken only before the first and after the last step of a span, and the oracle trains the steps between by
 * itself. */
#ifndef LB_BLIND_SPAN_H
#define LB_BLIND_SPAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rng.h"
#include "proof/bounds.h"
#include "proof/oracle_step.h"

/* At least 3 steps, so that a backend that skips every second step skips one of two successive steps without
 * a store() before them. */
enum { SPAN_MIN = 3, SPAN_MAX = 5 };

/* How far the parameters may end from where the oracle ends, as a share of the way that the oracle went: the
 * length of the difference vector of a tensor over that of its movement, beside what the derived bounds of
 * the single steps allow. Not derived, because the errors of one step pass through the next: correct backends
 * were seen within what these bounds allow, and below 2e-4 without them; one that skips one step of SPAN_MAX,
 * at a quarter and more. */
#define SPAN_DEVIATION (1.0 / 32.0)

struct blind_span {
    struct shape shape;
    struct rmsprop_constants constants;
    int first, length; /* steps of the epoch; length 0: none */
    int seen;          /* steps of it that are done */
    struct batch batch[SPAN_MAX];
    double loss_sum[SPAN_MAX]; /* as the backend said */
    struct model from, model;  /* before the span; the oracle's, then its result */
    struct model after;        /* the backend's */
    float *slack;              /* beside model.w: what the bounds allow, summed over the steps */
};

/* 0, or -1 when memory is short. */
int blind_span_open(struct blind_span *s, const struct shape *shape, const struct plan *plan);
void blind_span_close(struct blind_span *s);

/* Draws where it lies among an epoch's steps; none where these are fewer than SPAN_MIN. */
void blind_span_draw(struct blind_span *s, struct rng *rng, int steps);

bool blind_span_begins(const struct blind_span *s, int step);
bool blind_span_has(const struct blind_span *s, int step);

/* A step of it is done. The batch's memory must last until the end of the span. */
void blind_span_note(struct blind_span *s, const struct batch *b, const struct step_result *r);
bool blind_span_ended(const struct blind_span *s);

/* After its end, with from and after filled in: trains it with the oracle, whose capacity must do for its
 * batches. message[size] says what is wrong, or is "". */
void blind_span_judge(struct blind_span *s, struct oracle_step *oracle, char *message, size_t size);

#endif
