/* SPDX-License-Identifier: MIT
 *
 * The training step over the network's primitives, and the time that each phase of it takes. The library's
 * ReLU turns NaN into 0, so a NaN among the first layer's parameters stays where it is instead of reaching
 * the loss. */
#ifndef LANEBENCH_ONEDNN_STEP_H
#define LANEBENCH_ONEDNN_STEP_H

#include <math.h>
#include <omp.h>
#include <time.h>

#include "backend.h"
#include "loops.h"
#include "network.h"

enum phase {
    PHASE_GATHER,
    PHASE_FORWARD1,
    PHASE_FORWARD2,
    PHASE_SOFTMAX_XENT,
    PHASE_BACKWARD2,
    PHASE_RELU_GRAD,
    PHASE_BACKWARD1,
    PHASE_RMSPROP,
    PHASE_COUNT
};

static const char *const phase_names[PHASE_COUNT + 1] = {
    "gather", "forward1", "forward2", "softmax_xent", "backward2", "relu_grad", "backward1", "rmsprop", NULL,
};

struct onednn {
    struct network network;
    double seconds[PHASE_COUNT];
    uint64_t clock_reads;
    char implementation[1024];
};

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The start of the first phase. */
static double phase_begin(struct onednn *s)
{
    if (s->network.plan.skip_phases) return 0;
    s->clock_reads++;
    return seconds_now();
}

/* Ends a phase that began at start; returns the start of the next one. */
static double phase_end(struct onednn *s, enum phase phase, double start)
{
    const double now = phase_begin(s);
    s->seconds[phase] += now - start;
    return now;
}

/* oneDNN asks OpenMP how many threads to use, and OpenMP keeps that number per calling thread. */
static void use_threads(const struct onednn *s)
{
    omp_set_num_threads(s->network.plan.threads);
}

/* ---- Loss ---- */

static int first_largest(const float *x, int n)
{
    int best = 0;
    for (int j = 1; j < n; j++)
        if (x[j] > x[best]) best = j;
    return best;
}

/* From logits (s->z) and probabilities (s->dz) of the rows to their loss and hits. With m the largest logit,
 * -log p[label] = (m - z[label]) - log p[argmax]: p[argmax] is at least 1 / classes, so no probability that
 * has vanished reaches the logarithm. */
static void sum_loss(const struct network *n, const struct batch *b, struct step_result *r)
{
    const int classes = n->plan.classes;
    *r = (struct step_result){0};
    for (int i = 0; i < b->rows; i++) {
        const float *z = n->z + (size_t)i * (size_t)classes, *p = n->dz + (size_t)i * (size_t)classes;
        const int label = b->labels[b->index[i]], best = first_largest(z, classes);
        r->loss_sum += (double)(z[best] - z[label]) - log((double)p[best]);
        r->correct += best == label;
    }
}

/* The library's exponential gives 0 for what is below 2^-125.5; between 2^-126 and that, a float is owed. In
 * a gradient, no weight could show the difference. */
static void restore_least(const struct network *n, int rows)
{
    const int classes = n->plan.classes;
    for (int i = 0; i < rows; i++) {
        const float *z = n->z + (size_t)i * (size_t)classes;
        float *p = n->dz + (size_t)i * (size_t)classes;
        const int best = first_largest(z, classes);
        for (int j = 0; j < classes; j++)
            if (p[j] == 0.0f) p[j] = expf(z[j] - z[best]) * p[best];
    }
}

/* In place, probabilities to the gradient of the mean loss, times LOSS_SCALE, with respect to the logits. */
static void probabilities_to_gradient(const struct network *n, const struct batch *b)
{
    const int classes = n->plan.classes;
    const float scale = LOSS_SCALE / (float)b->rows;
    for (int i = 0; i < b->rows; i++) {
        float *d = n->dz + (size_t)i * (size_t)classes;
        d[b->labels[b->index[i]]] -= 1.0f;
        for (int j = 0; j < classes; j++) d[j] *= scale;
    }
}

/* ---- Step and prediction ---- */

static void step(void *state, const struct batch *b, struct step_result *r)
{
    struct onednn *s = state;
    struct network *n = &s->network;
    const struct library *l = &n->library;
    use_threads(s);
    const struct backward *back = network_backward(n, b->rows);
    const struct forward *f = network_forward(n, b->rows);
    if (!back || !f) library_abort(l->failed, l->status);
    double t = phase_begin(s); /* making primitives is not a phase: it counts as the rest */
    gather_rows(&n->plan, b->rows, n->plan.inputs, b->pixels, b->index, n->x, n->plan.inputs);
    t = phase_end(s, PHASE_GATHER, t);
    kernel_run(&f->hidden, l);
    t = phase_end(s, PHASE_FORWARD1, t);
    kernel_run(&f->logits, l);
    t = phase_end(s, PHASE_FORWARD2, t);
    kernel_run(&f->softmax, l);
    sum_loss(n, b, r);
    probabilities_to_gradient(n, b);
    t = phase_end(s, PHASE_SOFTMAX_XENT, t);
    kernel_run(&back->weights2, l);
    kernel_run(&back->data2, l);
    t = phase_end(s, PHASE_BACKWARD2, t);
    kernel_run(&back->relu, l);
    t = phase_end(s, PHASE_RELU_GRAD, t);
    kernel_run(&back->weights1, l);
    t = phase_end(s, PHASE_BACKWARD1, t);
    dnnl_stream_wait(l->stream);
    update(&n->plan, n->block_floats, n->block[BLOCK_GRADIENTS], n->block[BLOCK_SQUARES],
           n->block[BLOCK_WEIGHTS]);
    phase_end(s, PHASE_RMSPROP, t);
}

static void predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    struct onednn *s = state;
    struct network *n = &s->network;
    const struct library *l = &n->library;
    use_threads(s);
    const struct forward *f = network_forward(n, b->rows);
    if (!f) library_abort(l->failed, l->status);
    gather_rows(&n->plan, b->rows, n->plan.inputs, b->pixels, b->index, n->x, n->plan.inputs);
    kernel_run(&f->hidden, l);
    kernel_run(&f->logits, l);
    kernel_run(&f->softmax, l);
    dnnl_stream_wait(l->stream);
    sum_loss(n, b, r);
    if (!prob) return;
    restore_least(n, b->rows);
    memcpy(prob, n->dz, sizeof(float) * (size_t)b->rows * (size_t)n->plan.classes);
}

static void phase_seconds(void *state, double *seconds)
{
    memcpy(seconds, ((const struct onednn *)state)->seconds, sizeof(double) * PHASE_COUNT);
}

static uint64_t clock_reads(void *state)
{
    return ((const struct onednn *)state)->clock_reads;
}

/* ---- Parameters in and out ---- */

static void transfer_weights(const struct network *n, const struct layer *y, const struct kernel *k,
                             float *weights)
{
    const dnnl_status_t status = dnnl_memory_set_data_handle(y->plain, weights);
    if (status != dnnl_success) library_abort(k->name, status);
    kernel_run(k, &n->library);
    dnnl_stream_wait(n->library.stream);
}

/* in: t -> the block, else the block -> t. */
static void copy_block(const struct network *n, int block, const struct tensors *t, bool in)
{
    float *const weights[LAYERS] = {t->w1, t->w2}, *const bias[LAYERS] = {t->b1, t->b2};
    for (int i = 0; i < LAYERS; i++) {
        const struct layer *y = &n->layer[i];
        float *const own_bias = n->block[block] + y->bias_at;
        transfer_weights(n, y, in ? &y->pack[block] : &y->unpack[block], weights[i]);
        memcpy(in ? own_bias : bias[i], in ? bias[i] : own_bias, sizeof(float) * (size_t)y->outputs);
    }
}

static void scale_floats(float *x, size_t count, float scale)
{
    for (size_t i = 0; i < count; i++) x[i] *= scale;
}

static void load(void *state, const struct model *m)
{
    const struct onednn *s = state;
    use_threads(s);
    copy_block(&s->network, BLOCK_WEIGHTS, &m->w, true);
    copy_block(&s->network, BLOCK_SQUARES, &m->v, true);
    scale_floats(s->network.block[BLOCK_SQUARES], s->network.block_floats, V_SCALE);
}

static void store(void *state, struct model *m)
{
    const struct onednn *s = state;
    use_threads(s);
    copy_block(&s->network, BLOCK_WEIGHTS, &m->w, false);
    copy_block(&s->network, BLOCK_SQUARES, &m->v, false);
    float *const weights[LAYERS] = {m->v.w1, m->v.w2}, *const bias[LAYERS] = {m->v.b1, m->v.b2};
    for (int i = 0; i < LAYERS; i++) {
        const struct layer *y = &s->network.layer[i];
        scale_floats(weights[i], (size_t)y->inputs * (size_t)y->outputs, 1.0f / V_SCALE);
        scale_floats(bias[i], (size_t)y->outputs, 1.0f / V_SCALE);
    }
}

#endif
