/* SPDX-License-Identifier: MIT
 *
 * Memory of the fused step, and the way of parameters into and out of its panels. Included by fused_step.h.
 */
#ifndef LB_FUSED_STATE_H
#define LB_FUSED_STATE_H

/* Where element (row, unit) of a matrix kept as [J][rows][PANEL] lies. */
static size_t panel_at(int rows, int row, int unit)
{
    return ((size_t)(unit / PANEL) * (size_t)rows + (size_t)row) * PANEL + (size_t)(unit % PANEL);
}

/* plain <- packed, or packed <- plain. */
static void copy_float(float *packed, float *plain, bool in, float scale)
{
    if (in)
        *packed = *plain * scale;
    else
        *plain = *packed / scale;
}

/* Copies between the row-major tensors t and the panels, where they are `scale` times as large, a power of
 * two; in: row-major -> panels. */
static void copy_tensors(const struct fused *f, const struct tensors *t, struct tensors packed, float scale,
                         bool in)
{
    const struct plan *plan = &f->plan;
    for (int i = 0; i < plan->inputs; i++)
        for (int u = 0; u < plan->hidden; u++)
            copy_float(packed.w1 + panel_at(f->blocks * BLOCK, i, u),
                       t->w1 + (size_t)i * (size_t)plan->hidden + (size_t)u, in, scale);
    for (int u = 0; u < plan->hidden; u++) {
        copy_float(packed.b1 + u, t->b1 + u, in, scale);
        for (int c = 0; c < plan->classes; c++)
            copy_float(packed.w2 + panel_at(plan->classes, c, u),
                       t->w2 + (size_t)u * (size_t)plan->classes + (size_t)c, in, scale);
    }
    for (int c = 0; c < plan->classes; c++) copy_float(packed.b2 + c, t->b2 + c, in, scale);
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

/* One mapping for everything, so that huge pages can serve it: 2 MiB pages where the system gives them. */
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
    const size_t J = (size_t)f->panels, R = (size_t)f->rows_max, classes = (size_t)f->plan.classes;
    const size_t w1 = J * (size_t)f->blocks * BLOCK * PANEL;
    size_t used = 0;
    f->w1 = take(base, &used, w1);
    f->v1 = take(base, &used, w1);
    f->h = take(base, &used, J * R * PANEL);
    f->z = take(base, &used, J * R * LOGITS);
    f->b1 = take(base, &used, J * PANEL);
    f->vb1 = take(base, &used, J * PANEL);
    f->w2 = take(base, &used, J * classes * PANEL);
    f->v2 = take(base, &used, J * classes * PANEL);
    f->w2t = take(base, &used, J * PANEL * LOGITS);
    float *blank = take(base, &used, (size_t)f->plan.inputs / sizeof(float) + 1);
    if (base) f->blank = (uint8_t *)blank;
    for (int t = 0; t < f->plan.threads; t++) {
        struct fused_thread *own = &f->threads[t];
        float *x = take(base, &used, (size_t)f->blocks * (R + 1) * BLOCK);
        float *dz = take(base, &used, R * LOGITS), *dy = take(base, &used, R * PANEL);
        if (base) own->x = x, own->dz = dz, own->dy = dy;
    }
    return used * sizeof(float);
}

/* Each page is first written by the thread that will own it, so that it lies in that thread's NUMA node. */
static void first_touch(struct fused *f)
{
    const size_t w1 = (size_t)f->blocks * BLOCK * PANEL, h = (size_t)f->rows_max * PANEL;
#pragma omp parallel num_threads(f->plan.threads)
    {
        const int t = omp_get_thread_num(), threads = omp_get_num_threads();
        for (int j = share(f->panels, threads, t); j < share(f->panels, threads, t + 1); j++) {
            memset(f->w1 + (size_t)j * w1, 0, w1 * sizeof(float));
            memset(f->v1 + (size_t)j * w1, 0, w1 * sizeof(float));
            memset(f->h + (size_t)j * h, 0, h * sizeof(float));
        }
    }
}

static void fused_close(struct fused *f)
{
    if (!f) return;
    if (f->arena) munmap(f->arena, f->arena_bytes);
    free(f->threads);
    free(f);
}

/* NULL when out of memory. */
static struct fused *fused_open(const struct plan *plan)
{
    struct fused *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->plan = *plan;
    f->panels = (plan->hidden + PANEL - 1) / PANEL;
    f->blocks = (plan->inputs + BLOCK - 1) / BLOCK;
    f->rows_max = padded_rows(plan->batch);
    f->threads = aligned_alloc(128, (size_t)plan->threads * sizeof *f->threads);
    f->arena_bytes = (lay_out(f, NULL) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *arena = mmap(NULL, f->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena != MAP_FAILED) f->arena = arena;
    if (!f->threads || !f->arena) {
        fused_close(f);
        return NULL;
    }
    memset(f->threads, 0, (size_t)plan->threads * sizeof *f->threads);
    madvise(f->arena, f->arena_bytes, MADV_HUGEPAGE);
    lay_out(f, f->arena);
    first_touch(f);
    return f;
}

static const struct step_ops fused_ops = {
    .load = fused_load,
    .step = fused_train,
    .predict = fused_predict,
    .store = fused_store,
    .phases = phase_names,
    .phase_seconds = fused_phase_seconds,
    .clock_reads = fused_clock_reads,
};

#endif
