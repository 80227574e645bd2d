/* SPDX-License-Identifier: MIT
 *
 * The fused step: softmax, cross-entropy and its gradient. Included by fused_step.h. */
#ifndef LB_FUSED_SOFTMAX_H
#define LB_FUSED_SOFTMAX_H

/* Logits of one row: bias plus the panels' shares, in the panels' order; padding lanes are -inf. */
ALWAYS_INLINE void sum_logits(const struct fused *f, const struct fused_thread *own, int row,
                              vf z[LOGIT_VECS])
{
    for (int v = 0; v < LOGIT_VECS; v++) {
        vf sum = vf_load(own->b2 + v * VL);
        for (int panel = 0; panel < f->panels; panel++)
            sum = vf_add(
                sum, vf_load(f->z + ((size_t)panel * (size_t)f->rows_max + (size_t)row) * LOGITS + v * VL));
        const int lanes = f->plan.classes - v * VL;
        z[v] = vf_select(vm_first(lanes < 0 ? 0 : lanes > VL ? VL : lanes), sum, vf_set1(-__builtin_inff()));
    }
}

static bool first_largest(const float *z, int label, float max)
{
    for (int j = 0; j < label; j++)
        if (z[j] == max) return false;
    return z[label] == max;
}

/* One row: probabilities to p, log-sum-exp parts to *sum and *gap (loss = log(sum) + gap). */
ALWAYS_INLINE void softmax_row(const vf z[LOGIT_VECS], float *p, float *sum, float *max)
{
    vf widest = z[0], e[LOGIT_VECS], total = vf_zero();
    for (int v = 1; v < LOGIT_VECS; v++) widest = vf_max(widest, z[v]);
    *max = vf_reduce_max(widest);
    for (int v = 0; v < LOGIT_VECS; v++) {
        e[v] = vf_exp(vf_sub(z[v], vf_set1(*max)));
        total = vf_add(total, e[v]);
    }
    *sum = vf_reduce_add(total);
    for (int v = 0; v < LOGIT_VECS; v++) vf_store(p + v * VL, vf_div(e[v], vf_set1(*sum)));
}

/* From one_at + LOGITS - label on: LOGITS floats, 1 at label. */
static const float one_at[2 * LOGITS] = {[LOGITS] = 1.0f};

/* Fills own->dz with p - y, scaled by LOSS_SCALE / rows (training), or job->prob (prediction, thread 0), and
 * the sums.
 */
static void softmax_xent_rows(const struct fused *f, const struct fused_job *job, struct fused_thread *own,
                              bool first)
{
    const struct batch *b = job->batch;
    const vf scale = vf_set1(LOSS_SCALE / (float)b->rows);
    float sums[VL], gaps[VL];
    own->result = (struct step_result){0};
    for (int row = 0; row < b->rows; row++) {
        const int label = b->labels[b->index[row]];
        float logits[LOGITS], *p = own->dz + (size_t)row * LOGITS, max;
        vf z[LOGIT_VECS];
        sum_logits(f, own, row, z);
        softmax_row(z, p, &sums[row % VL], &max);
        if (first) {
            for (int v = 0; v < LOGIT_VECS; v++) vf_store(logits + v * VL, z[v]);
            gaps[row % VL] = logits[label] - max;
            own->result.correct += first_largest(logits, label, max);
            if (job->prob)
                memcpy(job->prob + (size_t)row * (size_t)f->plan.classes, p,
                       (size_t)f->plan.classes * sizeof(float));
            if (row % VL == VL - 1 || row == b->rows - 1) {
                const int filled = row % VL + 1;
                vf_store_first(sums, filled, vf_log(vf_load_first(sums, filled)));
                for (int i = 0; i < filled; i++) own->result.loss_sum += (double)(sums[i] - gaps[i]);
            }
        }
        if (job->train)
            for (int v = 0; v < LOGIT_VECS; v++) {
                const vf hot = vf_load(one_at + LOGITS - label + v * VL);
                vf_store(p + v * VL, vf_mul(vf_sub(vf_load(p + v * VL), hot), scale));
            }
    }
    if (job->train && job->rows > b->rows)
        memset(own->dz + (size_t)b->rows * LOGITS, 0, (size_t)(job->rows - b->rows) * LOGITS * sizeof(float));
}

#endif
