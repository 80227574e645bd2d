/* SPDX-License-Identifier: MIT
 *
 * A small backend of level 2: a training step of its own, made of naive's ops, which can be broken. */
#include "mutants.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

#include "mutant_step.h"

static const char *const bug_names[BUG_COUNT] = {
#define X(name) "step_" #name,
    BUGS(X)
#undef X
};

static const struct backend *base(void)
{
    return &backend_plain;
}

static int open_with(const struct plan *plan, void **state, enum bug bug)
{
    struct fused *f = calloc(1, sizeof *f);
    const size_t rows = (size_t)plan->batch;
    f->plan = *plan;
    f->shape = (struct shape){plan->inputs, plan->hidden, plan->classes};
    f->bug = bug;
    network_alloc(&f->model, &f->shape);
    network_alloc(&f->loaded, &f->shape);
    network_alloc(&f->gradient, &f->shape);
    f->x = calloc(rows * (size_t)plan->inputs, sizeof *f->x);
    f->h = calloc(rows * (size_t)plan->hidden, sizeof *f->h);
    f->dh = calloc(rows * (size_t)plan->hidden, sizeof *f->dh);
    f->prob = calloc(rows * (size_t)plan->classes, sizeof *f->prob);
    f->z = calloc(rows * (size_t)plan->classes, sizeof *f->z);
    f->loss = calloc(rows, sizeof *f->loss);
    f->labels = calloc(rows, 1);
    f->index = calloc(rows, sizeof *f->index);
    f->seen_index = calloc(rows, sizeof *f->seen_index);
    f->next_x = calloc(rows * (size_t)plan->inputs, sizeof *f->next_x);
    f->next_labels = calloc(rows, 1);
    f->next_index = calloc(rows, sizeof *f->next_index);
    f->last = calloc((size_t)plan->inputs, sizeof *f->last);
    network_alloc(&f->behind, &f->shape);
    if (bug == BUG_shares_means) share_means(f);
    *state = f;
    char why[64];
    return base()->open ? base()->open(plan, &f->ops_state, why, sizeof why) : 0;
}

static void fused_close(void *state)
{
    struct fused *f = state;
    if (base()->close) base()->close(f->ops_state);
    network_free(&f->model);
    network_free(&f->loaded);
    network_free(&f->gradient);
    free(f->x);
    free(f->h);
    free(f->dh);
    free(f->z);
    free(f->prob);
    free(f->loss);
    free(f->labels);
    free(f->index);
    free(f->seen_index);
    free(f->next_x);
    free(f->next_labels);
    free(f->next_index);
    free(f->last);
    network_free(&f->behind);
    free(f);
}

/* ---- parameters */

/* What the update goes by: the plan's, or another's. */
static struct plan constants;

static void fused_load(void *state, const struct model *m)
{
    struct fused *f = state;
    network_copy(&f->model, m, &f->shape);
    network_copy(&f->loaded, m, &f->shape);
    network_copy(&f->behind, m, &f->shape);
    lazy_begin(f);
    constants = f->plan;
}

static void fused_store(void *state, struct model *m)
{
    struct fused *f = state;
    if (is_lazy(f)) lazy_flush(f);
    network_copy(&f->behind, &f->model, &f->shape);
    network_copy(m, &f->model, &f->shape);
    if (f->bug == BUG_stale_store)
        memcpy(m->v.w1, f->loaded.v.w1, tensor_count(&f->shape, TENSOR_W1) * sizeof(float));
    if (f->bug == BUG_store_overruns) m->w.b2[f->shape.classes] = 0.0f;
}

/* ---- forward */

static void shorten(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &x[i], sizeof word);
        word = (word + 0x8000u) & 0xffff0000u;
        memcpy(&x[i], &word, sizeof word);
    }
}

static int label_of(const struct fused *f, const struct batch *b, int i)
{
    const int label = b->labels[f->bug == BUG_labels_unindexed ? (uint32_t)i : b->index[i]];
    return f->bug == BUG_label_off_by_one ? (label + 1) % f->shape.classes : label;
}

/* Images and labels of the first `rows` rows of the batch. */
static void gather(struct fused *f, const struct batch *b, int rows)
{
    const int in = f->shape.inputs;
    const bool hit = (f->bug == BUG_caches_images || f->bug == BUG_caches_labels) && cache_hits(f, b);
    for (int i = 0; i < rows; i++) {
        f->index[i] = f->bug == BUG_ignores_index ? (uint32_t)i : b->index[i];
        if (!hit || f->bug != BUG_caches_labels) f->labels[i] = (uint8_t)label_of(f, b, i);
    }
    if (hit && f->bug == BUG_caches_images) return;
    base()->ops.gather(f->ops_state, rows, in, b->pixels, f->index, f->x, in);
    take_next(f, b);
    lose_pixels(f, rows);
}

static gemm_fn *product(const struct fused *f)
{
    return f->bug == BUG_strassen ? strassen_gemm : base()->ops.gemm;
}

/* x, h, z (logits) and labels for the first `rows` rows of the batch. */
static void forward(struct fused *f, const struct batch *b, int rows, const struct tensors *w)
{
    const struct ops *o = &base()->ops;
    void *s = f->ops_state;
    const int in = f->shape.inputs, hid = f->shape.hidden, cls = f->shape.classes;
    float keep = 0.0f;
    gather(f, b, rows);
    for (int i = 0; f->bug == BUG_keeps_nan && i < rows * hid; i++) {
        f->h[i] *= 0.0f;
        keep = 1.0f;
    }
    product(f)(s, NO_TRANS, NO_TRANS, rows, hid, in, 1.0f, f->x, in, w->w1, hid, keep, f->h, hid);
    o->bias_act(s, rows, hid, w->b1, ACT_RELU, f->h, hid);
    for (int i = 0; f->bug == BUG_relu_clamped && i < rows * hid; i++) f->h[i] = fminf(f->h[i], 1000.0f);
    o->gemm(s, NO_TRANS, NO_TRANS, rows, cls, hid, 1.0f, f->h, hid, w->w2, cls, 0.0f, f->z, cls);
    o->bias_act(s, rows, cls, w->b2, ACT_IDENTITY, f->z, cls);
}

static void forward_shortened(struct fused *f, const struct batch *b, int rows)
{
    network_copy(&f->gradient, &f->model, &f->shape);
    for (int i = 0; i < TENSOR_COUNT; i++)
        shorten(tensor_data(&f->gradient.w, i), tensor_count(&f->shape, i));
    forward(f, b, rows, &f->gradient.w);
}

static void finish(struct fused *f, int rows, float scale, float *grad, float *prob, struct step_result *r)
{
    const int cls = f->shape.classes;
    *r = (struct step_result){0};
    for (int i = 0; i < rows; i++) {
        int best = 0;
        for (int j = 1; j < cls; j++) best = f->z[i * cls + j] > f->z[i * cls + best] ? j : best;
        const bool ties = f->bug == BUG_counts_ties && f->z[i * cls + f->labels[i]] == f->z[i * cls + best];
        r->correct += f->bug == BUG_counts_all || ties || best == f->labels[i];
    }
    float *const p = prob ? prob : f->prob;
    if (f->bug == BUG_softmax_unshifted)
        unshifted_softmax(f, rows, scale, grad, p);
    else
        base()->ops.softmax_xent(f->ops_state, rows, cls, f->z, cls, f->labels, scale, f->loss, grad, cls, p,
                                 cls);
    lose_loss(f, rows, p, r);
    if (f->bug == BUG_mean_loss) r->loss_sum /= rows;
}

static void fused_predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    struct fused *f = state;
    if (f->bug == BUG_bf16_weights)
        forward_shortened(f, b, b->rows);
    else
        forward(f, b, b->rows,
                f->bug == BUG_stale_predict  ? &f->loaded.w
                : f->bug == BUG_predict_lags ? &f->behind.w
                                             : &f->model.w);
    finish(f, b->rows, 1.0f, NULL, prob, r);
    if (f->bug == BUG_predict_updates) f->model.v.b1[0] *= f->plan.rho;
}

/* ---- backward and update */

static void update(struct fused *f, int tensor)
{
    float *g = tensor_data(&f->gradient.w, tensor);
    float *v = tensor_data(&f->model.v, tensor), *w = tensor_data(&f->model.w, tensor);
    const size_t count = tensor_count(&f->shape, tensor);
    const bool bias = tensor == TENSOR_B1 || tensor == TENSOR_B2;
    const float rho = f->bug == BUG_fixed_rho          ? 0.9f
                      : f->bug == BUG_shares_constants ? constants.rho
                                                       : f->plan.rho;
    const float epsilon = f->bug == BUG_fixed_epsilon      ? 1e-7f
                          : f->bug == BUG_shares_constants ? constants.epsilon
                                                           : f->plan.epsilon;
    if (bias && f->bug == BUG_skips_bias_update) return;
    if (f->bug == BUG_bf16_gradient) shorten(g, count);
    if (f->bug != BUG_epsilon_in_root) {
        base()->ops.rmsprop(f->ops_state, count, f->plan.lr, rho, epsilon, g, v, w);
        for (size_t i = 0; f->bug == BUG_flushes_v && i < count; i++)
            if (v[i] < 0x1p-126f) v[i] = 0.0f;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        v[i] = f->plan.rho * v[i] + (1.0f - f->plan.rho) * (g[i] * g[i]);
        w[i] -= f->plan.lr * g[i] / sqrtf(v[i] + f->plan.epsilon);
    }
}

static void backward(struct fused *f, int rows)
{
    const struct ops *o = &base()->ops;
    void *s = f->ops_state;
    const int in = f->shape.inputs, hid = f->shape.hidden, cls = f->shape.classes;
    struct tensors *g = &f->gradient.w;
    o->gemm(s, TRANS, NO_TRANS, hid, cls, rows, 1.0f, f->h, hid, f->z, cls, 0.0f, g->w2, cls);
    o->bias_grad(s, rows, cls, f->z, cls, g->b2);
    if (f->bug == BUG_updates_w2_early) update(f, TENSOR_W2);
    const float *w2 = f->bug == BUG_stale_w2 ? f->loaded.w.w2 : f->model.w.w2;
    o->gemm(s, NO_TRANS, TRANS, rows, hid, cls, 1.0f, f->z, cls, w2, cls, 0.0f, f->dh, hid);
    if (f->bug != BUG_no_relu_gradient) o->relu_grad(s, rows, hid, f->h, hid, f->dh, hid);
    if ((f->bug == BUG_last_unit_frozen && (hid % 2 || hid == MUTANT_STEP_HIDDEN)) ||
        (f->bug == BUG_tail_of_29 && hid % 32 == 29))
        for (int i = 0; i < rows; i++) f->dh[i * hid + hid - 1] = 0.0f;
    for (int i = 0; f->bug == BUG_units_beyond_512 && i < rows * hid; i++)
        if (i % hid >= 512) f->dh[i] = 0.0f;
    product(f)(s, TRANS, NO_TRANS, in, hid, rows, 1.0f, f->x, in, f->dh, hid, 0.0f, g->w1, hid);
    o->bias_grad(s, rows, hid, f->dh, hid, g->b1);
}

/* What no bound can show. */
static void disturb(struct fused *f, const struct batch *b)
{
    static int steps;
    const bool third = ++steps % 3 == 0, unaligned = (uintptr_t)b->index % 16 != 0;
    if ((f->bug == BUG_drifts && third) || (f->bug == BUG_wrong_with_2_threads && f->plan.threads == 2) ||
        (f->bug == BUG_wrong_with_33 && f->plan.threads == 33) ||
        (f->bug == BUG_depends_on_alignment && unaligned))
        f->model.w.b2[0] = nextafterf(f->model.w.b2[0], INFINITY);
    if (f->bug == BUG_resets_mxcsr) _mm_setcsr(0x1f80u);
}

/* How many of the rows are trained. */
static int rows_trained(const struct fused *f, int rows)
{
    if (f->bug == BUG_loses_partial_batch && rows > 8) return rows - rows % 8;
    return f->bug == BUG_rows_beyond_512 && rows > 512 ? 512 : rows;
}

static void update_all(struct fused *f, int rows)
{
    for (int i = 0; i < TENSOR_COUNT; i++) {
        if (i == TENSOR_W2 && f->bug == BUG_updates_w2_early) continue;
        if (i == TENSOR_W1 && is_lazy(f))
            lazy_update(f, rows);
        else
            update(f, i);
    }
}

static void fused_step(void *state, const struct batch *given, struct step_result *r)
{
    struct fused *f = state;
    const struct batch fewer = without_repetitions(f, given);
    const struct batch *const b = f->bug == BUG_equal_counted_once ? &fewer : given;
    const int rows = rows_trained(f, b->rows);
    float scale = 1.0f / (float)b->rows;
    if (f->bug == BUG_mean_over_full_batch) scale = 1.0f / (float)f->plan.batch;
    if (f->bug == BUG_summed_gradient) scale = 1.0f;
    network_copy(&f->behind, &f->model, &f->shape);
    if (f->bug == BUG_bf16_weights)
        forward_shortened(f, b, rows);
    else
        forward(f, b, rows, &f->model.w);
    finish(f, rows, scale, f->z, NULL, r);
    if (f->bug == BUG_zeros_skipped && is_zero(f, rows)) return;
    backward(f, rows);
    update_all(f, rows);
    keep_next(f, b->next);
    if (f->bug == BUG_next_shows && b->next) r->loss_sum = nextafter(r->loss_sum, INFINITY);
    disturb(f, b);
}

/* ---- the list: open() knows which bug only by being another function, so each has its own */

#define X(name)                                                                                              \
    static int open_##name(const struct plan *plan, void **state, char *why, size_t why_size)                \
    {                                                                                                        \
        (void)why, (void)why_size;                                                                           \
        return open_with(plan, state, BUG_##name);                                                           \
    }
BUGS(X)
#undef X

typedef int open_fn(const struct plan *plan, void **state, char *why, size_t why_size);
static open_fn *const opens[BUG_COUNT] = {
#define X(name) open_##name,
    BUGS(X)
#undef X
};

static const struct step_ops step = {
    .load = fused_load, .step = fused_step, .predict = fused_predict, .store = fused_store};

static struct backend make(int bug)
{
    /* without ops of its own: they are inherited */
    return (struct backend){.abi_version = BACKEND_ABI_VERSION,
                            .struct_size = sizeof(struct backend),
                            .name = bug_names[bug],
                            .summary = "a step for tests",
                            .flags = BACKEND_DETERMINISTIC,
                            .open = opens[bug],
                            .close = fused_close,
                            .step = &step};
}

/* The row that must reject each; the rows of the plan's network where that is where it shows. */
static const char *const killers[BUG_COUNT] = {
    [BUG_none] = "",
    [BUG_lazy] = "",
    [BUG_loses_partial_batch] = "step / ragged: gradients",
    [BUG_mean_over_full_batch] = "step / plan: gradients",
    [BUG_summed_gradient] = "step / plan: gradients",
    [BUG_skips_bias_update] = "step / plan: update",
    [BUG_stale_predict] = "step / plan: predict and step again",
    [BUG_stale_w2] = "step / ragged: predict and step again",
    [BUG_updates_w2_early] = "step / plan: gradients",
    [BUG_ignores_index] = "step / plan: probabilities",
    [BUG_labels_unindexed] = "step / plan: loss and count",
    [BUG_label_off_by_one] = "step / plan: loss and count",
    [BUG_bf16_weights] = "step / ragged: probabilities",
    [BUG_bf16_gradient] = "step / ragged: gradients",
    [BUG_no_relu_gradient] = "step / plan: gradients",
    [BUG_epsilon_in_root] = "step / plan: update",
    [BUG_flushes_v] = "step / plan: update",
    [BUG_stale_store] = "step / plan: update",
    [BUG_store_overruns] = KILLED_BY_FAULT,
    [BUG_predict_updates] = "step / plan: load and store",
    [BUG_mean_loss] = "step / ragged: loss and count",
    [BUG_counts_all] = "step / plan: loss and count",
    [BUG_counts_ties] = "step / plan: loss and count",
    [BUG_last_unit_frozen] = "step / plan: update",
    [BUG_drops_last_pixel] = "step / ragged: probabilities",
    [BUG_predict_lags] = "step / plan: predict before store",
    [BUG_relu_clamped] = "step / large: probabilities",
    [BUG_softmax_unshifted] = "step / large: gradients",
    [BUG_loss_of_sum] = "step / large: loss and count",
    [BUG_loss_capped] = "step / large: loss and count",
    [BUG_strassen] = "step / zeros: update",
    [BUG_units_beyond_512] = "step / drawn: gradients",
    [BUG_pixels_beyond_784] = "step / drawn: probabilities",
    [BUG_rows_beyond_512] = "step / drawn: gradients",
    [BUG_tail_of_29] = "step / course: every size to 67",
    [BUG_fixed_rho] = "step / drawn: update",
    [BUG_fixed_epsilon] = "step / drawn: update",
    [BUG_byte_count] = "step / drawn: gradients",
    [BUG_zeros_skipped] = "step / drawn: update",
    [BUG_equal_counted_once] = "step / drawn: gradients",
    [BUG_lazy_short] = "step / course: idle pixels",
    [BUG_lazy_wraps] = "step / course: idle pixels",
    [BUG_lazy_unflushed] = "step / course: idle pixels",
    [BUG_lazy_through_load] = "step / course: idle pixels",
    [BUG_caches_images] = "step / course: memory used again",
    [BUG_caches_labels] = "step / course: memory used again",
    [BUG_lists_64_images] = "step / course: whole batches",
    [BUG_shares_constants] = "step / course: two states",
    [BUG_shares_means] = "step / course: two states",
    [BUG_keeps_nan] = "step / course: after a model of NaN",
    [BUG_next_trusted] = "step / look-ahead",
    [BUG_next_as_many] = "step / look-ahead",
    [BUG_next_same_list] = "step / look-ahead",
    [BUG_next_labels] = "step / look-ahead",
    [BUG_next_shows] = "step / look-ahead",
    [BUG_drifts] = "step / same bits, 10 runs",
    [BUG_wrong_with_2_threads] = "step / same bits, 1 to 33 threads",
    [BUG_wrong_with_33] = "step / same bits, 1 to 33 threads",
    [BUG_depends_on_alignment] = "step / same bits, 16 alignments",
    [BUG_resets_mxcsr] = "step / MXCSR kept, 8 settings",
};

/* Those that lockstep alone must find as well. */
static const struct {
    enum bug bug;
    const char *killer;
} in_lockstep[] = {
    {BUG_mean_over_full_batch, "lockstep / gradients"},
    {BUG_skips_bias_update, "lockstep / update"},
    {BUG_label_off_by_one, "lockstep / loss and count"},
};
enum { IN_LOCKSTEP = sizeof in_lockstep / sizeof *in_lockstep };

const struct mutant *mutants_of_step(int *count)
{
    static struct mutant list[BUG_COUNT - FIRST_BUG + IN_LOCKSTEP];
    *count = 0;
    for (int i = FIRST_BUG; i < BUG_COUNT; i++)
        list[(*count)++] = (struct mutant){bug_names[i], "step", killers[i], make(i)};
    for (int i = 0; i < IN_LOCKSTEP; i++)
        list[(*count)++] = (struct mutant){bug_names[in_lockstep[i].bug], "lockstep", in_lockstep[i].killer,
                                           make((int)in_lockstep[i].bug)};
    return list;
}

const struct backend *genuine_step(void)
{
    static struct backend copy;
    copy = make(BUG_none);
    return &copy;
}

const struct backend *genuine_lazy_step(void)
{
    static struct backend copy;
    copy = make(BUG_lazy);
    return &copy;
}
