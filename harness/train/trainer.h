/* SPDX-License-Identifier: MIT
 *
 * Drives one opened contender through training steps: its own fused step where it has one, else the step
 * composed from level-1 ops. Callers need not know which. */
#ifndef LB_TRAINER_H
#define LB_TRAINER_H

#include "backends/contender.h"
#include "train/network.h"

/* One line of ops.csv: an op of the composed step, or a phase of a fused one. Seconds are wall time. */
struct op_time {
    const char *name;
    bool inherited;
    uint64_t calls;
    double seconds;
    double flop; /* of matrix products only; 0 for the rest */
    int calls_per_step;
};

enum { TRAINER_MAX_OP_TIMES = 16 };

struct trainer;

/* Takes an opened contender (not owned; must outlive the trainer). composed forces the level-1 step even
 * where the backend has a fused one (for the proof and for comparisons). NULL when out of memory. */
struct trainer *trainer_new(struct contender *c, bool composed);
void trainer_free(struct trainer *t);

bool trainer_is_fused(const struct trainer *t);

void trainer_load(struct trainer *t, const struct model *m);
void trainer_store(struct trainer *t, struct model *m);
void trainer_step(struct trainer *t, const struct batch *b, struct step_result *r);

/* The first largest of a row of logits or probabilities; -1: the row has a NaN, and predicts nothing. */
int predicted_class(const float *row, int classes);

/* prob may be NULL; else rows x classes, dense. */
void trainer_predict(struct trainer *t, const struct batch *b, float *prob, struct step_result *r);

/* Clock readings since trainer_new inside training steps, all for trainer_times; -1: the backend reads clocks
 * and does not count. */
long long trainer_clock_reads(const struct trainer *t);

/* Floating-point operations that the backend reports for the matrix products of all its steps; -1: it does
 * not report any, and does all. */
double trainer_flop_done(const struct trainer *t);

/* Cumulative times since trainer_new of training steps only, in times[TRAINER_MAX_OP_TIMES]; returns the
 * number of lines. They are the composed step's ops, the matrix products by role ("gemm forward1", "gemm
 * dw2", ...), or the fused step's phases; a fused step without phases, and any with plan.skip_phases, is one
 * line "step". Which matrix products a phase makes is known by its name (step_parts.h); a phase of any other
 * name counts 0 flop, and so does one with products of images in a step that leaves some out. */
int trainer_times(const struct trainer *t, struct op_time *times);

#endif
