/* SPDX-License-Identifier: MIT
 *
 * The cases of bench micro: every op of a contender on the shapes that training gives it. */
#ifndef LB_MICRO_H
#define LB_MICRO_H

#include "backends/contender.h"
#include "data/dataset.h"
#include "micro/pool.h"
#include "micro/shapes.h"
#include "train/network.h"

/* Operands as wide as one layer; each case of that layer takes its extents from here, too. */
struct micro_layer {
    int width;
    float *out, *grad, *work; /* batch x width */
    float *positive;          /* batch x width, in (0, 1] */
    float *zero_bias;         /* width */
    float *bias_grad;         /* width */
};

/* Operands, shared by all contenders: a batch of real images, start weights, made-up gradients; matrices for
 * the user's shapes. */
struct micro_operands {
    struct shape shape;
    int batch;
    const uint8_t *pixels, *labels; /* the data set's */
    uint32_t *index;                /* batch */
    uint8_t *batch_labels;          /* batch */
    struct model model;
    struct micro_layer hidden, logits;
    float *x;         /* batch x inputs */
    float *loss;      /* batch */
    float *gathered;  /* batch x inputs */
    float *dw1, *dw2; /* like w1, w2 */
    float *g, *v, *w; /* all parameters, dense */
    size_t parameters;
    struct gemm_shapes shapes;          /* not owned; count 0: none */
    float *shape_a, *shape_b, *shape_c; /* for the largest of them */
    struct pool pool;                   /* of cold weights */
};

/* Caches and memory that cold operands are planned by. */
struct micro_machine {
    size_t l2_bytes, l3_bytes; /* 0 = unknown */
    size_t available;          /* bytes that a pool may take */
};

/* 0 or e: EXIT_USAGE when the matrices of a user's shape do not fit into memory. Free with
 * micro_operands_free in either case. */
int micro_operands_init(struct micro_operands *o, const struct dataset *d, const struct shape *shape,
                        int batch, uint64_t seed, const struct gemm_shapes *shapes,
                        const struct micro_machine *machine, struct error *e);
void micro_operands_free(struct micro_operands *o);

struct micro_case {
    char name[256]; /* who/op/role/shape: avx2/gemm/forward1/128x512x784, then /cold-l3 for cold weights */
    const char *op;
    const char *role; /* "forward1", ...; what it works on for ops without roles */
    struct contender *contender;
    struct micro_operands *operands;
    const struct micro_layer *layer; /* that it works on, n wide; NULL: none */
    void (*call)(void *self);        /* one call of the op; takes the struct micro_case */
    int m, n, k;                     /* k 0: not a product; n 0: m elements */
    double flop, bytes;              /* flop of products only; bytes that must be read and written once */
    bool inherited;
    enum transpose ta, tb; /* of gemm */
    bool has_weights;      /* an operand that is cold in a twin of this case */
    bool cold;
    size_t weights; /* floats of it */
    char label[80]; /* a remark for people; "" for none */
};

/* Of one contender, without and with the user's shapes. */
enum { MICRO_MAX_TRAINING_CASES = 32 };
int micro_max_cases(const struct gemm_shapes *shapes);

/* Fills in the cases of one opened contender, at most micro_max_cases(), and returns their number. who: what
 * their names begin with, different for each contender. */
int micro_cases(struct micro_case *cases, const char *who, struct contender *c, struct micro_operands *o);

/* A case of a user's shape, and its cold twin. Returns their number, 1 or 2. */
int micro_shape_cases(struct micro_case *cases, const char *who, struct contender *c,
                      struct micro_operands *o, const struct gemm_shape *shape);

/* Before a case is measured: takes the memory that it needs beyond the operands. NULL, or why it cannot run.
 */
const char *micro_prepare(struct micro_case *c);

#endif
