/* SPDX-License-Identifier: MIT
 *
 * Backends that are wrong on purpose, to show that the proof notices. Each is naive with one
 * op replaced (mutant_ops.c), or a training step composed here with one thing broken (mutant_step.c,
 * mutant_lazy.c, mutant_values.c). */
#ifndef LB_MUTANTS_H
#define LB_MUTANTS_H

#include "backend.h"

/* The guard pages reject it. */
#define KILLED_BY_FAULT "fault"

/* Hidden units of the plan for which the steps are proven: enough for full vectors, few enough for speed. */
enum { MUTANT_STEP_HIDDEN = 128 };

/* naive, compiled with vectorization: the mutants of steps then take 18 s instead of 38. */
extern const struct backend backend_plain;

struct mutant {
    const char *name;
    const char *only;   /* the op or step that is broken: what of the proof is run */
    const char *killer; /* a row that must be among those that reject it, "op / cases", or KILLED_BY_FAULT */
    struct backend backend;
};

/* Lists of mutants, filled on first use. */
const struct mutant *mutants_of_ops(int *count);
const struct mutant *mutants_of_step(int *count);

/* The same constructions with nothing broken: these must pass. The lazy step leaves out pixels that no image
 * has, and makes good their decay when it is needed. */
const struct backend *genuine_ops(void);
const struct backend *genuine_step(void);
const struct backend *genuine_lazy_step(void);

/* gemm of the backend that is being proven. Only the broken oracle of prover_mutants.py asks it. */
void gemm_under_test(enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,
                     int lda, const float *b, int ldb, float beta, float *c, int ldc);

#endif
