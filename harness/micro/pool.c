/* SPDX-License-Identifier: MIT */
#include "micro/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { ALIGNED_FLOATS = 16, FRESH_FLOATS = 1 << 20 };

void pool_plan(struct pool *p, size_t l2_bytes, size_t l3_bytes, size_t available, size_t largest)
{
    memset(p, 0, sizeof *p);
    size_t bytes = 0;
    if (l3_bytes && 2 * l3_bytes <= available) {
        p->beyond = "l3";
        bytes = 2 * l3_bytes;
    } else if (l2_bytes) {
        p->beyond = "l2";
        bytes = 2 * l2_bytes;
    }
    p->floats = bytes / sizeof(float) + 2 * ALIGNED_FLOATS;
    if (p->floats < largest + 2 * ALIGNED_FLOATS) p->floats = largest + 2 * ALIGNED_FLOATS;
    p->floats = (p->floats + ALIGNED_FLOATS - 1) / ALIGNED_FLOATS * ALIGNED_FLOATS;
}

int pool_fill(struct pool *p)
{
    if (p->memory) return 0;
    p->memory = aligned_alloc(ALIGNED_FLOATS * sizeof(float), p->floats * sizeof(float));
    if (!p->memory) return -1;
    struct rng r = rng_seed(1, 0);
    const size_t fresh = p->floats < FRESH_FLOATS ? p->floats : FRESH_FLOATS;
    for (size_t i = 0; i < fresh; i++) p->memory[i] = rng_float(&r, 0x1p-20f, 0.05f);
    for (size_t done = fresh; done < p->floats; done += fresh) {
        const size_t left = p->floats - done;
        memcpy(p->memory + done, p->memory, (left < fresh ? left : fresh) * sizeof(float));
    }
    return 0;
}

float *pool_next(struct pool *p, size_t floats)
{
    const size_t stride = (floats + ALIGNED_FLOATS - 1) / ALIGNED_FLOATS * ALIGNED_FLOATS;
    if (p->at + stride > p->floats) p->at = 0;
    float *part = p->memory + p->at;
    p->at += stride;
    return part;
}

void pool_free(struct pool *p)
{
    free(p->memory);
    memset(p, 0, sizeof *p);
}
