/* SPDX-License-Identifier: MIT
 *
 * Packing: copies a part of a strided matrix into the order in which tile.h reads it. */
#ifndef LB_PACK_H
#define LB_PACK_H

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

/* to[p * ldto + r] = from[r * ld + p] for 8 rows r and 8 columns p: three rounds of interleaving in AVX
 * registers (both ISAs have them), about 0.4 cycles an element where a scalar copy takes one or more. */
static inline void transpose_8x8(const float *from, size_t ld, float *to, size_t ldto)
{
    __m256 row[8], pair[8], quad[8];
    for (size_t r = 0; r < 8; r++) row[r] = _mm256_loadu_ps(from + r * ld);
    for (int i = 0; i < 4; i++) {
        pair[2 * i] = _mm256_unpacklo_ps(row[2 * i], row[2 * i + 1]);
        pair[2 * i + 1] = _mm256_unpackhi_ps(row[2 * i], row[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        const __m256 *p = pair + 4 * i;
        quad[4 * i + 0] = _mm256_shuffle_ps(p[0], p[2], _MM_SHUFFLE(1, 0, 1, 0));
        quad[4 * i + 1] = _mm256_shuffle_ps(p[0], p[2], _MM_SHUFFLE(3, 2, 3, 2));
        quad[4 * i + 2] = _mm256_shuffle_ps(p[1], p[3], _MM_SHUFFLE(1, 0, 1, 0));
        quad[4 * i + 3] = _mm256_shuffle_ps(p[1], p[3], _MM_SHUFFLE(3, 2, 3, 2));
    }
    for (size_t i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * ldto, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * ldto, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x31));
    }
}

/* The same for two columns: a product of ten deep is 8 + 2. */
static inline void transpose_8x2(const float *from, size_t ld, float *to, size_t ldto)
{
    for (size_t r = 0; r < 8; r += 4) {
        const float *f = from + r * ld;
        __m128 low = _mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(const void *)f);
        __m128 high = _mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(const void *)(f + 2 * ld));
        low = _mm_loadh_pi(low, (const __m64 *)(const void *)(f + ld));
        high = _mm_loadh_pi(high, (const __m64 *)(const void *)(f + 3 * ld));
        _mm_storeu_ps(to + r, _mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0)));
        _mm_storeu_ps(to + ldto + r, _mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
    }
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

/* to[p * ldto + r] = v(r, p) for r < rows, p < k. Where v's rows are contiguous, in 8 x 8 transposes; where
 * its columns are, in rows of vectors. */
static void pack_columns(struct view v, int rows, int k, float *to, size_t ldto)
{
    if (v.row == 1) {
        for (int p = 0; p < k; p++) copy_row(v.data + (size_t)p * v.col, rows, to + (size_t)p * ldto, false);
        return;
    }
    int r = 0;
    for (; v.col == 1 && r + 8 <= rows; r += 8) {
        int p = 0;
        for (; p + 8 <= k; p += 8)
            transpose_8x8(view_at(v, r, p).data, v.row, to + (size_t)p * ldto + (size_t)r, ldto);
        for (; p + 2 <= k; p += 2)
            transpose_8x2(view_at(v, r, p).data, v.row, to + (size_t)p * ldto + (size_t)r, ldto);
        for (int i = 0; p < k && i < 8; i++)
            to[(size_t)p * ldto + (size_t)(r + i)] = view_at(v, r + i, p).data[0];
    }
    for (int p = 0; p < k; p++)
        for (int i = r; i < rows; i++)
            to[(size_t)p * ldto + (size_t)i] = v.data[(size_t)i * v.row + (size_t)p * v.col];
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

/* Row tiles of a, each as [k][height], the last one lower where m is no multiple of the height. */
static void pack_a(struct view a, int m, int k, int height, float *to)
{
    for (int i = 0; i < m; i += height) {
        const int rows = m - i < height ? m - i : height;
        pack_columns(view_at(a, i, 0), rows, k, to + (size_t)i * (size_t)k, (size_t)rows);
    }
}

#endif
