/* SPDX-License-Identifier: MIT
 *
 * What the proof of a training step works on: two instances of the backend, images between guard pages, the
 * model given and the model stored, and the oracle. */
#ifndef LB_STEP_FIXTURE_H
#define LB_STEP_FIXTURE_H

#include "proof/oracle_step.h"
#include "proof/proof_context.h"
#include "train/trainer.h"

/* A model whose eight tensors lie each between guard pages. */
struct guarded_model {
    struct guarded arena[2 * TENSOR_COUNT];
    struct shape shape;
    struct model model;
};

/* 0, or -1 when memory is short; close it in either case. */
int guarded_model_open(struct guarded_model *g, const struct shape *s);
void guarded_model_close(struct guarded_model *g);

/* Filled with canaries, then stored by the trainer. */
void guarded_model_store(struct guarded_model *g, struct trainer *t);

/* Bytes written outside the stored tensors. */
long long guarded_model_intruded(const struct guarded_model *g);

/* Images to draw batches from; the first is all zero, the second all 255. */
enum { POOL_ZERO, POOL_WHITE, POOL_DRAWN };
struct image_pool {
    struct guarded pixel_arena, label_arena, index_arena;
    uint8_t *pixels, *labels;
    uint32_t *index; /* of the batch under way */
    int count;
};

enum fixture_batch {
    BATCH_PLAIN,
    BATCH_WITH_ZERO_IMAGE, /* first and last */
    BATCH_REPEATED_IMAGE,  /* every second is the same */
    BATCH_ONE_IMAGE,       /* all are */
    BATCH_WHITE,           /* nothing but the white image */
    BATCH_ZERO,            /* nothing but the image of zeros */
    BATCH_KINDS
};

struct step_fixture {
    struct proof *proof;
    struct plan plan;
    struct shape shape;
    bool composed;
    const char *name;           /* what the cases' texts begin with: "step", "composed lockstep", ... */
    struct contender contender; /* with the plan's own learning rate */
    struct contender readback;  /* with READBACK_RATE: gradients can be read from its updates */
    struct trainer *trainer, *readback_trainer;
    struct image_pool pool;
    struct batch batch;      /* into pool */
    enum fixture_batch kind; /* of batch */
    bool learned;            /* the trainer has stepped on batch since it was loaded */
    struct model given;
    struct guarded_model stored;
    float *prob; /* in prob_arena, batch x classes; holds two predictions */
    struct guarded prob_arena;
    struct oracle_step oracle;
    bool oracle_knows; /* it has been asked for the gradients of given with batch */
};

/* A power of two so large that a weight's own rounding vanishes beside its update. */
#define READBACK_RATE 0x1p20f

/* The proof's own plan for a network of this shape and batches of up to batch rows. */
struct plan step_fixture_plan(const struct proof *p, const struct shape *shape, int batch);

/* Opens everything for this plan. Images are real ones if the proof's data set has some of this shape. 0 or
 * e. */
int step_fixture_open(struct step_fixture *r, struct proof *p, const char *name, const struct plan *plan,
                      bool composed, struct error *e);
void step_fixture_close(struct step_fixture *r);

/* Draws a batch of so many rows from the pool into r->batch. */
void step_fixture_draw(struct step_fixture *r, struct rng *rng, int rows, enum fixture_batch kind);

enum fixture_model {
    MODEL_PLAIN,
    MODEL_TIED,  /* the logits of the first and the last class are 0, all others less */
    MODEL_LARGE, /* hidden units from 2^6 to 2^17, logits to +-500; those of a class drawn, which a third of
                    the pool's labels then name, from -2^9 to -2^14 */
    MODEL_ZEROS  /* units that are never active, units that reach no logit; weights so large that an exact 0
                    beside them shows the rounding of sums that should not be in it; see step_fixture_blacken
                  */
};

/* Fills r->given: Glorot weights times gain, biases within 0.1, a running mean of squared gradients as
 * training has, 0 where MODEL_ZEROS makes the gradient so. */
void step_fixture_fill_model(struct step_fixture *r, uint64_t seed, enum fixture_model kind, float gain);

/* Makes about a third of the pixels black in all images of the pool. */
void step_fixture_blacken(struct step_fixture *r, struct rng *rng);

#endif
