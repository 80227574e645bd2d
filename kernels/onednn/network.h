/* SPDX-License-Identifier: MIT
 *
 * The network as oneDNN primitives. Weights, gradients and optimizer state live in the layout that the
 * forward inner product asks for; the backward primitives are asked to use the same one, so that a step
 * reorders nothing. Activations are row-major, which is what the library itself prefers for them.
 *
 * Each of the three sets of parameters is one block: w1 | b1 | w2 | b2, every tensor with its layout's
 * padding. The padding is zero in the weights and in the gradients (the library keeps it so), and RMSprop
 * keeps zeros zero as long as epsilon > 0: it can therefore run over the whole block as one flat tensor. */
#ifndef LANEBENCH_ONEDNN_NETWORK_H
#define LANEBENCH_ONEDNN_NETWORK_H

#include "backend.h"
#include "library.h"

enum { LAYERS = 2, BLOCK_WEIGHTS = 0, BLOCK_GRADIENTS = 1, BLOCK_SQUARES = 2, BLOCKS = 3 };

struct layer {
    dnnl_dim_t inputs, outputs;
    layout_ref weights, bias;
    size_t weights_at, bias_at;      /* offsets in a block, in floats */
    dnnl_memory_t tensor[BLOCKS][2]; /* weights, bias */
    dnnl_memory_t plain;             /* the caller's row-major weights; its address is set at each use */
    struct kernel pack[BLOCKS], unpack[BLOCKS];
};

/* Primitives for one number of rows. */
struct forward {
    struct kernel hidden, logits, softmax;
};
struct backward {
    struct kernel weights2, data2, relu, weights1;
};

struct network {
    struct plan plan;
    struct library library;
    dnnl_primitive_attr_t attr, attr_relu; /* without post-ops; with ReLU as post-op */
    struct layer layer[LAYERS];
    float *block[BLOCKS];
    size_t block_floats;
    /* Activations of up to plan.batch rows: inputs, hidden layer, logits; and the gradients of the last two,
     * the latter holding the probabilities first. */
    float *x, *h, *z, *dh, *dz;
    struct forward **forward; /* by number of rows; NULL until first used */
    struct backward **backward;
};

/* ---- Layouts ---- */

static dnnl_status_t layer_forward_pd(struct network *n, int index, layout_ref weights, int rows,
                                      dnnl_primitive_desc_t *pd)
{
    struct library *l = &n->library;
    const struct layer *y = &n->layer[index];
    const layout_ref src = library_matrix(l, rows, y->inputs), dst = library_matrix(l, rows, y->outputs);
    if (l->failed) return l->status;
    return pd_forward(pd, l->engine, src, weights, y->bias, dst, index == 0 ? n->attr_relu : n->attr);
}

static dnnl_status_t layer_backward_weights_pd(struct network *n, int index, layout_ref weights, int rows,
                                               const_dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *pd)
{
    struct library *l = &n->library;
    const struct layer *y = &n->layer[index];
    const layout_ref src = library_matrix(l, rows, y->inputs), dst = library_matrix(l, rows, y->outputs);
    if (l->failed) return l->status;
    return pd_backward_weights(pd, l->engine, src, weights, y->bias, dst, forward, n->attr);
}

static dnnl_status_t layer_backward_data_pd(struct network *n, int index, layout_ref weights, int rows,
                                            const_dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *pd)
{
    struct library *l = &n->library;
    const struct layer *y = &n->layer[index];
    const layout_ref src = library_matrix(l, rows, y->inputs), dst = library_matrix(l, rows, y->outputs);
    if (l->failed) return l->status;
    return pd_backward_data(pd, l->engine, src, weights, dst, forward, n->attr);
}

/* Whether all primitives of the layer accept these weights. */
static bool layer_supports(struct network *n, int index, layout_ref weights,
                           const_dnnl_primitive_desc_t forward)
{
    dnnl_primitive_desc_t pd = NULL;
    const int rows = n->plan.batch;
    if (layer_backward_weights_pd(n, index, weights, rows, forward, &pd) != dnnl_success) return false;
    dnnl_primitive_desc_destroy(pd);
    if (index == 0) return true; /* the gradient with respect to the images is not needed */
    if (layer_backward_data_pd(n, index, weights, rows, forward, &pd) != dnnl_success) return false;
    dnnl_primitive_desc_destroy(pd);
    return true;
}

/* The layout that the forward primitive likes best, or row-major if a backward primitive cannot take that. */
static void layer_choose_layout(struct network *n, int index)
{
    struct library *l = &n->library;
    struct layer *y = &n->layer[index];
    y->bias = library_layout(l, 1, y->outputs, 0, dnnl_a);
    const layout_ref any = library_layout(l, 2, y->outputs, y->inputs, dnnl_format_tag_any);
    const layout_ref plain = library_layout(l, 2, y->outputs, y->inputs, dnnl_ba);
    dnnl_primitive_desc_t forward = NULL;
    library_check(l, layer_forward_pd(n, index, any, n->plan.batch, &forward), "the choice of a layout");
    if (l->failed) return;
    library_own(l, forward, destroy_descriptor);
    if (l->failed) return;
    const layout_ref best = pd_layout(forward, dnnl_query_weights_md);
    y->weights = layer_supports(n, index, best, forward) ? best : plain;
}

/* ---- Parameters ---- */

static size_t block_reserve(struct network *n, layout_ref layout)
{
    const size_t at = n->block_floats, granule = MEMORY_ALIGNMENT / sizeof(float);
    const size_t floats = dnnl_memory_desc_get_size(layout) / sizeof(float);
    n->block_floats += (floats + granule - 1) / granule * granule;
    return at;
}

static void layer_create_tensors(struct network *n, int index)
{
    struct library *l = &n->library;
    struct layer *y = &n->layer[index];
    const layout_ref plain = library_layout(l, 2, y->outputs, y->inputs, dnnl_ba);
    y->plain = library_memory(l, plain, NULL);
    for (int b = 0; b < BLOCKS && !l->failed; b++) {
        y->tensor[b][0] = library_memory(l, y->weights, n->block[b] + y->weights_at);
        y->tensor[b][1] = library_memory(l, y->bias, n->block[b] + y->bias_at);
        if (l->failed || b == BLOCK_GRADIENTS) continue;
        dnnl_primitive_desc_t pd = NULL;
        dnnl_status_t status =
            dnnl_reorder_primitive_desc_create(&pd, plain, l->engine, y->weights, l->engine, n->attr);
        kernel_create(&y->pack[b], l, "load", pd, status);
        kernel_bind(&y->pack[b], DNNL_ARG_FROM, y->plain);
        kernel_bind(&y->pack[b], DNNL_ARG_TO, y->tensor[b][0]);
        pd = NULL;
        status = l->failed ? l->status
                           : dnnl_reorder_primitive_desc_create(&pd, y->weights, l->engine, plain, l->engine,
                                                                n->attr);
        kernel_create(&y->unpack[b], l, "store", pd, status);
        kernel_bind(&y->unpack[b], DNNL_ARG_FROM, y->tensor[b][0]);
        kernel_bind(&y->unpack[b], DNNL_ARG_TO, y->plain);
    }
}

static void network_create_parameters(struct network *n)
{
    struct library *l = &n->library;
    for (int i = 0; i < LAYERS && !l->failed; i++) {
        n->layer[i].weights_at = block_reserve(n, n->layer[i].weights);
        n->layer[i].bias_at = block_reserve(n, n->layer[i].bias);
    }
    for (int b = 0; b < BLOCKS; b++) n->block[b] = library_floats(l, n->block_floats);
    for (int i = 0; i < LAYERS && !l->failed; i++) layer_create_tensors(n, i);
}

/* ---- Forward and backward primitives for one number of rows ---- */

static void create_layer_forward(struct network *n, struct kernel *k, const char *name, int index, int rows,
                                 dnnl_memory_t src, dnnl_memory_t dst)
{
    const struct layer *y = &n->layer[index];
    dnnl_primitive_desc_t pd = NULL;
    const dnnl_status_t status = layer_forward_pd(n, index, y->weights, rows, &pd);
    kernel_create(k, &n->library, name, pd, status);
    kernel_bind(k, DNNL_ARG_SRC, src);
    kernel_bind(k, DNNL_ARG_WEIGHTS, y->tensor[BLOCK_WEIGHTS][0]);
    kernel_bind(k, DNNL_ARG_BIAS, y->tensor[BLOCK_WEIGHTS][1]);
    kernel_bind(k, DNNL_ARG_DST, dst);
}

static dnnl_memory_t rows_memory(struct network *n, int rows, int cols, float *data)
{
    return library_memory(&n->library, library_matrix(&n->library, rows, cols), data);
}

static void create_forward(struct network *n, struct forward *f, int rows)
{
    struct library *l = &n->library;
    const struct plan *p = &n->plan;
    const layout_ref probabilities = library_matrix(l, rows, p->classes);
    const dnnl_memory_t x = rows_memory(n, rows, p->inputs, n->x), h = rows_memory(n, rows, p->hidden, n->h);
    const dnnl_memory_t z = rows_memory(n, rows, p->classes, n->z),
                        dz = rows_memory(n, rows, p->classes, n->dz);
    if (l->failed) return;
    create_layer_forward(n, &f->hidden, "forward1", 0, rows, x, h);
    create_layer_forward(n, &f->logits, "forward2", 1, rows, h, z);
    if (l->failed) return;
    dnnl_primitive_desc_t pd = NULL;
    const dnnl_status_t status = pd_softmax(&pd, l->engine, probabilities, 1, n->attr);
    kernel_create(&f->softmax, l, "softmax", pd, status);
    kernel_bind(&f->softmax, DNNL_ARG_SRC, z);
    kernel_bind(&f->softmax, DNNL_ARG_DST, dz);
}

static void create_layer_backward_weights(struct network *n, struct kernel *k, const char *name, int index,
                                          int rows, const_dnnl_primitive_desc_t forward, dnnl_memory_t src,
                                          dnnl_memory_t dst)
{
    const struct layer *y = &n->layer[index];
    dnnl_primitive_desc_t pd = NULL;
    const dnnl_status_t status = layer_backward_weights_pd(n, index, y->weights, rows, forward, &pd);
    kernel_create(k, &n->library, name, pd, status);
    kernel_bind(k, DNNL_ARG_SRC, src);
    kernel_bind(k, DNNL_ARG_DIFF_WEIGHTS, y->tensor[BLOCK_GRADIENTS][0]);
    kernel_bind(k, DNNL_ARG_DIFF_BIAS, y->tensor[BLOCK_GRADIENTS][1]);
    kernel_bind(k, DNNL_ARG_DIFF_DST, dst);
}

static void create_hidden_gradient(struct network *n, struct backward *b, int rows,
                                   const_dnnl_primitive_desc_t forward, dnnl_memory_t h, dnnl_memory_t dh,
                                   dnnl_memory_t dz)
{
    struct library *l = &n->library;
    const layout_ref hidden = library_matrix(l, rows, n->plan.hidden);
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = layer_backward_data_pd(n, 1, n->layer[1].weights, rows, forward, &pd);
    kernel_create(&b->data2, l, "backward2 (data)", pd, status);
    kernel_bind(&b->data2, DNNL_ARG_DIFF_SRC, dh);
    kernel_bind(&b->data2, DNNL_ARG_WEIGHTS, n->layer[1].tensor[BLOCK_WEIGHTS][0]);
    kernel_bind(&b->data2, DNNL_ARG_DIFF_DST, dz);
    if (l->failed) return;
    pd = NULL;
    status = pd_relu_backward(&pd, l->engine, hidden, hidden, n->attr);
    kernel_create(&b->relu, l, "relu_grad", pd, status);
    kernel_bind(&b->relu, DNNL_ARG_DST, h);
    kernel_bind(&b->relu, DNNL_ARG_DIFF_DST, dh); /* in place */
    kernel_bind(&b->relu, DNNL_ARG_DIFF_SRC, dh);
}

static void create_backward(struct network *n, struct backward *b, const struct forward *f, int rows)
{
    struct library *l = &n->library;
    const struct plan *p = &n->plan;
    const_dnnl_primitive_desc_t forward1 = NULL, forward2 = NULL;
    library_check(l, dnnl_primitive_get_primitive_desc(f->hidden.primitive, &forward1), "backward1");
    library_check(l, dnnl_primitive_get_primitive_desc(f->logits.primitive, &forward2), "backward2");
    const dnnl_memory_t x = rows_memory(n, rows, p->inputs, n->x), h = rows_memory(n, rows, p->hidden, n->h);
    const dnnl_memory_t dh = rows_memory(n, rows, p->hidden, n->dh),
                        dz = rows_memory(n, rows, p->classes, n->dz);
    if (!l->failed)
        create_layer_backward_weights(n, &b->weights2, "backward2 (weights)", 1, rows, forward2, h, dz);
    if (!l->failed) create_hidden_gradient(n, b, rows, forward2, h, dh, dz);
    if (!l->failed) create_layer_backward_weights(n, &b->weights1, "backward1", 0, rows, forward1, x, dh);
}

static void *library_zeroed(struct library *l, size_t count, size_t size)
{
    if (l->failed) return NULL;
    void *memory = calloc(count, size);
    if (memory)
        library_own(l, memory, free);
    else
        library_check(l, dnnl_out_of_memory, "a table");
    return l->failed ? NULL : memory;
}

/* The primitives for that many rows, made at their first use and cached: plan.batch rows in open, an epoch's
 * last, smaller batch in the step that meets it first. NULL after a failure. */
static const struct forward *network_forward(struct network *n, int rows)
{
    if (!n->library.failed && !n->forward[rows]) {
        struct forward *f = library_zeroed(&n->library, 1, sizeof *f);
        if (f) create_forward(n, f, rows);
        if (!n->library.failed) n->forward[rows] = f;
    }
    return n->library.failed ? NULL : n->forward[rows];
}

static const struct backward *network_backward(struct network *n, int rows)
{
    const struct forward *f = network_forward(n, rows);
    if (f && !n->backward[rows]) {
        struct backward *b = library_zeroed(&n->library, 1, sizeof *b);
        if (b) create_backward(n, b, f, rows);
        if (!n->library.failed) n->backward[rows] = b;
    }
    return n->library.failed ? NULL : n->backward[rows];
}

/* ---- The whole ---- */

static void create_attributes(struct network *n)
{
    struct library *l = &n->library;
    dnnl_post_ops_t relu = NULL;
    library_check(l, dnnl_post_ops_create(&relu), "post-ops");
    if (l->failed) return;
    library_check(l, append_eltwise(relu, dnnl_eltwise_relu, 0.0f, 0.0f), "the ReLU post-op");
    n->attr = library_attributes(l, NULL);
    n->attr_relu = library_attributes(l, relu);
    dnnl_post_ops_destroy(relu);
}

/* Errors are left in n->library. */
static void network_open(struct network *n, const struct plan *plan)
{
    struct library *l = &n->library;
    const size_t rows = (size_t)plan->batch;
    n->plan = *plan;
    library_open(l);
    if (!l->failed) create_attributes(n);
    n->layer[0] = (struct layer){.inputs = plan->inputs, .outputs = plan->hidden};
    n->layer[1] = (struct layer){.inputs = plan->hidden, .outputs = plan->classes};
    for (int i = 0; i < LAYERS && !l->failed; i++) layer_choose_layout(n, i);
    if (!l->failed) network_create_parameters(n);
    n->x = library_floats(l, rows * (size_t)plan->inputs);
    n->h = library_floats(l, rows * (size_t)plan->hidden);
    n->z = library_floats(l, rows * (size_t)plan->classes);
    n->dh = library_floats(l, rows * (size_t)plan->hidden);
    n->dz = library_floats(l, rows * (size_t)plan->classes);
    n->forward = library_zeroed(l, rows + 1, sizeof *n->forward);
    n->backward = library_zeroed(l, rows + 1, sizeof *n->backward);
    if (!l->failed) network_backward(n, plan->batch);
}

static void network_close(struct network *n)
{
    library_close(&n->library);
}

#endif
