/* SPDX-License-Identifier: MIT
 *
 * oneDNN's objects with one owner and one error: everything made through a struct library lives until
 * library_close, and after the first failure, which it remembers, every further call does nothing and gives
 * NULL. So a chain of calls needs one check at its end. */
#ifndef LANEBENCH_ONEDNN_LIBRARY_H
#define LANEBENCH_ONEDNN_LIBRARY_H

#include <oneapi/dnnl/dnnl_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

enum { MEMORY_ALIGNMENT = 64, KERNEL_MAX_ARGS = 6 };

struct owned {
    void *object;
    void (*destroy)(void *object);
};

struct library {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_status_t status; /* of the first failure */
    const char *failed;   /* what failed; NULL while all is well */
    struct owned *owned;
    size_t owned_count, owned_capacity;
    /* One scratchpad for all primitives: they run one after the other, and it stays in the cache. */
    float *scratchpad;
    size_t scratchpad_floats;
};

/* A primitive with its arguments bound. */
struct kernel {
    const char *name;           /* for messages */
    const char *implementation; /* the library's name for the code it chose */
    dnnl_primitive_t primitive;
    int count;
    dnnl_exec_arg_t args[KERNEL_MAX_ARGS];
};

/* ---- Owning ---- */

static void library_check(struct library *l, dnnl_status_t status, const char *what)
{
    if (status == dnnl_success || l->failed) return;
    l->status = status;
    l->failed = what;
}

static void library_own(struct library *l, void *object, void (*destroy)(void *))
{
    if (l->owned_count == l->owned_capacity) {
        const size_t capacity = l->owned_capacity ? 2 * l->owned_capacity : 64;
        struct owned *grown = realloc(l->owned, capacity * sizeof *grown);
        if (!grown) {
            destroy(object);
            library_check(l, dnnl_out_of_memory, "its bookkeeping");
            return;
        }
        l->owned = grown;
        l->owned_capacity = capacity;
    }
    l->owned[l->owned_count++] = (struct owned){object, destroy};
}

static void destroy_memory(void *object)
{
    dnnl_memory_destroy(object);
}

static void destroy_primitive(void *object)
{
    dnnl_primitive_destroy(object);
}

static void destroy_descriptor(void *object)
{
    dnnl_primitive_desc_destroy(object);
}

static void destroy_attributes(void *object)
{
    dnnl_primitive_attr_destroy(object);
}

static void destroy_layout(void *object)
{
    layout_destroy(object);
    free(object);
}

static void library_open(struct library *l)
{
    memset(l, 0, sizeof *l);
    library_check(l, dnnl_engine_create(&l->engine, dnnl_cpu, 0), "the CPU engine");
    if (l->failed) return;
    library_check(l, dnnl_stream_create(&l->stream, l->engine, dnnl_stream_default_flags), "the stream");
}

static void library_close(struct library *l)
{
    while (l->owned_count) {
        const struct owned *o = &l->owned[--l->owned_count];
        o->destroy(o->object);
    }
    free(l->owned);
    if (l->stream) dnnl_stream_destroy(l->stream);
    if (l->engine) dnnl_engine_destroy(l->engine);
}

/* Ends the process when an op, which cannot report errors, has no result to give. */
static _Noreturn void library_abort(const char *what, dnnl_status_t status)
{
    fprintf(stderr, "backend onednn: %s failed: %s\n", what, dnnl_status2str(status));
    abort();
}

/* ---- Making ---- */

/* count zeroed floats, aligned. */
static float *library_floats(struct library *l, size_t count)
{
    if (l->failed) return NULL;
    if (count > SIZE_MAX / sizeof(float) - MEMORY_ALIGNMENT) {
        library_check(l, dnnl_out_of_memory, "a buffer");
        return NULL;
    }
    const size_t size = (count * sizeof(float) + MEMORY_ALIGNMENT) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    float *floats = aligned_alloc(MEMORY_ALIGNMENT, size);
    if (!floats) {
        library_check(l, dnnl_out_of_memory, "a buffer");
        return NULL;
    }
    memset(floats, 0, size);
    library_own(l, floats, free);
    return l->failed ? NULL : floats;
}

/* rows x cols floats; tag dnnl_format_tag_any leaves the layout to the primitive. */
static layout_ref library_layout(struct library *l, int ndims, dnnl_dim_t rows, dnnl_dim_t cols,
                                 dnnl_format_tag_t tag)
{
    if (l->failed) return NULL;
    const dnnl_dims_t dims = {rows, cols};
    dnnl_memory_desc_t *md = malloc(sizeof *md);
    if (!md) {
        library_check(l, dnnl_out_of_memory, "a layout");
        return NULL;
    }
    const dnnl_status_t status = layout_create(md, ndims, dims, tag);
    if (status != dnnl_success) {
        free(md);
        library_check(l, status, "a layout");
        return NULL;
    }
    library_own(l, md, destroy_layout);
    return l->failed ? NULL : layout_of(md);
}

static layout_ref library_matrix(struct library *l, dnnl_dim_t rows, dnnl_dim_t cols)
{
    return library_layout(l, 2, rows, cols, dnnl_ab);
}

/* data stays the caller's. */
static dnnl_memory_t library_memory(struct library *l, layout_ref layout, float *data)
{
    if (l->failed) return NULL;
    dnnl_memory_t memory = NULL;
    library_check(l, dnnl_memory_create(&memory, layout, l->engine, data), "a memory object");
    if (l->failed) return NULL;
    library_own(l, memory, destroy_memory);
    return l->failed ? NULL : memory;
}

/* Attributes for all primitives here: float32 means float32 whatever the environment's default says, and the
 * scratchpad is ours. post_ops may be NULL. */
static dnnl_primitive_attr_t library_attributes(struct library *l, const_dnnl_post_ops_t post_ops)
{
    if (l->failed) return NULL;
    dnnl_primitive_attr_t attr = NULL;
    library_check(l, dnnl_primitive_attr_create(&attr), "attributes");
    if (l->failed) return NULL;
    library_own(l, attr, destroy_attributes);
    if (l->failed) return NULL;
    library_check(l, dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user),
                  "the scratchpad mode");
    library_check(l, attributes_strict(attr), "strict float32");
    if (post_ops) library_check(l, dnnl_primitive_attr_set_post_ops(attr, post_ops), "post-ops");
    return attr;
}

/* The shared scratchpad, at least that large. Primitives made earlier keep the smaller one that they are
 * bound to. */
static float *library_scratchpad(struct library *l, size_t floats)
{
    if (floats > l->scratchpad_floats) {
        l->scratchpad = library_floats(l, floats);
        l->scratchpad_floats = l->failed ? 0 : floats;
    }
    return l->scratchpad;
}

static void kernel_bind(struct kernel *k, int argument, dnnl_memory_t memory)
{
    k->args[k->count++] = (dnnl_exec_arg_t){argument, memory};
}

/* Makes the primitive of pd, which it takes over, for up to KERNEL_MAX_ARGS - 1 further arguments. name
 * must outlive the kernel. */
static void kernel_create(struct kernel *k, struct library *l, const char *name, dnnl_primitive_desc_t pd,
                          dnnl_status_t pd_status)
{
    *k = (struct kernel){.name = name};
    if (pd_status == dnnl_success && pd) library_own(l, pd, destroy_descriptor);
    library_check(l, pd_status, name);
    if (l->failed) return;
    library_check(l, dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &k->implementation), name);
    library_check(l, dnnl_primitive_create(&k->primitive, pd), name);
    if (l->failed) return;
    library_own(l, k->primitive, destroy_primitive);
    const layout_ref layout = pd_layout(pd, dnnl_query_scratchpad_md);
    const size_t bytes = dnnl_memory_desc_get_size(layout);
    if (!bytes) return;
    float *scratchpad = library_scratchpad(l, (bytes + sizeof(float) - 1) / sizeof(float));
    kernel_bind(k, DNNL_ARG_SCRATCHPAD, library_memory(l, layout, scratchpad));
}

static void kernel_run(const struct kernel *k, const struct library *l)
{
    const dnnl_status_t status = dnnl_primitive_execute(k->primitive, l->stream, k->count, k->args);
    if (status != dnnl_success) library_abort(k->name, status);
}

#endif
