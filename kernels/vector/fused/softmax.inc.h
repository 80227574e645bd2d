/* SPDX-License-Identifier: MIT
 *
 * The fused step: softmax, cross-entropy and its gradient, for some of a batch's rows. */
#ifndef LB_FUSED_SOFTMAX_INC_H
#define LB_FUSED_SOFTMAX_INC_H

#include "../vec_math.inc.h"
#include "fused.inc.h"
#include "loss_scale.h"

/* Rows from..to-1, of which those before filled are images and the others pad the batch. */
struct row_range {
    int from, filled, to;
};

/* Lanes of vector v of a row of logits that are classes. */
static vm class_lanes(const struct fused *f, int v)
{
    const int lanes = f->plan.classes - v * VL;
    return vm_first(lanes < 0 ? 0 : lanes > VL ? VL : lanes);
}

/* What is known of the logits of rows row..end-1, all of one block: sums over nodes of the tree,
 * [rows][LOGITS] each, which together make the vectors before `next`. */
struct logit_sums {
    int row, end, next, count;
    const float *sum[MAX_NODE_LEVELS];
};

/* Adds the node of `vecs` vectors that begins at s->next; where it is the right one of a pair, the pair's
 * left one is the last that came before. */
static void add_node(const struct fused *f, const struct fused_thread *own, struct logit_sums *s, int vecs)
{
    int first = s->next;
    const float *sum = f->z + ((size_t)first * (size_t)f->rows_max + (size_t)s->row) * LOGITS;
    s->next += vecs;
    for (; (first & vecs) != 0; first -= vecs, vecs *= 2) {
        const float *left = s->sum[--s->count];
        float *both = own->node_sums + s->count * UNIT_ROWS * LOGITS;
        for (int i = 0; i < (s->end - s->row) * LOGITS; i += VL)
            vf_store(both + i, vf_add(vf_load(left + i), vf_load(sum + i)));
        sum = both;
    }
    s->sum[s->count++] = sum;
}

/* Logits of rows row..end-1 of one block: bias plus the sums over the tree's largest nodes, the first one
 * first; padding lanes are -inf. */
static void sum_logits_of_block(const struct fused *f, const struct fused_part *part, int row, int end)
{
    const struct fused_thread *own = part->own;
    const int block = row / UNIT_ROWS;
    struct logit_sums s = {.row = row, .end = end};
    for (int t = 0; t < part->threads; t++) {
        const struct portion *p = &own->portions[t];
        const int to = end_vec_at(p, block); /* the threads before have what comes before */
        while (s.next < to) add_node(f, own, &s, node_vecs(s.next, to));
    }
    for (int v = 0; v < LOGIT_VECS; v++) {
        const vm classes = class_lanes(f, v);
        for (int r = row; r < end; r++) {
            vf sum = vf_load(own->b2 + v * VL);
            for (int i = 0; i < s.count; i++)
                sum = vf_add(sum, vf_load(s.sum[i] + (r - row) * LOGITS + v * VL));
            vf_store(own->dz + r * LOGITS + v * VL, vf_select(classes, sum, vf_set1(-__builtin_inff())));
        }
    }
}

static void sum_logits(const struct fused *f, const struct fused_part *part, const struct row_range *rows)
{
    for (int row = rows->from, end; row < rows->filled; row = end) {
        end = (row / UNIT_ROWS + 1) * UNIT_ROWS;
        if (end > rows->filled) end = rows->filled;
        sum_logits_of_block(f, part, row, end);
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
static void shift_logits(const struct fused *f, const struct batch *b, const struct row_range *rows,
                         struct fused_thread *own)
{
    own->correct = 0;
    for (int row = rows->from; row < rows->filled; row++) {
        const int label = b->labels[b->index[row]];
        float *z = own->dz + row * LOGITS;
        const float max = largest(z);
        own->at_label[row] = z[label] - max;
        own->correct += first_largest(z, label, max);
        for (int v = 0; v < LOGIT_VECS; v++)
            vf_store(z + v * VL, vf_keep(class_lanes(f, v), vf_sub(vf_load(z + v * VL), vf_set1(max))));
    }
}

/* Probabilities from shifted logits; what they were divided by to own->sums. */
static void exponentiate(const struct fused *f, const struct row_range *rows, struct fused_thread *own)
{
    for (int i = rows->from * LOGITS; i < rows->filled * LOGITS; i += VL)
        vf_store(own->dz + i, vf_exp_normal(vf_load(own->dz + i)));
    for (int row = rows->from; row < rows->filled; row++) {
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

/* -log p[label] = log(sum) - shifted logit, row by row. */
static void row_losses(const struct row_range *rows, struct fused_thread *own)
{
    for (int row = rows->from; row < rows->filled; row += VL) {
        const int count = rows->filled - row < VL ? rows->filled - row : VL;
        const vf logs = vf_log(vf_load_first(own->sums + row, count));
        vf_store_first(own->loss + row, count, vf_sub(logs, vf_load_first(own->at_label + row, count)));
    }
}

/* From one_at + LOGITS - label on: LOGITS floats, 1 at label. */
static const float one_at[2 * LOGITS] = {[LOGITS] = 1.0f};

/* p - y, scaled by LOSS_SCALE / rows; 0 in the rows that pad the batch. */
static void logit_gradient(const struct batch *b, const struct row_range *rows, struct fused_thread *own)
{
    const vf scale = vf_set1(LOSS_SCALE / (float)b->rows);
    for (int row = rows->from; row < rows->filled; row++) {
        const float *hot = one_at + LOGITS - b->labels[b->index[row]];
        float *p = own->dz + row * LOGITS;
        for (int v = 0; v < LOGITS; v += VL)
            vf_store(p + v, vf_mul(vf_sub(vf_load(p + v), vf_load(hot + v)), scale));
    }
    for (int i = rows->filled * LOGITS; i < rows->to * LOGITS; i += VL) vf_store(own->dz + i, vf_zero());
}

static void copy_probabilities(const struct fused *f, float *prob, const struct row_range *rows,
                               const struct fused_thread *own)
{
    const size_t classes = (size_t)f->plan.classes;
    for (int row = rows->from; row < rows->filled; row++)
        memcpy(prob + (size_t)row * classes, own->dz + row * LOGITS, classes * sizeof(float));
}

/* Fills own->dz with the gradient (training), or job->prob (prediction), and the losses. In passes over the
 * rows: row by row, each would wait for its own chain of sum, maximum, exponential, sum and division. */
static void softmax_xent_rows(const struct fused *f, const struct fused_part *part)
{
    const struct fused_job *job = part->job;
    const struct batch *b = job->batch;
    struct fused_thread *own = part->own;
    struct row_range rows = {0, job->rows, job->rows};
    if (f->shares_softmax) {
        rows.from = share(job->rows, part->threads, part->t);
        rows.to = share(job->rows, part->threads, part->t + 1);
    }
    rows.filled = b->rows < rows.from ? rows.from : b->rows < rows.to ? b->rows : rows.to;
    sum_logits(f, part, &rows);
    shift_logits(f, b, &rows, own);
    exponentiate(f, &rows, own);
    row_losses(&rows, own);
    if (job->prob) copy_probabilities(f, job->prob, &rows, own);
    if (job->train) logit_gradient(b, &rows, own);
}

/* Losses in the order of the rows, whoever computed them. */
static struct step_result result_of(const struct fused *f, const struct fused_job *job)
{
    struct step_result r = {0};
    for (int row = 0; row < job->batch->rows; row++) r.loss_sum += (double)f->threads[0].loss[row];
    for (int t = 0; t < (f->shares_softmax ? f->team : 1); t++) r.correct += f->threads[t].correct;
    return r;
}

#endif
