/* SPDX-License-Identifier: MIT
 *
 * The proof of level 2, for the backend's own step and for the one composed from its ops: single training
 * steps (prove_step.c), courses of calls without a check in between (prove_course.c), and a run of steps in
 * lockstep with the oracle (lockstep.c). Of the backend's own step alone: batches announced a step early
 * (prove_look_ahead.c), and the bits of another backend (prove_same_bits.c). */
#ifndef LB_PROVE_STEP_H
#define LB_PROVE_STEP_H

#include "proof/step_fixture.h"

/* What is checked of a step, one row of the report each. */
enum step_check {
    CHECK_STORAGE,  /* what was loaded comes out of store bit by bit, before and after predict */
    CHECK_PREDICT,  /* probabilities */
    CHECK_LOSS,     /* loss sum and count of correct rows, of predict and of step */
    CHECK_GRADIENT, /* gradients of all tensors, read back */
    CHECK_UPDATE,   /* w and v after a step */
    CHECK_UNSTORED, /* predict after steps, with no store between that would complete postponed work */
    CHECK_AGAIN,    /* predict, then a second step, without a load in between */
    CHECK_COUNT
};

/* Each runs the backend from r->given with r->batch and adds one case to its row. Every function
 * asks the oracle after the backend has answered. parameters name the case. */
void check_storage(struct step_fixture *r, struct proof_row *row, const char *parameters);
void check_predict(struct step_fixture *r, struct proof_row *row, struct proof_row *loss_row,
                   const char *parameters);
void check_gradient(struct step_fixture *r, struct proof_row *row, struct proof_row *loss_row,
                    const char *parameters);
void check_update(struct step_fixture *r, struct proof_row *row, struct proof_row *loss_row,
                  const char *parameters);
void check_unstored(struct step_fixture *r, struct proof_row *row, const char *parameters, uint64_t seed);
void check_again(struct step_fixture *r, struct proof_row *row, const char *parameters);

/* Asks the oracle for the gradients at these weights with r->batch, once for r->given. Only after the backend
 * has answered. */
void ask_oracle(struct step_fixture *r, const struct tensors *w);

/* One group of rows each. 0, or e when memory is short. */
int prove_step_plan(struct proof *p, bool composed, struct error *e);
int prove_step_ragged(struct proof *p, bool composed, struct error *e);
int prove_step_drawn(struct proof *p, bool composed, struct error *e);
int prove_step_large(struct proof *p, bool composed, struct error *e);
int prove_step_zeros(struct proof *p, bool composed, struct error *e);
int prove_course(struct proof *p, bool composed, struct error *e);
int prove_look_ahead(struct proof *p, bool composed, struct error *e);
int prove_same_bits(struct proof *p, bool composed, struct error *e);
int prove_lockstep(struct proof *p, bool composed, struct error *e);

#endif
