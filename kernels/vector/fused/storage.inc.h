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

/* plain <- packed, or packed <- plain. */
static void copy_floats(float *packed, float *plain, int n, float scale, bool in)
{
    for (int i = 0; in && i < n; i++) packed[i] = plain[i] * scale;
    for (int i = 0; !in && i < n; i++) plain[i] = packed[i] / scale;
}

static void copy_panel(const struct fused *f, int panel, const struct tensors *t, struct tensors packed,
                       float scale, bool in)
{
    const struct plan *plan = &f->plan;
    const int from = first_unit(f, panel), width = panel_vecs(f, panel) * VL;
    const int units = plan->hidden - from < width ? plan->hidden - from : width;
    float *w1 = packed.w1 + panel_at(f, panel, f->blocks * BLOCK);
    float *w2 = packed.w2 + panel_at(f, panel, plan->classes);
    copy_floats(packed.b1 + from, t->b1 + from, units, scale, in);
    for (int i = 0; i < plan->inputs; i++, w1 += width)
        copy_floats(w1, t->w1 + (size_t)i * (size_t)plan->hidden + (size_t)from, units, scale, in);
    for (int c = 0; c < plan->classes; c++, w2 += width)
        for (int u = 0; u < units; u++)
            copy_floats(w2 + u, t->w2 + (size_t)(from + u) * (size_t)plan->classes + (size_t)c, 1, scale, in);
}

/* Zeros, padding included: a model that held NaN has left it there, and 0 * NaN would bring it back. */
static void clear_parameters(struct fused *f)
{
    const size_t units = (size_t)f->vecs * VL, classes = (size_t)f->plan.classes;
    const size_t w1 = units * (size_t)f->blocks * BLOCK * sizeof(float);
    memset(f->w1, 0, w1);
    memset(f->v1, 0, w1);
    memset(f->b1, 0, units * sizeof(float));
    memset(f->vb1, 0, units * sizeof(float));
    memset(f->w2, 0, units * classes * sizeof(float));
    memset(f->v2, 0, units * classes * sizeof(float));
    memset(f->w2t, 0, units * LOGITS * sizeof(float));
    memset(f->threads[0].b2, 0, sizeof f->threads[0].b2);
    memset(f->threads[0].vb2, 0, sizeof f->threads[0].vb2);
}

/* Copies between the row-major tensors t and the panels, where they are `scale` times as large, a power of
 * two; in: row-major -> panels. */
static void copy_tensors(const struct fused *f, const struct tensors *t, struct tensors packed, float scale,
                         bool in)
{
    for (int panel = 0; panel < f->panels; panel++) copy_panel(f, panel, t, packed, scale, in);
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
    for (int t = 1; t < plan->threads; t++) {
        memcpy(f->threads[t].b2, f->threads[0].b2, sizeof f->threads[t].b2);
        memcpy(f->threads[t].vb2, f->threads[0].vb2, sizeof f->threads[t].vb2);
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

static size_t lay_out(struct fused *f, float *base)
{
    const size_t R = (size_t)f->rows_max, units = (size_t)f->vecs * VL;
    const size_t w1 = units * (size_t)f->blocks * BLOCK, w2 = units * (size_t)f->plan.classes;
    size_t used = 0;
    f->w1 = take(base, &used, w1);
    f->v1 = take(base, &used, w1);
    f->h = take(base, &used, units * R);
    f->z = take(base, &used, (size_t)f->panels * R * LOGITS);
    f->b1 = take(base, &used, units);
    f->vb1 = take(base, &used, units);
    f->w2 = take(base, &used, w2);
    f->v2 = take(base, &used, w2);
    f->w2t = take(base, &used, units * LOGITS);
    float *zero_image = take(base, &used, (size_t)f->plan.inputs / sizeof(float) + 1);
    if (base) f->zero_image = (uint8_t *)zero_image;
    for (int t = 0; t < f->plan.threads; t++) {
        struct fused_thread *own = &f->threads[t];
        float *x = take(base, &used, (size_t)f->blocks * (R + 1) * BLOCK);
        float *dz = take(base, &used, R * LOGITS), *dy = take(base, &used, R * WIDEST_PANEL);
        float *sums = take(base, &used, R), *at_label = take(base, &used, R);
        if (base) own->x = x, own->dz = dz, own->dy = dy, own->sums = sums, own->at_label = at_label;
    }
    return used * sizeof(float);
}

/* Each page is first written by the thread that will own it, so that it lies in that thread's NUMA node. */
static void first_touch(struct fused *f)
{
    const size_t w1 = (size_t)f->blocks * BLOCK, h = (size_t)f->rows_max; /* floats a unit */
#pragma omp parallel num_threads(f->plan.threads)
    {
        const int t = omp_get_thread_num(), threads = omp_get_num_threads();
        const size_t from = (size_t)first_unit(f, share(f->panels, threads, t));
        const size_t units = (size_t)first_unit(f, share(f->panels, threads, t + 1)) - from;
        memset(f->w1 + from * w1, 0, units * w1 * sizeof(float));
        memset(f->v1 + from * w1, 0, units * w1 * sizeof(float));
        memset(f->h + from * h, 0, units * h * sizeof(float));
    }
}

static void fused_close(struct fused *f)
{
    if (!f) return;
    if (f->arena) munmap(f->arena, f->arena_bytes);
    if (f->threads)
        for (int t = 0; t < f->plan.threads; t++) free(f->threads[t].images);
    free(f->threads);
    free(f);
}

static bool open_image_lists(struct fused *f)
{
    bool all = true;
    for (int t = 0; t < f->plan.threads; t++) {
        f->threads[t].images = malloc((size_t)f->rows_max * sizeof *f->threads[t].images);
        all = all && f->threads[t].images;
    }
    return all;
}

/* As few panels as will do, but an even number, for two threads are the least of a team; their widths are as
 * equal as can be. Units beyond plan.hidden that fill the last vector or make panels wide enough are padding.
 */
static void cut_into_panels(struct fused *f)
{
    const int vecs = (f->plan.hidden + VL - 1) / VL;
    f->panels = (vecs + MAX_PANEL_VECS - 1) / MAX_PANEL_VECS;
    f->panels += f->panels % 2;
    f->vecs = f->panels * MIN_PANEL_VECS > vecs ? f->panels * MIN_PANEL_VECS : vecs;
}

/* NULL when out of memory. */
static struct fused *fused_open(const struct plan *plan)
{
    struct fused *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->plan = *plan;
    cut_into_panels(f);
    f->blocks = (plan->inputs + BLOCK - 1) / BLOCK;
    f->rows_max = padded_rows(plan->batch);
    f->threads = aligned_alloc(128, (size_t)plan->threads * sizeof *f->threads);
    f->arena_bytes = (lay_out(f, NULL) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *arena = mmap(NULL, f->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena != MAP_FAILED) f->arena = arena;
    if (f->threads) memset(f->threads, 0, (size_t)plan->threads * sizeof *f->threads);
    if (!f->threads || !f->arena || !open_image_lists(f)) {
        fused_close(f);
        return NULL;
    }
    madvise(f->arena, f->arena_bytes, MADV_HUGEPAGE);
    lay_out(f, f->arena);
    first_touch(f);
    return f;
}

#endif
