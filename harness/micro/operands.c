/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "micro/micro.h"

/* Random stream of these operands; training and proof have others. */
static const uint64_t micro_stream = (uint64_t)1 << 34;

static void fill(float *x, size_t count, struct rng *r, float lo, float hi)
{
    for (size_t i = 0; i < count; i++) x[i] = rng_float(r, lo, hi);
}

static bool allocate_layer(struct micro_layer *l, size_t batch, int width)
{
    const size_t columns = (size_t)width;
    l->width = width;
    l->out = memory_floats(batch * columns);
    l->grad = memory_floats(batch * columns);
    l->work = memory_floats(batch * columns);
    l->positive = memory_floats(batch * columns);
    l->zero_bias = memory_floats(columns);
    l->bias_grad = memory_floats(columns);
    return l->out && l->grad && l->work && l->positive && l->zero_bias && l->bias_grad;
}

static bool allocate(struct micro_operands *o)
{
    const size_t batch = (size_t)o->batch, inputs = (size_t)o->shape.inputs;
    const size_t hidden = (size_t)o->shape.hidden, classes = (size_t)o->shape.classes;
    for (int t = 0; t < TENSOR_COUNT; t++) o->parameters += tensor_count(&o->shape, t);
    const struct {
        float **array;
        size_t count;
    } arrays[] = {
        {&o->x, batch * inputs},    {&o->gathered, batch * inputs}, {&o->loss, batch},
        {&o->dw1, inputs * hidden}, {&o->dw2, hidden * classes},    {&o->g, o->parameters},
        {&o->v, o->parameters},     {&o->w, o->parameters},
    };
    bool complete = allocate_layer(&o->hidden, batch, o->shape.hidden);
    complete = allocate_layer(&o->logits, batch, o->shape.classes) && complete;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        complete = (*arrays[i].array = memory_floats(arrays[i].count)) != NULL && complete;
    o->index = memory_zeroed(batch, sizeof *o->index);
    o->batch_labels = memory_zeroed(batch, 1);
    network_alloc(&o->model, &o->shape);
    return complete && o->index && o->batch_labels && o->model.w.w1;
}

/* Activations in (lo, hi) and small gradients. */
static void fill_layer(struct micro_layer *l, int batch, struct rng *r, float lo, float hi)
{
    const size_t count = (size_t)batch * (size_t)l->width;
    fill(l->out, count, r, lo, hi);
    fill(l->grad, count, r, -0.01f, 0.01f);
    fill(l->positive, count, r, 0.001f, 1.0f);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t area(int rows, int columns)
{
    return (size_t)rows * (size_t)columns;
}

/* Matrices for the largest of the user's shapes, in (-1, 1). 0 or e, which names the first shape that is too
 * large. */
static int allocate_shapes(struct micro_operands *o, size_t available, uint64_t seed, struct error *e)
{
    size_t a = 0, b = 0, c = 0;
    for (int i = 0; i < o->shapes.count; i++) {
        const struct gemm_shape *s = &o->shapes.list[i];
        a = larger(a, area(s->m, s->k)), b = larger(b, area(s->k, s->n)), c = larger(c, area(s->m, s->n));
        if ((a + b + c) * sizeof(float) > available)
            return error_set(
                e, EXIT_USAGE,
                "%s:%d: its matrices need %zu MiB, but only %zu MiB may be used here; make it smaller",
                o->shapes.path, s->line, (a + b + c) * sizeof(float) >> 20, available >> 20);
    }
    struct rng r = rng_seed(seed, micro_stream + 1);
    if (!o->shapes.count) return 0;
    o->shape_a = memory_floats(a);
    o->shape_b = memory_floats(b);
    o->shape_c = memory_floats(c);
    if (!o->shape_a || !o->shape_b || !o->shape_c) return error_set(e, EXIT_INTERNAL, "out of memory");
    fill(o->shape_a, a, &r, -1.0f, 1.0f);
    fill(o->shape_b, b, &r, -1.0f, 1.0f);
    return 0;
}

/* Floats of the largest weights of any case; of RMSprop, all three arrays. */
static size_t largest_weights(const struct micro_operands *o)
{
    size_t largest = 3 * o->parameters;
    for (int i = 0; i < o->shapes.count; i++)
        largest = larger(largest, area(o->shapes.list[i].k, o->shapes.list[i].n));
    return largest;
}

int micro_operands_init(struct micro_operands *o, const struct dataset *d, const struct shape *shape,
                        int batch, uint64_t seed, const struct gemm_shapes *shapes,
                        const struct micro_machine *machine, struct error *e)
{
    memset(o, 0, sizeof *o);
    o->shape = *shape;
    o->batch = batch;
    o->pixels = d->train.pixels;
    o->labels = d->train.labels;
    o->shapes = *shapes;
    if (!allocate(o)) return error_set(e, EXIT_INTERNAL, "out of memory");
    if (allocate_shapes(o, machine->available, seed, e)) return (int)e->code;
    pool_plan(&o->pool, machine->l2_bytes, machine->l3_bytes, machine->available, largest_weights(o));
    const size_t rows = (size_t)batch, inputs = (size_t)shape->inputs;
    struct rng r = rng_seed(seed, micro_stream);
    network_init(&o->model, shape, seed);
    for (size_t i = 0; i < rows; i++) {
        o->index[i] = rng_below(&r, d->train.count);
        o->batch_labels[i] = o->labels[o->index[i]];
        for (size_t j = 0; j < inputs; j++)
            o->x[i * inputs + j] = (float)o->pixels[o->index[i] * inputs + j] / 255.0f;
    }
    const size_t hidden = rows * (size_t)shape->hidden, classes = rows * (size_t)shape->classes;
    fill_layer(&o->hidden, batch, &r, -1.0f, 1.0f);
    for (size_t i = 0; i < hidden; i++)
        o->hidden.out[i] = fmaxf(o->hidden.out[i], 0.0f); /* as ReLU leaves it */
    memcpy(o->hidden.work, o->hidden.grad, hidden * sizeof *o->hidden.work);
    fill_layer(&o->logits, batch, &r, -4.0f, 4.0f);
    memcpy(o->logits.work, o->logits.out, classes * sizeof *o->logits.work);
    fill(o->g, o->parameters, &r, -0.01f, 0.01f);
    fill(o->w, o->parameters, &r, -0.05f, 0.05f);
    return 0;
}

static void free_layer(struct micro_layer *l)
{
    float *const arrays[] = {l->out, l->grad, l->work, l->positive, l->zero_bias, l->bias_grad};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
}

void micro_operands_free(struct micro_operands *o)
{
    float *const arrays[] = {o->x, o->gathered, o->loss,    o->dw1,     o->dw2,    o->g,
                             o->v, o->w,        o->shape_a, o->shape_b, o->shape_c};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    free_layer(&o->hidden);
    free_layer(&o->logits);
    free(o->index);
    free(o->batch_labels);
    network_free(&o->model);
    pool_free(&o->pool);
    memset(o, 0, sizeof *o);
}
