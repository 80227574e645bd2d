/* SPDX-License-Identifier: MIT
 *
 * What the proof of a training step works on: two instances of the backend, images between guard pages, the
 * model given and the model stored, and the oracle. */
#ifndef LB_STEP_RIG_H
#define LB_STEP_RIG_H

#include "proof/oracle_step.h"
#include "proof/tally.h"
#include "train/trainer.h"

/* A model whose eight tensors lie each between guard pages. */
struct guarded_model {
    struct guarded arena[2 * TENSOR_COUNT];
    struct model model;
};

/* Images to draw batches from; the first is all zero. */
struct image_pool {
    struct guarded pixel_arena, label_arena, index_arena;
    uint8_t *pixels, *labels;
    uint32_t *index; /* of the batch under way */
    int count;
};

struct step_rig {
    struct proof *proof;
    struct plan plan;
    struct shape shape;
    bool composed;
    const char *name;           /* what the cases' texts begin with: "step", "composed lockstep", ... */
    struct contender contender; /* with the plan's own learning rate */
    struct contender readback;  /* with READBACK_RATE: gradients can be read from its updates */
    struct trainer *trainer, *readback_trainer;
    struct image_pool pool;
    struct batch batch; /* into pool */
    struct model given;
    struct guarded_model stored;
    float *prob; /* in prob_arena, batch x classes */
    struct guarded prob_arena;
    struct oracle_step oracle;
    bool oracle_knows; /* it has been asked for the gradients of given with batch */
};

/* A power of two so large that a weight's own rounding vanishes beside its update. */
#define READBACK_RATE 0x1p20f

/* Opens everything for a network of this shape and batches of up to batch rows; the rest of the plan is the
 * proof's. Images are real ones if the proof's data set has some of this shape. 0 or e. */
int step_rig_open(struct step_rig *r, struct proof *p, const char *name, const struct shape *shape, int batch,
                  bool composed, struct error *e);
void step_rig_close(struct step_rig *r);

enum rig_batch { BATCH_PLAIN, BATCH_WITH_ZERO_IMAGE, BATCH_REPEATED_IMAGE, BATCH_KINDS };

/* Draws a batch of so many rows from the pool into r->batch. */
void step_rig_draw(struct step_rig *r, struct rng *rng, int rows, enum rig_batch kind);

enum rig_model { MODEL_PLAIN, MODEL_TIED };

/* Fills r->given: Glorot weights times gain, biases within 0.1, a running mean of squared gradients as
 * training has. MODEL_TIED: the logits of the first and the last class are 0, all others less. */
void step_rig_fill_model(struct step_rig *r, uint64_t seed, enum rig_model kind, float gain);

/* r->stored filled with canaries, then stored by the trainer. */
void step_rig_store(struct step_rig *r, struct trainer *t);

/* Bytes written outside the stored tensors. */
long long step_rig_intruded(const struct step_rig *r);

#endif
