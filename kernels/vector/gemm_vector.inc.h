/* SPDX-License-Identifier: MIT
 *
 * Products of one row or one column: y = alpha M^T x + beta y. Each element of M is used once, so memory sets
 * the speed: M is read in place, in as few and as long streams as its order allows, and x and the sums stay
 * in L1.
 *
 * An element's sum is made in the same order whatever elements are summed beside it, so that it does not
 * depend on where y is cut. */
#ifndef LB_GEMM_VECTOR_INC_H
#define LB_GEMM_VECTOR_INC_H

#include <math.h>

#include "pack.inc.h"

/* m(p, j) for p < k and j < n; x(p) at x[p * x_step], y(j) at y[j * y_step]. m.row or m.col is 1. */
struct gemv_job {
    int n, k;
    float alpha, beta;
    struct view m;
    const float *x;
    size_t x_step;
    float *y;
    size_t y_step;
};

enum {
    GEMV_STREAMS = 8,   /* rows of M that are read at a time where its rows are contiguous */
    GEMV_DOTS = 4,      /* columns, where these are */
    GEMV_FLOATS = 4096, /* sums, or floats of x, in half of the smallest L1 */
};

/* y(j) = alpha sum + beta y(j) for the n elements from j on. */
static void gemv_write(const struct gemv_job *job, int j, int n, const float *sum, float beta)
{
    for (int i = 0; i < n; i++) {
        float *y = job->y + (size_t)(j + i) * job->y_step;
        const float product = job->alpha * sum[i];
        *y = beta == 0.0f ? product : fmaf(beta, *y, product);
    }
}

/* ---- rows of M contiguous */

/* sum[0..n) += x(p) m(p, ..) for `streams` rows from p on, at `from`. */
ALWAYS_INLINE void gemv_add_rows(const struct gemv_job *job, int streams, int p, const float *from, int n,
                                 float *sum)
{
    vf x[GEMV_STREAMS];
    for (int r = 0; r < streams; r++) x[r] = vf_set1(job->x[(size_t)(p + r) * job->x_step]);
    int j = 0;
    for (; j + VL <= n; j += VL) {
        vf s = vf_load(sum + j);
        for (int r = 0; r < streams; r++) s = vf_fma(x[r], vf_load(from + (size_t)r * job->m.row + j), s);
        vf_store(sum + j, s);
    }
    if (j == n) return;
    vf s = vf_load(sum + j);
    for (int r = 0; r < streams; r++)
        s = vf_fma(x[r], vf_load_first(from + (size_t)r * job->m.row + j, n - j), s);
    vf_store(sum + j, s);
}

static void gemv_by_rows(const struct gemv_job *job)
{
    _Alignas(64) float sum[GEMV_FLOATS];
    for (int j = 0; j < job->n; j += GEMV_FLOATS) {
        const int n = min_int(GEMV_FLOATS, job->n - j);
        int p = 0;
        memset(sum, 0, (size_t)round_up(n, VL) * sizeof *sum);
        for (; p + GEMV_STREAMS <= job->k; p += GEMV_STREAMS)
            gemv_add_rows(job, GEMV_STREAMS, p, view_at(job->m, p, j).data, n, sum);
        for (; p < job->k; p++) gemv_add_rows(job, 1, p, view_at(job->m, p, j).data, n, sum);
        gemv_write(job, j, n, sum, job->beta);
    }
}

/* ---- columns of M contiguous */

/* sum[c] = sum over p < k of x[p] from[c * ld + p], for `dots` columns. Two chains for each, so that a column
 * that is left over is not much slower than one of four. */
ALWAYS_INLINE void gemv_dots(int dots, const float *from, size_t ld, const float *x, int k, float *sum)
{
    vf even[GEMV_DOTS], odd[GEMV_DOTS];
    for (int c = 0; c < dots; c++) even[c] = odd[c] = vf_zero();
    int p = 0;
    for (; p + 2 * VL <= k; p += 2 * VL)
        for (int c = 0; c < dots; c++) {
            even[c] = vf_fma(vf_load(x + p), vf_load(from + (size_t)c * ld + p), even[c]);
            odd[c] = vf_fma(vf_load(x + p + VL), vf_load(from + (size_t)c * ld + p + VL), odd[c]);
        }
    const int first = min_int(VL, k - p), second = k - p - first;
    for (int c = 0; c < dots && first > 0; c++) {
        const float *rest = from + (size_t)c * ld + p;
        even[c] = vf_fma(vf_load_first(x + p, first), vf_load_first(rest, first), even[c]);
        if (second > 0)
            odd[c] = vf_fma(vf_load_first(x + p + VL, second), vf_load_first(rest + VL, second), odd[c]);
    }
    for (int c = 0; c < dots; c++) sum[c] = vf_reduce_add(vf_add(even[c], odd[c]));
}

static void gemv_by_columns(const struct gemv_job *job)
{
    _Alignas(64) float packed[GEMV_FLOATS];
    float sum[GEMV_DOTS];
    for (int p = 0; p < job->k; p += GEMV_FLOATS) {
        const int k = min_int(GEMV_FLOATS, job->k - p);
        const float *x = job->x + (size_t)p * job->x_step;
        const float beta = p == 0 ? job->beta : 1.0f;
        for (int i = 0; job->x_step != 1 && i < k; i++) packed[i] = x[(size_t)i * job->x_step];
        if (job->x_step != 1) x = packed;
        int j = 0;
        for (; j + GEMV_DOTS <= job->n; j += GEMV_DOTS) {
            gemv_dots(GEMV_DOTS, view_at(job->m, p, j).data, job->m.col, x, k, sum);
            gemv_write(job, j, GEMV_DOTS, sum, beta);
        }
        for (; j < job->n; j++) {
            gemv_dots(1, view_at(job->m, p, j).data, job->m.col, x, k, sum);
            gemv_write(job, j, 1, sum, beta);
        }
    }
}

/* ---- all of it */

static void gemv_part(const struct gemv_job *job, int parts, int t)
{
    const struct even_cut cut = cut_evenly(parts_of(job->n, VL), parts);
    const int from = even_start(&cut, t) * VL;
    struct gemv_job part = *job;
    part.n = min_int(job->n - from, even_length(&cut, t) * VL);
    part.m = view_at(job->m, 0, from);
    part.y = job->y + (size_t)from * job->y_step;
    if (part.m.row == 1)
        gemv_by_columns(&part);
    else
        gemv_by_rows(&part);
    _mm256_zeroupper(); /* as in gemm_part */
}

/* A multiply-add of gemv takes four times as long as one of gemm, or more: a line of L2 serves 16 of them. */
static const double gemv_wake = GEMM_WAKE / 4.0;

static void gemv(const struct gemv_job *job, int threads)
{
    const int worth = threads_worth((double)job->n * job->k, gemv_wake, threads);
    const int parts = min_int(worth, parts_of(job->n, VL));
    if (parts == 1) {
        gemv_part(job, 1, 0);
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < parts; t++) gemv_part(job, parts, t);
}

#endif
