/* SPDX-License-Identifier: MIT
 *
 * Packing: copies a part of a strided matrix into the order in which tile.inc.h reads it. */
#ifndef LB_PACK_INC_H
#define LB_PACK_INC_H

#include <stdbool.h>
#include <string.h>

#include "gemm_cut.inc.h"

/* One matrix seen through strides: element (i, j) at data[i * row + j * col]. */
struct view {
    const float *data;
    size_t row, col;
};

static struct view view_at(struct view v, int i, int j)
{
    v.data += (size_t)i * v.row + (size_t)j * v.col;
    return v;
}

/* to[p * ldto + r] = from[r * ld + p] for `rows` (1..VL) rows r and `cols` (1..4) columns p. Each vector
 * takes four floats of every fourth row, so that two rounds of interleaving within its quarters leave the
 * columns in order: 0.16 cycles an element at 16 floats a vector, where a scalar copy takes one or more. */
ALWAYS_INLINE void transpose_columns(const float *from, size_t ld, int rows, int cols, float *to, size_t ldto)
{
    vf row[4];
    for (int i = 0; i < 4; i++)
        row[i] = vf_load_quads(rows > i ? from + (size_t)i * ld : from, 4 * ld, (rows - i + 3) / 4, cols);
    const vf low_01 = vf_interleave_low(row[0], row[1]), high_01 = vf_interleave_high(row[0], row[1]);
    const vf low_23 = vf_interleave_low(row[2], row[3]), high_23 = vf_interleave_high(row[2], row[3]);
    const vf column[4] = {vf_pairs_low(low_01, low_23), vf_pairs_high(low_01, low_23),
                          vf_pairs_low(high_01, high_23), vf_pairs_high(high_01, high_23)};
    for (int j = 0; j < cols; j++)
        if (rows == VL)
            vf_store(to + (size_t)j * ldto, column[j]);
        else
            vf_store_first(to + (size_t)j * ldto, rows, column[j]);
}

/* The same for k columns. Inlined once for whole vectors of rows, whose masks then vanish. */
ALWAYS_INLINE void transpose_rows(const float *from, size_t ld, int rows, int k, float *to, size_t ldto)
{
    int p = 0;
    for (; p + 4 <= k; p += 4) transpose_columns(from + p, ld, rows, 4, to + (size_t)p * ldto, ldto);
    if (p < k) transpose_columns(from + p, ld, rows, k - p, to + (size_t)p * ldto, ldto);
}

/* to[i] = from[i] for i < n, zeros up to a multiple of VL when `pad`. */
ALWAYS_INLINE void copy_row(const float *from, int n, float *to, bool pad)
{
    int i = 0;
    for (; i + VL <= n; i += VL) vf_store(to + i, vf_load(from + i));
    if (i == n) return;
    const vf last = vf_load_first(from + i, n - i);
    if (pad)
        vf_store(to + i, last);
    else
        vf_store_first(to + i, n - i, last);
}

/* to[p * ldto + r] = v(r, p) for r < rows, p < k. Where v's rows are contiguous, they are transposed in
 * registers; where its columns are, copied in vectors. */
static void pack_columns(struct view v, int rows, int k, float *to, size_t ldto)
{
    if (v.row == 1) {
        for (int p = 0; p < k; p++) copy_row(v.data + (size_t)p * v.col, rows, to + (size_t)p * ldto, false);
        return;
    }
    int r = 0;
    for (; r + VL <= rows; r += VL) transpose_rows(view_at(v, r, 0).data, v.row, VL, k, to + r, ldto);
    if (r < rows) transpose_rows(view_at(v, r, 0).data, v.row, rows - r, k, to + r, ldto);
}

/* A panel of b: to[p][padded] = b(p, 0..width-1), zeros beyond width. padded is a multiple of VL. */
static void pack_b(struct view b, int k, int width, int padded, float *to)
{
    const int written = (width + VL - 1) / VL * VL;
    if (b.col == 1 && written == padded) {
        for (int p = 0; p < k; p++)
            copy_row(b.data + (size_t)p * b.row, width, to + (size_t)p * (size_t)padded, true);
        return;
    }
    if (width < padded) memset(to, 0, (size_t)k * (size_t)padded * sizeof *to);
    pack_columns((struct view){b.data, b.col, b.row}, width, k, to, (size_t)padded);
}

/* Row tiles of a, each as [k][its height], one after the other. */
static void pack_a(struct view a, const struct even_cut *rows, int k, float *to)
{
    for (int t = 0; t < rows->count; t++) {
        const int i = even_start(rows, t), height = even_length(rows, t);
        pack_columns(view_at(a, i, 0), height, k, to + (size_t)i * (size_t)k, (size_t)height);
    }
}

#endif
