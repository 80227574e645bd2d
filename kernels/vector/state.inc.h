/* SPDX-License-Identifier: MIT
 *
 * What open() keeps for the ops and the training step of a vector backend. */
#ifndef LB_STATE_INC_H
#define LB_STATE_INC_H

#include "backend.h"
#include "parameters.inc.h"

/* Per thread: packed B and packed A. */
struct gemm_space {
    float *b;          /* kc x nc */
    float *a;          /* mc x kc */
    float *transposed; /* 2 VL x mc: C^T, see gemm_transposed */
};

struct gemm_state {
    int threads;
    struct blocking blocking;  /* mr and nr 0: the tile is chosen for each product */
    int preferred_vecs;        /* see cheapest_vecs of gemm_cut.inc.h */
    size_t resident_bytes;     /* of L1, for a panel of B */
    struct gemm_space *spaces; /* one per thread */
};

struct fused; /* of the training step: fused/fused.inc.h */

struct vector_state {
    struct gemm_state gemm;
    struct fused *fused;
};

static inline const struct gemm_state *gemm_state_of(const void *state)
{
    return &((const struct vector_state *)state)->gemm;
}

static inline int threads_of(const void *state)
{
    return gemm_state_of(state)->threads;
}

static struct fused *fused_of(void *state)
{
    return ((const struct vector_state *)state)->fused;
}

#endif
