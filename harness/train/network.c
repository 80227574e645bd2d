/* SPDX-License-Identifier: MIT */
#include "train/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"

static const char *const names[TENSOR_COUNT] = {"w1", "b1", "w2", "b2"};

size_t tensor_count(const struct shape *s, int which)
{
    const size_t i = (size_t)s->inputs, h = (size_t)s->hidden, c = (size_t)s->classes;
    const size_t counts[TENSOR_COUNT] = {i * h, h, h * c, c};
    return counts[which];
}

float *tensor_data(const struct tensors *t, int which)
{
    float *const data[TENSOR_COUNT] = {t->w1, t->b1, t->w2, t->b2};
    return data[which];
}

const char *tensor_name(int which)
{
    return names[which];
}

static size_t padded(size_t count)
{
    return (count + 15) / 16 * 16; /* every tensor starts on a 64-byte boundary */
}

static float *lay_out(struct tensors *t, const struct shape *s, float *at)
{
    float **const member[TENSOR_COUNT] = {&t->w1, &t->b1, &t->w2, &t->b2};
    for (int i = 0; i < TENSOR_COUNT; i++) {
        *member[i] = at;
        at += padded(tensor_count(s, i));
    }
    return at;
}

void network_alloc(struct model *m, const struct shape *s)
{
    size_t total = 0;
    memset(m, 0, sizeof *m);
    for (int i = 0; i < TENSOR_COUNT; i++) total += 2 * padded(tensor_count(s, i));
    float *block = memory_floats(total);
    if (block) lay_out(&m->v, s, lay_out(&m->w, s, block));
}

void network_free(struct model *m)
{
    free(m->w.w1);
    memset(m, 0, sizeof *m);
}

static void glorot(float *w, int fan_in, int fan_out, struct rng *rng)
{
    const float limit = (float)sqrt(6.0 / (fan_in + fan_out));
    for (size_t i = 0; i < (size_t)fan_in * (size_t)fan_out; i++) w[i] = rng_float(rng, -limit, limit);
}

void network_init(struct model *m, const struct shape *s, uint64_t seed)
{
    for (int i = 0; i < TENSOR_COUNT; i++) {
        memset(tensor_data(&m->w, i), 0, tensor_count(s, i) * sizeof(float));
        memset(tensor_data(&m->v, i), 0, tensor_count(s, i) * sizeof(float));
    }
    struct rng rng = rng_seed(seed, 1);
    glorot(m->w.w1, s->inputs, s->hidden, &rng);
    glorot(m->w.w2, s->hidden, s->classes, &rng);
}

void network_copy(struct model *to, const struct model *from, const struct shape *s)
{
    for (int i = 0; i < TENSOR_COUNT; i++) {
        memcpy(tensor_data(&to->w, i), tensor_data(&from->w, i), tensor_count(s, i) * sizeof(float));
        memcpy(tensor_data(&to->v, i), tensor_data(&from->v, i), tensor_count(s, i) * sizeof(float));
    }
}

double network_train_flop(const struct shape *s, double rows)
{
    /* forward, weight gradients of both layers, hidden gradient */
    return 2.0 * rows * (double)s->hidden * (2.0 * s->inputs + 3.0 * s->classes);
}
