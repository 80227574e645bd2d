/* SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "train/step_parts.h"

/* The lines of the composed step, in the order in which it first needs them. */
enum line {
    LINE_GATHER,
    LINE_FORWARD1,
    LINE_FORWARD2,
    LINE_BIAS_ACT,
    LINE_SOFTMAX_XENT,
    LINE_DW2,
    LINE_DH,
    LINE_RELU_GRAD,
    LINE_DW1,
    LINE_BIAS_GRAD,
    LINE_RMSPROP,
    LINE_COUNT,
};
_Static_assert((int)LINE_COUNT <= (int)TRAINER_MAX_OP_TIMES, "every line of the composed step has its place");

static const struct {
    const char *name;
    enum op_id op;
    int calls_per_step;
} lines[LINE_COUNT] = {
    [LINE_GATHER] = {"gather", OP_gather, 1},
    [LINE_FORWARD1] = {"gemm forward1", OP_gemm, 1},
    [LINE_FORWARD2] = {"gemm forward2", OP_gemm, 1},
    [LINE_BIAS_ACT] = {"bias_act", OP_bias_act, 2},
    [LINE_SOFTMAX_XENT] = {"softmax_xent", OP_softmax_xent, 1},
    [LINE_DW2] = {"gemm dw2", OP_gemm, 1},
    [LINE_DH] = {"gemm dh", OP_gemm, 1},
    [LINE_RELU_GRAD] = {"relu_grad", OP_relu_grad, 1},
    [LINE_DW1] = {"gemm dw1", OP_gemm, 1},
    [LINE_BIAS_GRAD] = {"bias_grad", OP_bias_grad, 2},
    [LINE_RMSPROP] = {"rmsprop", OP_rmsprop, TENSOR_COUNT},
};

struct line_time {
    uint64_t calls;
    double seconds, flop;
};

/* What the composed step works on; all matrices dense, rows <= plan.batch. */
struct composed {
    struct model model;
    struct model gradient; /* .w holds the gradients; .v is not used */
    float *x;              /* rows x inputs */
    float *h, *dh;         /* rows x hidden */
    float *z;              /* rows x classes: logits, then their gradient */
    float *loss;           /* rows */
    uint8_t *labels;       /* rows, in the batch's order */
    struct line_time times[LINE_COUNT];
    double mark; /* when the op under way began */
    uint64_t clock_reads;
    bool skip; /* plan.skip_phases: no clock is read */
};

struct trainer {
    struct contender *contender;
    struct shape shape;
    struct composed *composed; /* NULL: the backend's own step */
    const struct step_ops *fused;
    int phase_count;
    double *phase_now, *phase_base; /* phase_seconds' last answer; what is not training's */
    struct line_time whole;         /* of a step that is one line */
    double rows;                    /* trained by the fused step, or by one that is one line */
    uint64_t reads_base;            /* of the backend's clock readings, what is not training's */
};

/* ---- The step composed from ops of level 1 ---- */

static void composed_free(struct composed *s)
{
    if (!s) return;
    network_free(&s->model);
    network_free(&s->gradient);
    free(s->x);
    free(s->h);
    free(s->dh);
    free(s->z);
    free(s->loss);
    free(s->labels);
    free(s);
}

static struct composed *composed_new(const struct plan *plan, const struct shape *shape)
{
    const size_t rows = (size_t)plan->batch;
    struct composed *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->skip = plan->skip_phases != 0;
    network_alloc(&s->model, shape);
    network_alloc(&s->gradient, shape);
    s->x = memory_floats(rows * (size_t)shape->inputs);
    s->h = memory_floats(rows * (size_t)shape->hidden);
    s->dh = memory_floats(rows * (size_t)shape->hidden);
    s->z = memory_floats(rows * (size_t)shape->classes);
    s->loss = memory_floats(rows);
    s->labels = memory_zeroed(rows, 1);
    if (s->model.w.w1 && s->gradient.w.w1 && s->x && s->h && s->dh && s->z && s->loss && s->labels) return s;
    composed_free(s);
    return NULL;
}

/* Ends a timed stretch: what passed since the last mark belongs to this line. */
static void lap(struct composed *s, enum line line, double flop)
{
    if (s->skip) return;
    const double now = clock_seconds();
    s->clock_reads++;
    s->times[line].calls++;
    s->times[line].seconds += now - s->mark;
    s->times[line].flop += flop;
    s->mark = now;
}

/* Begins a timed stretch, after work that belongs to no op. */
static void mark(struct composed *s)
{
    if (s->skip) return;
    s->clock_reads++;
    s->mark = clock_seconds();
}

/* x[rows x inputs] -> h[rows x hidden] -> z[rows x classes], logits. */
static void forward(struct trainer *t, const struct batch *b)
{
    struct composed *s = t->composed;
    const struct contender *c = t->contender;
    const struct tensors *w = &s->model.w;
    const int rows = b->rows, in = t->shape.inputs, hid = t->shape.hidden, cls = t->shape.classes;

    mark(s);
    CONTENDER_CALL(c, gather, rows, in, b->pixels, b->index, s->x, in);
    lap(s, LINE_GATHER, 0.0);
    CONTENDER_CALL(c, gemm, NO_TRANS, NO_TRANS, rows, hid, in, 1.0f, s->x, in, w->w1, hid, 0.0f, s->h, hid);
    lap(s, LINE_FORWARD1, 2.0 * rows * in * hid);
    CONTENDER_CALL(c, bias_act, rows, hid, w->b1, ACT_RELU, s->h, hid);
    lap(s, LINE_BIAS_ACT, 0.0);
    CONTENDER_CALL(c, gemm, NO_TRANS, NO_TRANS, rows, cls, hid, 1.0f, s->h, hid, w->w2, cls, 0.0f, s->z, cls);
    lap(s, LINE_FORWARD2, 2.0 * rows * hid * cls);
    CONTENDER_CALL(c, bias_act, rows, cls, w->b2, ACT_IDENTITY, s->z, cls);
    lap(s, LINE_BIAS_ACT, 0.0);
}

int predicted_class(const float *row, int classes)
{
    int best = 0;
    for (int j = 0; j < classes; j++) {
        if (isnan(row[j])) return -1;
        if (row[j] > row[best]) best = j;
    }
    return best;
}

/* From the logits in z: loss and hits of the batch, and, where wanted, the mean loss' gradient (over z) and
 * the probabilities. */
static void output(struct trainer *t, const struct batch *b, bool gradient, float *prob,
                   struct step_result *r)
{
    struct composed *s = t->composed;
    const int rows = b->rows, cls = t->shape.classes;
    r->loss_sum = 0.0;
    r->correct = 0;
    for (int i = 0; i < rows; i++) {
        s->labels[i] = b->labels[b->index[i]];
        r->correct += predicted_class(s->z + (size_t)i * (size_t)cls, cls) == s->labels[i];
    }
    mark(s);
    CONTENDER_CALL(t->contender, softmax_xent, rows, cls, s->z, cls, s->labels, 1.0f / (float)rows, s->loss,
                   gradient ? s->z : NULL, cls, prob, cls);
    lap(s, LINE_SOFTMAX_XENT, 0.0);
    for (int i = 0; i < rows; i++) r->loss_sum += (double)s->loss[i];
}

/* From dZ in z: the gradients of all four tensors. */
static void backward(struct trainer *t, int rows)
{
    struct composed *s = t->composed;
    const struct contender *c = t->contender;
    const struct tensors *w = &s->model.w, *g = &s->gradient.w;
    const int in = t->shape.inputs, hid = t->shape.hidden, cls = t->shape.classes;

    mark(s);
    CONTENDER_CALL(c, gemm, TRANS, NO_TRANS, hid, cls, rows, 1.0f, s->h, hid, s->z, cls, 0.0f, g->w2, cls);
    lap(s, LINE_DW2, 2.0 * rows * hid * cls);
    CONTENDER_CALL(c, bias_grad, rows, cls, s->z, cls, g->b2);
    lap(s, LINE_BIAS_GRAD, 0.0);
    CONTENDER_CALL(c, gemm, NO_TRANS, TRANS, rows, hid, cls, 1.0f, s->z, cls, w->w2, cls, 0.0f, s->dh, hid);
    lap(s, LINE_DH, 2.0 * rows * hid * cls);
    CONTENDER_CALL(c, relu_grad, rows, hid, s->h, hid, s->dh, hid);
    lap(s, LINE_RELU_GRAD, 0.0);
    CONTENDER_CALL(c, gemm, TRANS, NO_TRANS, in, hid, rows, 1.0f, s->x, in, s->dh, hid, 0.0f, g->w1, hid);
    lap(s, LINE_DW1, 2.0 * rows * in * hid);
    CONTENDER_CALL(c, bias_grad, rows, hid, s->dh, hid, g->b1);
    lap(s, LINE_BIAS_GRAD, 0.0);
}

static void update(struct trainer *t)
{
    struct composed *s = t->composed;
    const struct plan *p = &t->contender->plan;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        CONTENDER_CALL(t->contender, rmsprop, tensor_count(&t->shape, i), p->lr, p->rho, p->epsilon,
                       tensor_data(&s->gradient.w, i), tensor_data(&s->model.v, i),
                       tensor_data(&s->model.w, i));
        lap(s, LINE_RMSPROP, 0.0);
    }
}

static void composed_step(struct trainer *t, const struct batch *b, struct step_result *r)
{
    forward(t, b);
    output(t, b, true, NULL, r);
    backward(t, b->rows);
    update(t);
}

static void composed_predict(struct trainer *t, const struct batch *b, float *prob, struct step_result *r)
{
    struct line_time before[LINE_COUNT];
    const uint64_t reads = t->composed->clock_reads;
    memcpy(before, t->composed->times, sizeof before);
    forward(t, b);
    output(t, b, false, prob, r);
    memcpy(t->composed->times, before, sizeof before);
    t->composed->clock_reads = reads;
}

/* ---- The backend's own step ---- */

/* seconds[phase_count] = what the backend has counted since its open(). */
static void read_phases(const struct trainer *t, double *seconds)
{
    if (!t->phase_count) return;
    memset(seconds, 0, (size_t)t->phase_count * sizeof *seconds);
    t->fused->phase_seconds(t->contender->state, seconds);
}

/* What the backend has counted of its clock readings. */
static uint64_t backend_clock_reads(const struct trainer *t)
{
    if (!t->phase_count || !t->fused->clock_reads) return 0;
    return t->fused->clock_reads(t->contender->state);
}

/* From here on, phases count as training's. */
static bool open_phases(struct trainer *t)
{
    const struct step_ops *f = t->fused;
    if (!f->phases || !f->phase_seconds || t->contender->plan.skip_phases) return true;
    while (f->phases[t->phase_count]) t->phase_count++;
    t->phase_now = memory_zeroed((size_t)t->phase_count, sizeof(double));
    t->phase_base = memory_zeroed((size_t)t->phase_count, sizeof(double));
    if (!t->phase_now || !t->phase_base) return false;
    read_phases(t, t->phase_base);
    t->reads_base = backend_clock_reads(t);
    return true;
}

static void fused_step(struct trainer *t, const struct batch *b, struct step_result *r)
{
    contender_enter(TRACE_STEP);
    t->fused->step(t->contender->state, b, r);
    contender_leave();
}

/* A backend may count its forward pass alike in training and prediction: what prediction adds is taken out.
 */
static void fused_predict(struct trainer *t, const struct batch *b, float *prob, struct step_result *r)
{
    const uint64_t reads = backend_clock_reads(t);
    read_phases(t, t->phase_now);
    for (int i = 0; i < t->phase_count; i++) t->phase_base[i] -= t->phase_now[i];
    contender_enter(TRACE_PREDICT);
    t->fused->predict(t->contender->state, b, prob, r);
    contender_leave();
    read_phases(t, t->phase_now);
    for (int i = 0; i < t->phase_count; i++) t->phase_base[i] += t->phase_now[i];
    t->reads_base += backend_clock_reads(t) - reads;
}

/* For one row; see trainer.h. For a step that skips products with zero pixels, it is not known how many it
 * did in which phase. */
static double phase_flop(const struct trainer *t, const char *name)
{
    const struct step_part *part = step_part_find(name);
    if (!part || !part->is_phase || (t->fused->flop_done && step_part_reads_images(part))) return 0.0;
    return step_part_flop(part, &t->shape);
}

double trainer_flop_done(const struct trainer *t)
{
    return t->fused && t->fused->flop_done ? t->fused->flop_done(t->contender->state) : -1.0;
}

/* The whole step as one line. */
static int whole_time(const struct trainer *t, struct op_time *times)
{
    const double done = trainer_flop_done(t), all = network_train_flop(&t->shape, t->rows);
    times[0] = (struct op_time){"step", false, t->whole.calls, t->whole.seconds, done < 0.0 ? all : done, 1};
    return 1;
}

static int fused_times(const struct trainer *t, struct op_time *times)
{
    if (!t->phase_count) return whole_time(t, times);
    read_phases(t, t->phase_now);
    const int last = TRAINER_MAX_OP_TIMES - 1;
    int count = 0;
    for (int i = 0; i < t->phase_count; i++) {
        const double seconds = t->phase_now[i] - t->phase_base[i];
        const double flop = t->rows * phase_flop(t, t->fused->phases[i]);
        if (i <= last) {
            times[count++] = (struct op_time){t->fused->phases[i], false, t->whole.calls, seconds, flop, 1};
        } else { /* more phases than lines: the rest share the last one, so that no time is lost */
            times[last].name = "further phases";
            times[last].seconds += seconds;
            times[last].flop += flop;
        }
    }
    return count;
}

/* ---- Both ---- */

struct trainer *trainer_new(struct contender *c, bool composed)
{
    struct trainer *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->contender = c;
    t->shape = (struct shape){c->plan.inputs, c->plan.hidden, c->plan.classes};
    t->fused = composed ? NULL : c->backend->step;
    if (!t->fused) t->composed = composed_new(&c->plan, &t->shape);
    if (t->fused ? open_phases(t) : t->composed != NULL) return t;
    trainer_free(t);
    return NULL;
}

void trainer_free(struct trainer *t)
{
    if (!t) return;
    composed_free(t->composed);
    free(t->phase_now);
    free(t->phase_base);
    free(t);
}

bool trainer_is_fused(const struct trainer *t)
{
    return t->fused != NULL;
}

void trainer_load(struct trainer *t, const struct model *m)
{
    if (!t->fused) {
        network_copy(&t->composed->model, m, &t->shape);
        return;
    }
    contender_enter(TRACE_LOAD);
    t->fused->load(t->contender->state, m);
    contender_leave();
}

void trainer_store(struct trainer *t, struct model *m)
{
    if (!t->fused) {
        network_copy(m, &t->composed->model, &t->shape);
        return;
    }
    contender_enter(TRACE_STORE);
    t->fused->store(t->contender->state, m);
    contender_leave();
}

void trainer_step(struct trainer *t, const struct batch *b, struct step_result *r)
{
    const bool is_one_line = t->fused ? !t->phase_count : t->composed->skip;
    const double start = is_one_line ? clock_seconds() : 0.0;
    if (t->fused)
        fused_step(t, b, r);
    else
        composed_step(t, b, r);
    if (is_one_line) t->whole.seconds += clock_seconds() - start;
    t->whole.calls++;
    t->rows += b->rows;
}

void trainer_predict(struct trainer *t, const struct batch *b, float *prob, struct step_result *r)
{
    if (t->fused)
        fused_predict(t, b, prob, r);
    else
        composed_predict(t, b, prob, r);
}

int trainer_times(const struct trainer *t, struct op_time *times)
{
    if (t->fused) return fused_times(t, times);
    if (t->composed->skip) return whole_time(t, times);
    for (int i = 0; i < LINE_COUNT; i++) {
        const struct line_time *time = &t->composed->times[i];
        times[i] = (struct op_time){lines[i].name, t->contender->inherited[lines[i].op],
                                    time->calls,   time->seconds,
                                    time->flop,    lines[i].calls_per_step};
    }
    return LINE_COUNT;
}

long long trainer_clock_reads(const struct trainer *t)
{
    if (t->fused && t->phase_count)
        return t->fused->clock_reads ? (long long)(backend_clock_reads(t) - t->reads_base) : -1;
    if (!t->fused && !t->composed->skip) return (long long)t->composed->clock_reads;
    return 2 * (long long)t->whole.calls;
}
