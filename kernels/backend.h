/* SPDX-License-Identifier: MIT
 *
 * THE CONTRACT between Lanebench and a backend. This header is all that a backend, built in or loaded as a
 * plug-in, needs; it is installed for plug-ins and depends on nothing but the C standard library.
 *
 * A backend has two levels:
 *
 *   Level 1, ops: plain functions on row-major float matrices. The unit of proof and of micro-benchmarks. An
 * op left NULL is taken from the naive backend and shown as "inherited" everywhere.
 *
 *   Level 2, the training step: optional. The backend owns the parameters in a layout of its own and runs
 * whole steps. Without it, the harness composes the step from the ops of level 1.
 *
 * Conventions for everything below:
 *   - Matrices are row-major; lda, ldb, ldc, ld... are row strides in elements, at least the row length.
 *   - No pointer is promised to be aligned beyond its element type. Nothing outside the stated elements may
 *     be read or written, not even in the gap between a row's end and the next row's start.
 *   - Outputs do not overlap inputs unless an op says that it works in place.
 *   - Ops cannot fail, never allocate, and leave MXCSR as they found it. The memory that they need is
 *     allocated in open().
 *   - All calls on one state come from one thread at a time. A backend spreads work over an OpenMP team of
 *     plan->threads threads. It splits rows and columns of a result, never a sum over k, so that the bits of
 *     a result do not depend on the number of threads; a backend that cannot promise this does not set
 *     BACKEND_DETERMINISTIC.
 *   - Several instances may be open at a time, for different plans, and are called in turn. If a process has
 *     something only once, such as a library's number of threads, a call that finds it changed must set it
 *     again. While one is timed no other is open, and none was opened after it.
 *   - A backend may work with threads of its own. open(), and constructors of a plug-in before it, run on a
 *     thread that may use all places of the plan, one for each of its threads, and what they start inherits
 *     them. Where there are such threads, those of a pool or some that come and go with a call, thread 0
 *     keeps all places while it is timed; otherwise it is bound to the first. The OpenMP team, which
 *     inherited ops work with, is bound one thread to a place and then sleeps between its regions instead of
 *     spinning.
 *   - A backend starts no process. Any process that it starts anyway is found, named and killed.
 *   - Extents are >= 0; an extent of 0 is legal and touches nothing but what the op says.
 *   - NaN, infinities and subnormal numbers mean what IEEE 754 says and are never flushed or replaced, unless
 *     an op says otherwise. The sign of a zero and the sign and payload of a NaN are free.
 */
#ifndef LANEBENCH_BACKEND_H
#define LANEBENCH_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a struct of this file changes its meaning or layout. */
#define BACKEND_ABI_VERSION 7u

/* What a backend needs of the CPU and of the operating system's saved register state: plain data, checked by
 * the harness before any function of the backend runs. */
enum isa_bit {
    ISA_AVX2 = 1u << 0,
    ISA_FMA = 1u << 1,
    ISA_AVX512F = 1u << 2,
    ISA_AVX512BW = 1u << 3,
    ISA_AVX512DQ = 1u << 4,
    ISA_AVX512VL = 1u << 5,
    ISA_AVX512BF16 = 1u << 6,
};

enum transpose { NO_TRANS = 0, TRANS = 1 };
enum activation { ACT_IDENTITY = 0, ACT_RELU = 1 };

/* Sizes at which gemm changes path: register tile mr x nr, cache blocks mc x nc x kc; 0 = none, or chosen for
 * each product. The proof tests around them. */
struct blocking {
    int mr, nr, mc, nc, kc;
};

/* Values that a backend lets `bench tune` try for each member, 0 at the end; NULL: this one is fixed. Any
 * combination is legal: the backend lowers sizes that do not fit together. */
struct blocking_choices {
    const int *mr, *nr, *mc, *nc, *kc;
};

/* What open() may prepare for. All sizes are upper bounds for the steps, not for the ops: an op must accept
 * any shape, whatever the plan says. */
struct plan {
    uint32_t struct_size;                 /* sizeof(struct plan) of the caller */
    int threads;                          /* OpenMP threads to use, >= 1 */
    int inputs, hidden, classes;          /* the network: inputs-hidden-classes; 1 <= classes <= 16 */
    int batch;                            /* most rows of any batch given to step() or predict() */
    float lr, rho, epsilon;               /* RMSprop; finite, 0 <= rho < 1, epsilon > 0 */
    size_t l1d_bytes, l2_bytes, l3_bytes; /* caches seen by one thread; 0 = unknown */
    const char *argument;                 /* text after the colon of --backend NAME:TEXT, or NULL */
    uint32_t isa;             /* ISA bits that may be used: the CPU's, less what --max-isa hides */
    struct blocking blocking; /* of its choices; a member that is 0 is left to the backend */
    int skip_phases;          /* 1: phase_seconds will not be asked, so a step need read no clock */
};

/* ---- Level 1 ---- */

/* C[m x n] = alpha * op(A) * op(B) + beta * C, op(A) is m x k, op(B) is k x n.
 * A is stored m x k (NO_TRANS) or k x m (TRANS); B is stored k x n or n x k.
 * BLAS rules: beta == 0 does not read C; alpha == 0 or k == 0 does not read A and B; NaN and Inf propagate,
 * from C with any beta but 0, too, and through factors of 0: 0 * NaN and 0 * Inf are NaN on either side.
 * alpha and beta may have any finite value, and be NaN; beta may be infinite. The result for alpha = Inf is
 * undefined. The order of the sum over k is free, and so is the point at which alpha is applied. Recombined
 * sums such as Strassen's are not allowed: a row of op(A) or a column of op(B) that is 0 gives exact zeros.
 * If every product, and every partial sum in any order, is a float, the result must be exact. A and B may
 * overlap or be the same. They are read only during the call: the next call may find other contents at the
 * same addresses. An extent is any int, and so is a stride: i * lda is a size_t. */
typedef void gemm_fn(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                     const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* out[i][j] = pixels[index[i] * cols + j] / 255.0f, correctly rounded, for i < rows, j < cols. index[i] may
 * take every value of its type, and index[i] * cols is a size_t. */
typedef void gather_fn(void *state, int rows, int cols, const uint8_t *pixels, const uint32_t *index,
                       float *out, int ldout);

/* In place: x[i][j] = act(x[i][j] + bias[j]). relu(NaN) is NaN; relu of either zero is a zero; a sum that
 * overflows is infinite. */
typedef void bias_act_fn(void *state, int m, int n, const float *bias, enum activation act, float *x,
                         int ldx);

/* In place: d[i][j] = y[i][j] > 0 ? d[i][j] : 0, where y is the output of the ReLU. The derivative at 0 is 0.
 * The op selects and does not multiply: where y is not greater than 0 (NaN is not), the result is 0 whatever
 * d is; elsewhere it is d, even if that is NaN, infinite or subnormal. */
typedef void relu_grad_fn(void *state, int m, int n, const float *y, int ldy, float *d, int ldd);

/* out[j] = sum over i < m of d[i][j], in any order; m == 0 gives zeros. A NaN, or infinities of both signs,
 * make the sum of their column NaN, infinities of one sign make it that infinity; other columns are
 * unaffected. Where the sum of |d[i][j]| over i overflows, out[j] is undefined. */
typedef void bias_grad_fn(void *state, int m, int n, const float *d, int ldd, float *out);

/* Row by row, with p = softmax(logits[i]) (shifted by the row's maximum):
 *   loss[i]    = -log p[labels[i]], through log-sum-exp
 *   grad[i][j] = (p[j] - (j == labels[i])) * grad_scale      (not written where grad is NULL)
 *   prob[i][j] = p[j]                                        (not written where prob is NULL)
 * n >= 1, labels[i] < n; grad_scale is finite. Finite logits give finite results, but for a loss beyond the
 * largest float, which is infinite; p below 2^-126 may be 0. A logit of -Inf has p = 0, and an infinite loss
 * if it is the label's. NaN or +Inf among a row's logits, or nothing but -Inf, make its loss, p and grad NaN.
 * Other rows are unaffected. grad may be the same matrix as logits (then ldgrad == ldlogits), with or without
 * prob. prob never overlaps logits, and no two outputs overlap. */
typedef void softmax_xent_fn(void *state, int m, int n, const float *logits, int ldlogits,
                             const uint8_t *labels, float grad_scale, float *loss, float *grad, int ldgrad,
                             float *prob, int ldprob);

/* In place, element by element (Keras' RMSprop: epsilon outside the root, no momentum, not centred):
 *   v = rho * v + (1 - rho) * g * g;  w = w - lr * g / (sqrt(v) + epsilon)
 * 1 - rho is computed once, in float. Square root and division are correctly rounded.
 * 0 <= rho <= 1, epsilon >= 0, lr finite, v >= 0 or NaN, and epsilon > 0 where g and v may both be 0. g is
 * NaN, infinite, or so small that g * g does not overflow. NaN and infinities affect v and w of their own
 * element only, as the formulas say: NaN in g or v makes v and w NaN; infinite g, for rho < 1, makes v
 * infinite and w NaN; infinite v, for rho > 0, stays and leaves w as it was. */
typedef void rmsprop_fn(void *state, size_t n, float lr, float rho, float epsilon, const float *g, float *v,
                        float *w);

/* y[i] = exp(x[i]) and log(x[i]): at most 1 ulp for every float; zeros, infinities and NaN as in C. */
typedef void vexp_fn(void *state, size_t n, const float *x, float *y);
typedef void vlog_fn(void *state, size_t n, const float *x, float *y);

/* One member per line of ops.def. */
struct ops {
#define OP(name) name##_fn *name;
#include "ops.def"
#undef OP
};

/* ---- Level 2 ---- */

/* Row-major tensors of the network: w1[inputs x hidden], b1[hidden], w2[hidden x classes], b2[classes]. */
struct tensors {
    float *w1, *b1, *w2, *b2;
};

/* Parameters and RMSprop's running mean of squared gradients. Owned by the caller. */
struct model {
    struct tensors w, v;
};

/* rows images: pixels[index[i] * inputs ...] with label labels[index[i]]. Owned by the caller. */
struct batch {
    const uint8_t *pixels, *labels;
    const uint32_t *index;
    int rows; /* 1 .. plan->batch */
    /* A hint: the batch that the caller expects to pass to the next call of the same function; NULL: not
     * known, or none. It may have other images and another number of rows (1 .. plan->batch), or be this very
     * batch; its own `next` says nothing. A backend may read it, and so prefetch its images, during this call
     * only. No result depends on it, and nothing that was read of it is kept: another batch may come instead,
     * or the same one with other contents at the same addresses. */
    const struct batch *next;
};

/* Sums over the rows of one batch, with the parameters as they were before the update. */
struct step_result {
    double loss_sum;
    uint32_t correct; /* rows whose first largest logit is the label */
};

/* All four may be called in any order, load() first. A backend may postpone work as long as no result shows
 * it: predict() and store() take every earlier step() into account, and change nothing that a later call
 * shows. A batch's memory is read only during the call: the next call may find other contents at the same
 * addresses. States are independent of each other: several may be open, with other plans, and be called in
 * turn.
 *
 * Finite logits give finite results, whatever their size, as in softmax_xent. What a step computes from a
 * model with NaN, infinities or a v < 0 is not defined. It must still return, and the next load() of a finite
 * model must leave no trace of it. */
struct step_ops {
    /* Copies parameters and optimizer state in. May be called at any time between steps. */
    void (*load)(void *state, const struct model *m);
    /* One training step: forward, mean loss over the batch's rows, backward, RMSprop. */
    void (*step)(void *state, const struct batch *b, struct step_result *r);
    /* Forward only. prob, if not NULL, receives rows x classes probabilities, dense. */
    void (*predict)(void *state, const struct batch *b, float *prob, struct step_result *r);
    /* Copies parameters and optimizer state out. */
    void (*store)(void *state, struct model *m);
    /* Names of the step's phases, NULL at the end; phase_seconds adds, per phase, the wall seconds that
     * thread 0 has spent in it since open(). Both may be NULL. */
    const char *const *phases;
    void (*phase_seconds)(void *state, double *seconds);
    /* How often thread 0 has read a clock for them since open(); NULL: not counted. */
    uint64_t (*clock_reads)(void *state);
    /* For a step that skips products with pixels that are 0: floating-point operations that the matrix
     * products of all step() calls since open() did, a multiply-add counted as two. Padding of a vector or a
     * block does not count. So the number is at least the work with pixels that are not 0, and at most that
     * of the whole network. NULL: the step skips nothing. */
    double (*flop_done)(void *state);
};

/* ---- The backend ---- */

enum backend_flag {
    BACKEND_DETERMINISTIC = 1u << 0,    /* same bits for every run and every number of threads */
    BACKEND_ON_REQUEST = 1u << 1,       /* not part of "--backend all" */
    BACKEND_TAKES_ARGUMENT = 1u << 2,   /* --backend NAME:TEXT is legal; TEXT arrives as plan->argument */
    BACKEND_INHERITS_FASTEST = 1u << 3, /* ops left empty come from the fastest own backend, not from naive */
    /* gemm comes from a library that the user names, which may treat special values in its own way: if it
     * breaks only the rules for NaN, Inf, alpha and beta, it is timed as deviating. Not for plug-ins, for
     * which the user decides. */
    BACKEND_MAY_DEVIATE = 1u << 4,
};

/* Multiply-adds, padding included. */
struct thread_work {
    double forward, backward;
};

/* The rule for a backend's name, which is seen in command lines, files and tables: 1 to BACKEND_NAME_MAX of
 * a-z, 0-9, '_' and '-', the first of them not '-', and neither "all" nor "composed". */
#define BACKEND_NAME_MAX 32

struct backend {
    uint32_t abi_version;                   /* BACKEND_ABI_VERSION */
    uint32_t struct_size;                   /* sizeof(struct backend) */
    const char *name;                       /* by the rule above */
    const char *summary;                    /* one line for people */
    uint32_t needs;                         /* ISA bits */
    uint32_t flags;                         /* enum backend_flag */
    struct blocking blocking;               /* where the plan names none */
    const struct blocking_choices *choices; /* what may be tuned; NULL: nothing */
    /* The sizes under a plan: those it names, the rest from its caches and threads. NULL: from `blocking`.
     * Not called for plug-ins, which are not tuned. */
    struct blocking (*blocking_of)(const struct plan *plan);
    /* How a step of plan->batch images is divided among plan->threads threads: multiply-adds of the first
     * layer that one of them does, forward and for the gradient of w1. NULL: not told. */
    void (*work_of)(const struct plan *plan, int thread, struct thread_work *work);
    /* Prepares for the plan and returns 0; otherwise returns non-zero and writes one line to why[why_size].
     * NULL open: stateless, state is NULL. */
    int (*open)(const struct plan *plan, void **state, char *why, size_t why_size);
    void (*close)(void *state);
    /* Version of the library that the backend uses, or NULL. */
    const char *(*library)(void);
    /* Implementations chosen, "op=name;op=name"; valid until close. May be NULL. An implementation whose name
     * contains "ref" is flagged as a reference implementation. */
    const char *(*implementation)(void *state);
    struct ops ops;
    const struct step_ops *step; /* NULL: the harness composes the step */
    /* The backend whose step this one's equals bit by bit: loss, count, probabilities, parameters and
     * optimizer state, for any data and any number of threads, as long as no gradient overflows. The proof
     * checks it. NULL: no promise. */
    const char *same_bits_as;
};

/* A plug-in exports one function of this name and type. */
#define BACKEND_PLUGIN_SYMBOL "lanebench_backend"
const struct backend *lanebench_backend(void);

#ifdef __cplusplus
}
#endif
#endif
