/* SPDX-License-Identifier: MIT
 *
 * The product of a list with the rows that it names: the one place where a step that skips zeros multiplies
 * for the first layer. */
#ifndef LB_SPARSE_MULTIPLY_INC_H
#define LB_SPARSE_MULTIPLY_INC_H

#include "lists.inc.h"

/* Sums of one or two images, or of two pixels, times `vecs` vectors of hidden units. */
typedef struct {
    vf of[2][LIST_VECS];
} pair_sums;

/* sum->of[i][v] += value of the entry's pixel i * its row, vector v, in the order of the list, one FMA each:
 * two pixels, or with `pixels` 1 the one `shift` bits up in the entry. Rows are row_floats apart, vectors
 * vec_floats. pixels and vecs must be literals.
 *
 * Per FMA on Zen 5, cycles: one image and four vectors 0.82, sixteen 0.67, two images that share the rows of
 * four vectors 0.545; the dense tile 0.50. On Granite Rapids the instructions beside the FMAs count: with a
 * pointer for each vector, an epoch takes 257 instead of 269 ms (AVX-512, one thread) and 359 instead of 396
 * (AVX2). Without the empty asm, GCC loads each factor twice, once for each FMA: 323 instead of 290 ms. */
ALWAYS_INLINE void list_multiply(pair_sums *sum, int pixels, int shift, int vecs, const float *value,
                                 const uint32_t *list, uint32_t count, const float *rows, size_t row_floats,
                                 size_t vec_floats)
{
    const uint32_t *end = list + count;
    const float *vec[LIST_VECS];
#pragma GCC unroll 4
    for (int v = 0; v < vecs; v++) vec[v] = rows + (size_t)v * vec_floats;
    for (; list < end; list++) {
        const size_t entry = *list, at = (entry >> 16) * row_floats;
        const vf first = vf_set1(value[entry >> shift & 255]);
        const vf second = pixels == 2 ? vf_set1(value[entry >> 8 & 255]) : first;
#pragma GCC unroll 4
        for (int v = 0; v < vecs; v++) {
            vf factor = vf_load(vec[v] + at);
            __asm__("" : "+v"(factor));
            sum->of[0][v] = vf_fma(first, factor, sum->of[0][v]);
            if (pixels == 2) sum->of[1][v] = vf_fma(second, factor, sum->of[1][v]);
        }
    }
}

/* Calls fn(..., vecs), where vecs is a literal. */
#define DISPATCH_LIST_WIDTH(vecs, fn, ...)                                                                   \
    switch (vecs) {                                                                                          \
        PANEL_CASE(1, fn, __VA_ARGS__)                                                                       \
        PANEL_CASE(2, fn, __VA_ARGS__)                                                                       \
        PANEL_CASE(3, fn, __VA_ARGS__)                                                                       \
        PANEL_CASE(4, fn, __VA_ARGS__)                                                                       \
    }
_Static_assert(LIST_VECS == 4, "all widths are listed");

#endif
