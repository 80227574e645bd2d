/* SPDX-License-Identifier: MIT */
#include "micro/check_shape.h"

#include <math.h>
#include <stdio.h>

#include "proof/bounds.h"

/* Multiply-adds up to which every element is looked at: some hundredths of a second. */
static const double all_elements = 0x1p24;

struct product {
    const struct gemm_shape *s;
    const float *a, *b, *c;
};

static bool element_is_right(const struct product *p, int i, int j, char *message, size_t size)
{
    const struct gemm_shape *s = p->s;
    double value = 0, gauge = 0;
    for (int l = 0; l < s->k; l++) {
        const size_t at_a =
            s->ta == TRANS ? (size_t)l * (size_t)s->m + (size_t)i : (size_t)i * (size_t)s->k + (size_t)l;
        const size_t at_b =
            s->tb == TRANS ? (size_t)j * (size_t)s->k + (size_t)l : (size_t)l * (size_t)s->n + (size_t)j;
        const double term = (double)p->a[at_a] * (double)p->b[at_b];
        value += term;
        gauge += fabs(term);
    }
    const double got = (double)p->c[(size_t)i * (size_t)s->n + (size_t)j];
    const double error = fabs(got - value), bound = bound_gemm(s->k, 1.0f, 0.0f, gauge);
    if (error <= bound) return true;
    snprintf(message, size, "C[%d][%d] is %.9g, expected %.9g, error %.3g, allowed %.3g", i, j, got, value,
             error, bound);
    return false;
}

static bool all_finite(const struct product *p, char *message, size_t size)
{
    const size_t n = (size_t)p->s->n, count = (size_t)p->s->m * n;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(p->c[i])) continue;
        snprintf(message, size, "C[%zu][%zu] is %g", i / n, i % n, (double)p->c[i]);
        return false;
    }
    return true;
}

bool check_shape(struct contender *c, const struct micro_operands *o, const struct gemm_shape *s,
                 char *message, size_t size)
{
    const struct product p = {s, o->shape_a, o->shape_b, o->shape_c};
    const size_t count = (size_t)s->m * (size_t)s->n;
    for (size_t i = 0; i < count; i++) o->shape_c[i] = NAN; /* what is not written stays one */
    CONTENDER_CALL(c, gemm, s->ta, s->tb, s->m, s->n, s->k, 1.0f, p.a, s->ta == TRANS ? s->m : s->k, p.b,
                   s->tb == TRANS ? s->k : s->n, 0.0f, o->shape_c, s->n);
    if (!all_finite(&p, message, size)) return false;
    if ((double)count * s->k <= all_elements) {
        for (int i = 0; i < s->m; i++)
            for (int j = 0; j < s->n; j++)
                if (!element_is_right(&p, i, j, message, size)) return false;
        return true;
    }
    for (int t = 0; t < s->m || t < s->n; t++)
        if (!element_is_right(&p, t % s->m, t % s->n, message, size)) return false;
    return true;
}
