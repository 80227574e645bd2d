/* SPDX-License-Identifier: MIT
 *
 * What differs between the C interfaces of oneDNN 2.x (operation descriptors; memory descriptors are structs)
 * and 3.x (one creator per primitive; memory descriptors are handles). Everything here returns the library's
 * status. A primitive descriptor made here belongs to the caller; a layout read from one lives as long as it
 * does. */
#ifndef LANEBENCH_ONEDNN_API_H
#define LANEBENCH_ONEDNN_API_H

#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR < 2 || (DNNL_VERSION_MAJOR == 2 && DNNL_VERSION_MINOR < 6)
#error "oneDNN 2.6 or newer is needed"
#endif

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t layout_ref;

static dnnl_status_t layout_create(dnnl_memory_desc_t *md, int ndims, const dnnl_dims_t dims,
                                   dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(md, ndims, dims, dnnl_f32, tag);
}

static void layout_destroy(dnnl_memory_desc_t *md)
{
    dnnl_memory_desc_destroy(*md);
}

static layout_ref layout_of(const dnnl_memory_desc_t *md)
{
    return *md;
}

static dnnl_status_t pd_forward(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref src,
                                layout_ref weights, layout_ref bias, layout_ref dst,
                                const_dnnl_primitive_attr_t attr)
{
    return dnnl_inner_product_forward_primitive_desc_create(pd, engine, dnnl_forward_training, src, weights,
                                                            bias, dst, attr);
}

static dnnl_status_t pd_backward_weights(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref src,
                                         layout_ref diff_weights, layout_ref diff_bias, layout_ref diff_dst,
                                         const_dnnl_primitive_desc_t forward,
                                         const_dnnl_primitive_attr_t attr)
{
    return dnnl_inner_product_backward_weights_primitive_desc_create(pd, engine, src, diff_weights, diff_bias,
                                                                     diff_dst, forward, attr);
}

static dnnl_status_t pd_backward_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref diff_src,
                                      layout_ref weights, layout_ref diff_dst,
                                      const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attr)
{
    return dnnl_inner_product_backward_data_primitive_desc_create(pd, engine, diff_src, weights, diff_dst,
                                                                  forward, attr);
}

/* d *= relu'(z), from the ReLU's output y (at which y > 0 exactly where z > 0). */
static dnnl_status_t pd_relu_backward(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref d,
                                      layout_ref y, const_dnnl_primitive_attr_t attr)
{
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = dnnl_eltwise_forward_primitive_desc_create(
        &forward, engine, dnnl_forward_training, dnnl_eltwise_relu_use_dst_for_bwd, y, y, 0.0f, 0.0f, attr);
    if (status != dnnl_success) return status;
    status = dnnl_eltwise_backward_primitive_desc_create(pd, engine, dnnl_eltwise_relu_use_dst_for_bwd, d, d,
                                                         y, 0.0f, 0.0f, forward, attr);
    dnnl_primitive_desc_destroy(forward);
    return status;
}

static dnnl_status_t pd_softmax(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref x, int axis,
                                const_dnnl_primitive_attr_t attr)
{
    return dnnl_softmax_forward_primitive_desc_create(pd, engine, dnnl_forward_inference,
                                                      dnnl_softmax_accurate, x, x, axis, attr);
}

static dnnl_status_t append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha, float beta)
{
    return dnnl_post_ops_append_eltwise(ops, kind, alpha, beta);
}

#else /* 2.x */

typedef const dnnl_memory_desc_t *layout_ref;

static dnnl_status_t layout_create(dnnl_memory_desc_t *md, int ndims, const dnnl_dims_t dims,
                                   dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(md, ndims, dims, dnnl_f32, tag);
}

static void layout_destroy(dnnl_memory_desc_t *md)
{
    (void)md; /* a plain struct */
}

static layout_ref layout_of(const dnnl_memory_desc_t *md)
{
    return md;
}

static dnnl_status_t pd_forward(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref src,
                                layout_ref weights, layout_ref bias, layout_ref dst,
                                const_dnnl_primitive_attr_t attr)
{
    dnnl_inner_product_desc_t d;
    const dnnl_status_t status =
        dnnl_inner_product_forward_desc_init(&d, dnnl_forward_training, src, weights, bias, dst);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(pd, &d, attr, engine, NULL);
}

static dnnl_status_t pd_backward_weights(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref src,
                                         layout_ref diff_weights, layout_ref diff_bias, layout_ref diff_dst,
                                         const_dnnl_primitive_desc_t forward,
                                         const_dnnl_primitive_attr_t attr)
{
    dnnl_inner_product_desc_t d;
    const dnnl_status_t status =
        dnnl_inner_product_backward_weights_desc_init(&d, src, diff_weights, diff_bias, diff_dst);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(pd, &d, attr, engine, forward);
}

static dnnl_status_t pd_backward_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref diff_src,
                                      layout_ref weights, layout_ref diff_dst,
                                      const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attr)
{
    dnnl_inner_product_desc_t d;
    const dnnl_status_t status = dnnl_inner_product_backward_data_desc_init(&d, diff_src, weights, diff_dst);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(pd, &d, attr, engine, forward);
}

/* d *= relu'(z), from the ReLU's output y (at which y > 0 exactly where z > 0). */
static dnnl_status_t pd_relu_backward(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref d,
                                      layout_ref y, const_dnnl_primitive_attr_t attr)
{
    const dnnl_alg_kind_t kind = dnnl_eltwise_relu_use_dst_for_bwd;
    dnnl_eltwise_desc_t f, b;
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = dnnl_eltwise_forward_desc_init(&f, dnnl_forward_training, kind, y, 0.0f, 0.0f);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(&forward, &f, attr, engine, NULL);
    if (status == dnnl_success) status = dnnl_eltwise_backward_desc_init(&b, kind, d, y, 0.0f, 0.0f);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(pd, &b, attr, engine, forward);
    if (forward) dnnl_primitive_desc_destroy(forward);
    return status;
}

static dnnl_status_t pd_softmax(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, layout_ref x, int axis,
                                const_dnnl_primitive_attr_t attr)
{
    dnnl_softmax_v2_desc_t d;
    const dnnl_status_t status =
        dnnl_softmax_v2_forward_desc_init(&d, dnnl_forward_inference, dnnl_softmax_accurate, x, x, axis);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(pd, &d, attr, engine, NULL);
}

static dnnl_status_t append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha, float beta)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0f, kind, alpha, beta);
}

#endif

/* float32 arithmetic whatever the environment's default (3.x: and the same bits run after run). */
static dnnl_status_t attributes_strict(dnnl_primitive_attr_t attr)
{
    const dnnl_status_t status = dnnl_primitive_attr_set_fpmath_mode(attr, dnnl_fpmath_mode_strict);
#if DNNL_VERSION_MAJOR >= 3
    if (status == dnnl_success) return dnnl_primitive_attr_set_deterministic(attr, 1);
#endif
    return status;
}

/* The layout that a primitive wants for an operand: what is dnnl_query_src_md and the like. */
static layout_ref pd_layout(const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(pd, what, 0);
}

#endif
