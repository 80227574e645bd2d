/* SPDX-License-Identifier: MIT
 *
 * Memory of the fused step; packing and unpacking of its parameters.
 */
#ifndef LB_FUSED_STORAGE_INC_H
#define LB_FUSED_STORAGE_INC_H

#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fused.inc.h"
#include "loss_scale.h"

/* plain <- packed, or packed <- plain, with +0 for -0: then no weight is ever -0, and a gradient of either
 * zero leaves it as it is. */
static void copy_floats(float *packed, float *plain, int n, float scale, bool in)
{
    for (int i = 0; in && i < n; i++) packed[i] = plain[i] * scale + 0.0f;
    for (int i = 0; !in && i < n; i++) plain[i] = packed[i] / scale;
}

/* One vector of hidden units. */
static void copy_vector(const struct fused *f, int vec, const struct tensors *t, struct tensors packed,
                        float scale, bool in)
{
    const struct plan *plan = &f->plan;
    const int from = vec * VL, units = plan->hidden - from < VL ? plan->hidden - from : VL;
    float *w1 = packed.w1 + (size_t)vec * w1_stride(f), *w2 = packed.w2 + (size_t)vec * w2_stride(f);
    copy_floats(packed.b1 + from, t->b1 + from, units, scale, in);
    for (int i = 0; i < plan->inputs; i++, w1 += VL)
        copy_floats(w1, t->w1 + (size_t)i * (size_t)plan->hidden + (size_t)from, units, scale, in);
    for (int c = 0; c < plan->classes; c++, w2 += VL)
        for (int u = 0; u < units; u++)
            copy_floats(w2 + u, t->w2 + (size_t)(from + u) * (size_t)plan->classes + (size_t)c, 1, scale, in);
}

/* Zeros, padding included: a model that held NaN has left it there, and 0 * NaN would bring it back. */
static void clear_parameters(struct fused *f)
{
    const size_t vecs = (size_t)f->vecs, units = vecs * VL;
    const size_t w1 = vecs * w1_stride(f) * sizeof(float), w2 = vecs * w2_stride(f) * sizeof(float);
    memset(f->w1, 0, w1);
    memset(f->v1, 0, w1);
    memset(f->b1, 0, units * sizeof(float));
    memset(f->vb1, 0, units * sizeof(float));
    memset(f->w2, 0, w2);
    memset(f->v2, 0, w2);
    memset(f->w2t, 0, units * LOGITS * sizeof(float));
    memset(f->threads[0].b2, 0, LOGITS * sizeof(float));
    memset(f->threads[0].vb2, 0, LOGITS * sizeof(float));
}

/* Copies between the row-major tensors t and the vectors, where they are `scale` times as large, a power of
 * two; in: row-major -> vectors. */
static void copy_tensors(const struct fused *f, const struct tensors *t, struct tensors packed, float scale,
                         bool in)
{
    for (int vec = 0; vec < f->vecs; vec++) copy_vector(f, vec, t, packed, scale, in);
    copy_floats(packed.b2, t->b2, f->plan.classes, scale, in);
}

/* Where the parameters and the running means of squares lie; b2 is the first thread's. */
static struct tensors packed_w(const struct fused *f)
{
    return (struct tensors){f->w1, f->b1, f->w2, f->threads[0].b2};
}

static struct tensors packed_v(const struct fused *f)
{
    return (struct tensors){f->v1, f->vb1, f->v2, f->threads[0].vb2};
}

static void fused_load(void *state, const struct model *m)
{
    struct fused *f = fused_of(state);
    const struct plan *plan = &f->plan;
    clear_parameters(f);
    copy_tensors(f, &m->w, packed_w(f), 1.0f, true);
    copy_tensors(f, &m->v, packed_v(f), V_SCALE, true);
    for (int u = 0; u < plan->hidden; u++)
        for (int c = 0; c < plan->classes; c++)
            f->w2t[(size_t)u * LOGITS + (size_t)c] = m->w.w2[(size_t)u * (size_t)plan->classes + (size_t)c];
    for (int t = 1; t < plan->threads && !f->shares_softmax; t++) {
        memcpy(f->threads[t].b2, f->threads[0].b2, LOGITS * sizeof(float));
        memcpy(f->threads[t].vb2, f->threads[0].vb2, LOGITS * sizeof(float));
    }
}

static void fused_store(void *state, struct model *m)
{
    const struct fused *f = fused_of(state);
    copy_tensors(f, &m->w, packed_w(f), 1.0f, false);
    copy_tensors(f, &m->v, packed_v(f), V_SCALE, false);
}

/* One mapping for all floats, so that huge pages can serve it: 2 MiB pages where the system gives them. */
enum { HUGE_PAGE = 2 << 20 };

/* Hands out the next `floats` floats at a cache line; with a NULL base it only measures. */
static float *take(float *base, size_t *used, size_t floats)
{
    float *at = base ? base + *used : NULL;
    *used += (floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
    return at;
}

/* Memory of one thread; what a team shares is the first one's. */
static void lay_out_thread(struct fused *f, int t, float *base, size_t *used)
{
    const size_t R = (size_t)f->rows_max;
    struct fused_thread *own = &f->threads[t];
    const struct fused_thread *first = &f->threads[0];
    const bool has_x = t == 0 || !f->shares_gather, has_dz = t == 0 || !f->shares_softmax;
    own->x = has_x ? take(base, used, (size_t)f->lines * (R + 1) * BLOCK) : first->x;
    own->dz = has_dz ? take(base, used, R * LOGITS) : first->dz;
    own->loss = has_dz ? take(base, used, R) : first->loss;
    own->b2 = has_dz ? take(base, used, LOGITS) : first->b2;
    own->vb2 = has_dz ? take(base, used, LOGITS) : first->vb2;
    own->dy = take(base, used, MAX_CHUNK_VECS * R * VL);
    own->sums = take(base, used, R);
    own->at_label = take(base, used, R);
    own->node_sums = take(base, used, MAX_NODE_LEVELS * UNIT_ROWS * LOGITS);
}

static size_t lay_out(struct fused *f, float *base)
{
    const size_t vecs = (size_t)f->vecs, units = vecs * VL, w2 = vecs * w2_stride(f);
    size_t used = 0;
    f->w1 = take(base, &used, vecs * w1_stride(f));
    f->v1 = take(base, &used, vecs * w1_stride(f));
    f->h = take(base, &used, vecs * h_stride(f));
    f->z = take(base, &used, vecs * (size_t)f->rows_max * LOGITS);
    f->b1 = take(base, &used, units);
    f->vb1 = take(base, &used, units);
    f->w2 = take(base, &used, w2);
    f->w2_next = take(base, &used, w2);
    f->v2 = take(base, &used, w2);
    f->w2t = take(base, &used, units * LOGITS);
    float *zero_image = take(base, &used, (size_t)f->plan.inputs / sizeof(float) + 1);
    if (base) f->zero_image = (uint8_t *)zero_image;
    for (int t = 0; t < f->plan.threads; t++) lay_out_thread(f, t, base, &used);
    return used * sizeof(float);
}

/* Zeros to the part of a tensor that belongs to units begin..end-1 of `blocks` a vector, `floats` floats a
 * vector. */
static void touch_units(float *tensor, const struct portion *p, int blocks, size_t floats)
{
    if (p->from == p->to) return;
    const size_t group = (size_t)p->group * floats;
    const size_t begin = (size_t)p->from * floats + group * (size_t)p->first / (size_t)blocks;
    const size_t end = (size_t)(p->to - p->group) * floats + group * (size_t)p->last / (size_t)blocks;
    memset(tensor + begin, 0, (end - begin) * sizeof(float));
}

/* Each page is first written by the thread that will own most of it, so that it lies in that thread's NUMA
 * node. Where a thread's part is smaller than a huge page, its neighbours' lie in the same one. */
static void first_touch(struct fused *f)
{
    const int images = blocks_of(f->rows_max), inputs = input_blocks(f);
#pragma omp parallel num_threads(f->plan.threads)
    {
        const int t = omp_get_thread_num(), threads = omp_get_num_threads();
        const struct portion forward = portion_of(f->vecs, images, threads, t);
        const struct portion backward = portion_of(f->vecs, inputs, threads, t);
        touch_units(f->w1, &backward, inputs, w1_stride(f));
        touch_units(f->v1, &backward, inputs, w1_stride(f));
        touch_units(f->h, &forward, images, h_stride(f));
    }
}

static void fused_close(struct fused *f)
{
    if (!f) return;
    if (f->arena) munmap(f->arena, f->arena_bytes);
    for (int t = 0; f->threads && t < f->plan.threads; t++) {
        free(f->threads[t].images);
        free(f->threads[t].portions);
    }
    free(f->threads);
    free(f);
}

/* What is no array of floats. */
static bool open_lists(struct fused *f)
{
    bool all = true;
    for (int t = 0; t < f->plan.threads; t++) {
        struct fused_thread *own = &f->threads[t];
        own->images = malloc((size_t)(f->rows_max + VL) * sizeof *own->images);
        own->portions = malloc((size_t)f->plan.threads * sizeof *own->portions);
        all = all && own->images && own->portions;
    }
    return all;
}

static void *aligned_zeros(size_t bytes)
{
    enum { ALIGNMENT = 128 };
    void *p = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return p ? memset(p, 0, bytes) : NULL;
}

/* NULL when out of memory. */
static struct fused *fused_open(const struct plan *plan)
{
    struct fused *f = aligned_zeros(sizeof *f);
    if (!f) return NULL;
    f->plan = *plan;
    f->vecs = (plan->hidden + VL - 1) / VL;
    f->lines = (plan->inputs + BLOCK - 1) / BLOCK;
    f->rows_max = padded_rows(plan->batch);
    f->shares_gather = plan->threads >= TEAM_SHARES_GATHER;
    f->shares_softmax = plan->threads >= TEAM_SHARES_SOFTMAX;
    f->is_crowded = plan->threads > omp_get_num_procs();
    f->threads = aligned_zeros((size_t)plan->threads * sizeof *f->threads);
    f->arena_bytes = f->threads ? (lay_out(f, NULL) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE : HUGE_PAGE;
    void *arena = mmap(NULL, f->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena != MAP_FAILED) f->arena = arena;
    if (f->threads && f->arena) lay_out(f, f->arena);
    if (!f->threads || !f->arena || !open_lists(f)) {
        fused_close(f);
        return NULL;
    }
    madvise(f->arena, f->arena_bytes, MADV_HUGEPAGE);
    first_touch(f);
    return f;
}

#endif
