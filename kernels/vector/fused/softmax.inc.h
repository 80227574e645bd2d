/* SPDX-License-Identifier: MIT
 *
 * The fused step: softmax, cross-entropy and its gradient. */
#ifndef LB_FUSED_SOFTMAX_INC_H
#define LB_FUSED_SOFTMAX_INC_H

#include "../vec_math.inc.h"
#include "fused.inc.h"
#include "loss_scale.h"

/* Lanes of vector v of a row of logits that are classes. */
static vm class_lanes(const struct fused *f, int v)
{
    const int lanes = f->plan.classes - v * VL;
    return vm_first(lanes < 0 ? 0 : lanes > VL ? VL : lanes);
}

/* Logits: bias plus the panels' shares, in the panels' order; padding lanes are -inf. */
static void sum_logits(const struct fused *f, const struct fused_thread *own, int rows)
{
    for (int v = 0; v < LOGIT_VECS; v++) {
        const vm classes = class_lanes(f, v);
        for (int row = 0; row < rows; row++) {
            const float *z = f->z + row * LOGITS + v * VL;
            vf sum = vf_load(own->b2 + v * VL);
            for (int panel = 0; panel < f->panels; panel++, z += f->rows_max * LOGITS)
                sum = vf_add(sum, vf_load(z));
            vf_store(own->dz + row * LOGITS + v * VL, vf_select(classes, sum, vf_set1(-__builtin_inff())));
        }
    }
}

static float largest(const float *z)
{
    vf widest = vf_load(z);
    for (int v = 1; v < LOGIT_VECS; v++) widest = vf_max(widest, vf_load(z + v * VL));
    return vf_reduce_max(widest);
}

/* Branch-free: the outcome is unpredictable. */
static bool first_largest(const float *z, int label, float max)
{
    unsigned equal = 0;
    for (int v = 0; v < LOGIT_VECS; v++)
        equal |= vm_bits(vm_eq(vf_load(z + v * VL), vf_set1(max))) << (v * VL);
    return (equal & (0u - equal)) == 1u << label;
}

/* Shifts the logits of each row by their maximum. The label's, shifted, to own->at_label; counts the rows
 * whose label comes first. Padding lanes become 0: the exponential of -inf would underflow, for which Intel's
 * cores take about 50 ns. */
static void shift_logits(const struct fused *f, const struct batch *b, struct fused_thread *own)
{
    for (int row = 0; row < b->rows; row++) {
        const int label = b->labels[b->index[row]];
        float *z = own->dz + row * LOGITS;
        const float max = largest(z);
        own->at_label[row] = z[label] - max;
        own->result.correct += first_largest(z, label, max);
        for (int v = 0; v < LOGIT_VECS; v++)
            vf_store(z + v * VL, vf_keep(class_lanes(f, v), vf_sub(vf_load(z + v * VL), vf_set1(max))));
    }
}

/* Probabilities from shifted logits; what they were divided by to own->sums. */
static void exponentiate(const struct fused *f, struct fused_thread *own, int rows)
{
    for (int i = 0; i < rows * LOGITS; i += VL) vf_store(own->dz + i, vf_exp(vf_load(own->dz + i)));
    for (int row = 0; row < rows; row++) {
        float *p = own->dz + row * LOGITS;
        vf e[LOGIT_VECS], total = vf_zero();
        for (int v = 0; v < LOGIT_VECS; v++) {
            e[v] = vf_keep(class_lanes(f, v), vf_load(p + v * VL));
            total = vf_add(total, e[v]);
        }
        own->sums[row] = vf_reduce_add(total);
        for (int v = 0; v < LOGIT_VECS; v++) vf_store(p + v * VL, vf_div(e[v], vf_set1(own->sums[row])));
    }
}

/* -log p[label] = log(sum) - shifted logit, summed over the rows. */
static double loss_sum(const struct fused_thread *own, int rows)
{
    double loss = 0;
    for (int row = 0; row < rows; row += VL) {
        const int filled = rows - row < VL ? rows - row : VL;
        float logs[VL];
        vf_store(logs, vf_log(vf_load_first(own->sums + row, filled)));
        for (int i = 0; i < filled; i++) loss += (double)(logs[i] - own->at_label[row + i]);
    }
    return loss;
}

/* From one_at + LOGITS - label on: LOGITS floats, 1 at label. */
static const float one_at[2 * LOGITS] = {[LOGITS] = 1.0f};

/* p - y, scaled by LOSS_SCALE / rows; 0 in the rows that pad the batch. */
static void logit_gradient(const struct fused_job *job, struct fused_thread *own)
{
    const struct batch *b = job->batch;
    const vf scale = vf_set1(LOSS_SCALE / (float)b->rows);
    for (int row = 0; row < b->rows; row++) {
        const float *hot = one_at + LOGITS - b->labels[b->index[row]];
        float *p = own->dz + row * LOGITS;
        for (int v = 0; v < LOGITS; v += VL)
            vf_store(p + v, vf_mul(vf_sub(vf_load(p + v), vf_load(hot + v)), scale));
    }
    for (int i = b->rows * LOGITS; i < job->rows * LOGITS; i += VL) vf_store(own->dz + i, vf_zero());
}

static void copy_probabilities(const struct fused *f, const struct fused_job *job,
                               const struct fused_thread *own)
{
    const size_t classes = (size_t)f->plan.classes;
    for (int row = 0; row < job->batch->rows; row++)
        memcpy(job->prob + (size_t)row * classes, own->dz + row * LOGITS, classes * sizeof(float));
}

/* Fills own->dz with the gradient (training), or job->prob (prediction), and the sums. In passes over the
 * batch: row by row, each would wait for its own chain of sum, maximum, exponential, sum and division. */
static void softmax_xent_rows(const struct fused *f, const struct fused_job *job, struct fused_thread *own)
{
    const int rows = job->batch->rows;
    own->result = (struct step_result){0};
    sum_logits(f, own, rows);
    shift_logits(f, job->batch, own);
    exponentiate(f, own, rows);
    own->result.loss_sum = loss_sum(own, rows);
    if (job->prob) copy_probabilities(f, job, own);
    if (job->train) logit_gradient(job, own);
}

#endif
