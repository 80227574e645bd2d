/* SPDX-License-Identifier: MIT
 *
 * One function per op, cases_<op>, adds its cases; ops.def calls them, so that an op without one does not
 * build. */
#include <stdio.h>
#include <string.h>

#include "micro/micro.h"
#include "train/step_parts.h"

struct builder {
    struct micro_case *cases;
    int count;
    const char *who;
    struct contender *contender;
    struct micro_operands *operands;
};

static void add(struct builder *b, enum op_id op, const char *role, void (*call)(void *), int m, int n, int k,
                double bytes)
{
    struct micro_case *c = &b->cases[b->count++];
    memset(c, 0, sizeof *c);
    c->op = op_name(op);
    c->role = role;
    c->contender = b->contender;
    c->operands = b->operands;
    c->call = call;
    c->m = m, c->n = n, c->k = k;
    c->flop = 2.0 * m * n * k;
    c->bytes = bytes;
    c->inherited = b->contender->inherited[op];
    const int used = snprintf(c->name, sizeof c->name, "%s/%s/%s/%d", b->who, c->op, role, m);
    const size_t left = sizeof c->name - (size_t)used;
    if (k)
        snprintf(c->name + used, left, "x%dx%d", n, k);
    else if (n)
        snprintf(c->name + used, left, "x%d", n);
    if (c->inherited) snprintf(c->label, sizeof c->label, "inherited");
}

/* A case on batch x width elements of one layer, each of which costs so many bytes. */
static void add_layer(struct builder *b, enum op_id op, const char *role, void (*call)(void *),
                      const struct micro_layer *layer, double bytes_each)
{
    const int m = b->operands->batch, n = layer->width;
    add(b, op, role, call, m, n, 0, bytes_each * m * n);
    b->cases[b->count - 1].layer = layer;
}

/* Gives the case that was added last a twin with cold weights, where a pool can be larger than a cache. */
static void add_cold_twin(struct builder *b, size_t weights)
{
    struct micro_case *hot = &b->cases[b->count - 1];
    const struct pool *pool = &b->operands->pool;
    hot->has_weights = true;
    hot->weights = weights;
    if (!pool->beyond) return;
    struct micro_case *cold = &b->cases[b->count++];
    *cold = *hot;
    cold->cold = true;
    const size_t used = strlen(hot->name);
    snprintf(cold->name + used, sizeof cold->name - used, "/cold-%s", pool->beyond);
    snprintf(cold->label, sizeof cold->label, "%sweights from a pool of %zu MiB",
             hot->inherited ? "inherited, " : "", pool->floats * sizeof(float) >> 20);
}

const char *micro_prepare(struct micro_case *c)
{
    if (!c->cold || pool_fill(&c->operands->pool) == 0) return NULL;
    return "not enough memory for cold weights";
}

/* The weights of this call. */
static const float *weights(const struct micro_case *c, const float *hot)
{
    return c->cold ? pool_next(&c->operands->pool, c->weights) : hot;
}

/* Names for what every call needs: the case, its operands, its extents. */
#define OPERANDS                                                                                             \
    struct micro_case *self = context;                                                                       \
    struct micro_operands *o = self->operands;                                                               \
    const int m = self->m, n = self->n;

/* Likewise for a case on a layer's elements. */
#define LAYER                                                                                                \
    const struct micro_case *self = context;                                                                 \
    const struct micro_layer *l = self->layer;                                                               \
    const int m = self->m, n = self->n;
#define CALL(op, ...) CONTENDER_CALL(self->contender, op, __VA_ARGS__)

/* ---- gemm: the five products of a training step */

static void call_forward1(void *context)
{
    OPERANDS
    const int k = self->k;
    CALL(gemm, NO_TRANS, NO_TRANS, m, n, k, 1.0f, o->x, k, weights(self, o->model.w.w1), n, 0.0f,
         o->hidden.work, n);
}

static void call_forward2(void *context)
{
    OPERANDS
    const int k = self->k;
    CALL(gemm, NO_TRANS, NO_TRANS, m, n, k, 1.0f, o->hidden.out, k, weights(self, o->model.w.w2), n, 0.0f,
         o->logits.work, n);
}

static void call_dw2(void *context)
{
    OPERANDS
    const int k = self->k;
    CALL(gemm, TRANS, NO_TRANS, m, n, k, 1.0f, o->hidden.out, m, o->logits.grad, n, 0.0f, o->dw2, n);
}

static void call_dh(void *context)
{
    OPERANDS
    const int k = self->k;
    CALL(gemm, NO_TRANS, TRANS, m, n, k, 1.0f, o->logits.grad, k, weights(self, o->model.w.w2), k, 0.0f,
         o->hidden.work, n);
}

static void call_dw1(void *context)
{
    OPERANDS
    const int k = self->k;
    CALL(gemm, TRANS, NO_TRANS, m, n, k, 1.0f, o->x, m, o->hidden.grad, n, 0.0f, o->dw1, n);
}

static void cases_gemm(struct builder *b)
{
    static void (*const calls[PRODUCT_COUNT])(void *) = {
        [PRODUCT_FORWARD1] = call_forward1, [PRODUCT_FORWARD2] = call_forward2,
        [PRODUCT_DW2] = call_dw2,           [PRODUCT_DH] = call_dh,
        [PRODUCT_DW1] = call_dw1,
    };
    for (int id = 0; id < PRODUCT_COUNT; id++) {
        const struct step_product p =
            step_product((enum step_product_id)id, &b->operands->shape, b->operands->batch);
        add(b, OP_gemm, p.name, calls[id], p.m, p.n, p.k, 4.0 * step_product_floats(&p));
        b->cases[b->count - 1].ta = p.ta;
        b->cases[b->count - 1].tb = p.tb;
        if (p.reads_weights) add_cold_twin(b, (size_t)p.k * (size_t)p.n);
    }
}

/* ---- gemm of a user's shape: B holds the weights */

static void call_shape(void *context)
{
    OPERANDS
    const int k = self->k;
    CALL(gemm, self->ta, self->tb, m, n, k, 1.0f, o->shape_a, self->ta == TRANS ? m : k,
         weights(self, o->shape_b), self->tb == TRANS ? k : n, 0.0f, o->shape_c, n);
}

int micro_shape_cases(struct micro_case *cases, const char *who, struct contender *c,
                      struct micro_operands *o, const struct gemm_shape *s)
{
    struct builder b = {cases, 0, who, c, o};
    const double m = s->m, n = s->n, k = s->k;
    add(&b, OP_gemm, "shape", call_shape, s->m, s->n, s->k, 4.0 * (m * k + k * n + m * n));
    const size_t used = strlen(cases->name);
    snprintf(cases->name + used, sizeof cases->name - used, "/%c%c", s->ta == TRANS ? 'T' : 'N',
             s->tb == TRANS ? 'T' : 'N');
    cases->ta = s->ta;
    cases->tb = s->tb;
    add_cold_twin(&b, (size_t)s->k * (size_t)s->n);
    return b.count;
}

/* ---- ops on a batch of images, of activations or of logits */

static void call_gather(void *context)
{
    OPERANDS
    CALL(gather, m, n, o->pixels, o->index, o->gathered, n);
}

static void cases_gather(struct builder *b)
{
    const int m = b->operands->batch, n = b->operands->shape.inputs;
    add(b, OP_gather, "images", call_gather, m, n, 0, 5.0 * m * n);
}

/* Adds zeros, in place, so that repetition leaves the values as they are. */
static void call_bias_relu(void *context)
{
    LAYER
    CALL(bias_act, m, n, l->zero_bias, ACT_RELU, l->work, n);
}

static void call_bias_identity(void *context)
{
    LAYER
    CALL(bias_act, m, n, l->zero_bias, ACT_IDENTITY, l->work, n);
}

static void cases_bias_act(struct builder *b)
{
    add_layer(b, OP_bias_act, "hidden_relu", call_bias_relu, &b->operands->hidden, 8.0);
    add_layer(b, OP_bias_act, "logits", call_bias_identity, &b->operands->logits, 8.0);
}

static void call_relu_grad(void *context)
{
    LAYER
    CALL(relu_grad, m, n, l->out, n, l->work, n);
}

static void cases_relu_grad(struct builder *b)
{
    add_layer(b, OP_relu_grad, "hidden", call_relu_grad, &b->operands->hidden, 12.0);
}

static void call_bias_grad(void *context)
{
    LAYER
    CALL(bias_grad, m, n, l->grad, n, l->bias_grad);
}

static void cases_bias_grad(struct builder *b)
{
    add_layer(b, OP_bias_grad, "hidden", call_bias_grad, &b->operands->hidden, 4.0);
    add_layer(b, OP_bias_grad, "logits", call_bias_grad, &b->operands->logits, 4.0);
}

static void call_softmax_xent(void *context)
{
    LAYER
    const struct micro_operands *o = self->operands;
    CALL(softmax_xent, m, n, l->out, n, o->batch_labels, 1.0f / (float)m, o->loss, l->work, n, NULL, 0);
}

static void cases_softmax_xent(struct builder *b)
{
    add_layer(b, OP_softmax_xent, "logits", call_softmax_xent, &b->operands->logits, 8.0);
}

/* ---- ops on a run of elements */

static void call_rmsprop(void *context)
{
    const struct micro_case *self = context;
    struct micro_operands *o = self->operands;
    const struct plan *plan = &self->contender->plan;
    const size_t n = o->parameters;
    float *const cold = self->cold ? pool_next(&o->pool, self->weights) : NULL;
    CALL(rmsprop, n, plan->lr, plan->rho, plan->epsilon, cold ? cold : o->g, cold ? cold + n : o->v,
         cold ? cold + 2 * n : o->w);
}

static void cases_rmsprop(struct builder *b)
{
    const int n = (int)b->operands->parameters;
    add(b, OP_rmsprop, "parameters", call_rmsprop, n, 0, 0, 20.0 * n);
    add_cold_twin(b, 3 * b->operands->parameters);
}

static void call_vexp(void *context)
{
    LAYER
    CALL(vexp, (size_t)m * (size_t)n, l->grad, l->work);
}

static void call_vlog(void *context)
{
    LAYER
    CALL(vlog, (size_t)m * (size_t)n, l->positive, l->work);
}

static void cases_vexp(struct builder *b)
{
    add_layer(b, OP_vexp, "hidden", call_vexp, &b->operands->hidden, 8.0);
    add_layer(b, OP_vexp, "logits", call_vexp, &b->operands->logits, 8.0);
}

static void cases_vlog(struct builder *b)
{
    add_layer(b, OP_vlog, "hidden", call_vlog, &b->operands->hidden, 8.0);
    add_layer(b, OP_vlog, "logits", call_vlog, &b->operands->logits, 8.0);
}

int micro_max_cases(const struct gemm_shapes *shapes)
{
    return MICRO_MAX_TRAINING_CASES + 2 * shapes->count;
}

int micro_cases(struct micro_case *cases, const char *who, struct contender *c, struct micro_operands *o)
{
    struct builder b = {cases, 0, who, c, o};
#define OP(name) cases_##name(&b);
#include "ops.def"
#undef OP
    return b.count;
}
