/* SPDX-License-Identifier: MIT
 *
 * The cases of bench micro: every op of a contender on the shapes that training gives it. */
#ifndef LB_MICRO_H
#define LB_MICRO_H

#include "backends/contender.h"
#include "data/dataset.h"
#include "train/network.h"

/* Operands, shared by all contenders: a batch of real images, start weights, made-up gradients. */
struct micro_operands {
    struct shape shape;
    int batch;
    const uint8_t *pixels, *labels; /* the data set's */
    uint32_t *index;                /* batch */
    uint8_t *batch_labels;          /* batch */
    struct model model;
    float *x;               /* batch x inputs */
    float *h, *dh, *work_h; /* batch x hidden */
    float *z, *dz, *work_z; /* batch x classes */
    float *positive;        /* batch x hidden, in (0, 1] */
    float *zero_bias;       /* hidden, at least classes */
    float *bias_grad;       /* hidden, at least classes */
    float *loss;            /* batch */
    float *gathered;        /* batch x inputs */
    float *dw1, *dw2;       /* like w1, w2 */
    float *g, *v, *w;       /* all parameters, dense */
    size_t parameters;
};

/* 0, or -1 when out of memory. Free with micro_operands_free in either case. */
int micro_operands_init(struct micro_operands *o, const struct dataset *d, const struct shape *shape,
                        int batch, uint64_t seed);
void micro_operands_free(struct micro_operands *o);

struct micro_case {
    char name[128]; /* backend/op/role/shape: avx2/gemm/forward1/128x512x784 */
    const char *op;
    const char *role; /* "forward1", ...; what it works on for ops without roles */
    struct contender *contender;
    struct micro_operands *operands;
    void (*call)(void *self); /* one call of the op; takes the struct micro_case */
    int m, n, k;              /* k 0: not a product; n 0: m elements */
    double flop, bytes;       /* flop of products only; bytes that must be read and written once */
    bool inherited;
};

enum { MICRO_MAX_CASES = 24 }; /* of one contender */

/* Fills in the cases of one opened contender, at most MICRO_MAX_CASES, and returns their number. */
int micro_cases(struct micro_case *cases, struct contender *c, struct micro_operands *o);

#endif
