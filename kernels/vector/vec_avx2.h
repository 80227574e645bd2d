/* SPDX-License-Identifier: MIT
 *
 * The vector vocabulary of the shared loop nests, in AVX2 and FMA: 8 floats a vector. vec_avx512.h says the
 * same names with 16. Every vector file includes exactly one of the two. */
#ifndef LB_VEC_H
#define LB_VEC_H

#include <immintrin.h>
#include <stdint.h>

enum { VL = 8 };
typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm; /* a lane is chosen by its sign bit */

static inline vf vf_zero(void)
{
    return _mm256_setzero_ps();
}
static inline vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}
static inline vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
static inline vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
} /* a*b + c */
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
} /* c - a*b */
static inline vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
} /* b where either is NaN */
static inline vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
} /* b where either is NaN */

/* The first n (0..VL) lanes; the others read as 0 and are neither read from nor written to memory. */
static inline __m256i lanes_first(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vm vm_first(int n)
{
    return _mm256_castsi256_ps(lanes_first(n));
}
static inline vf vf_load_first(const float *p, int n)
{
    return _mm256_maskload_ps(p, lanes_first(n));
}
static inline void vf_store_first(float *p, int n, vf x)
{
    _mm256_maskstore_ps(p, lanes_first(n), x);
}

/* Four floats of each of n rows, ld floats apart, in the quarters of a vector; with cols below 4 only so many
 * of each are read. What is not read is 0. */
static inline vf vf_load_quads(const float *p, size_t ld, int n, int cols)
{
    const __m128i mask = _mm256_castsi256_si128(lanes_first(cols));
    const __m128 zero = _mm_setzero_ps();
    const __m128 low = n < 1 ? zero : cols == 4 ? _mm_loadu_ps(p) : _mm_maskload_ps(p, mask);
    const __m128 high = n < 2 ? zero : cols == 4 ? _mm_loadu_ps(p + ld) : _mm_maskload_ps(p + ld, mask);
    return _mm256_set_m128(high, low);
}
/* Within each quarter (4 floats) of a vector: a0 b0 a1 b1, a2 b2 a3 b3; a0 a1 b0 b1, a2 a3 b2 b3. */
static inline vf vf_interleave_low(vf a, vf b)
{
    return _mm256_unpacklo_ps(a, b);
}
static inline vf vf_interleave_high(vf a, vf b)
{
    return _mm256_unpackhi_ps(a, b);
}
static inline vf vf_pairs_low(vf a, vf b)
{
    return _mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0));
}
static inline vf vf_pairs_high(vf a, vf b)
{
    return _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2));
}

static inline vm vm_gt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
static inline vm vm_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
static inline vm vm_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
/* A bit for every chosen lane, the first in bit 0. */
static inline unsigned vm_bits(vm m)
{
    return (unsigned)_mm256_movemask_ps(m);
}
static inline vm vm_nan(vf a)
{
    return _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
}
/* Positive and subnormal, or +0. */
static inline vm vm_subnormal(vf a)
{
    const __m256i bits = _mm256_castps_si256(a), largest = _mm256_set1_epi32(0x007fffff);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_min_epu32(bits, largest), bits));
}
/* other where m, else a * b; where m, b is not looked at. */
static inline vf vf_mul_or(vm m, vf other, vf a, vf b)
{
    return _mm256_or_ps(_mm256_and_ps(m, other), _mm256_mul_ps(a, _mm256_andnot_ps(m, b)));
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, m);
}
static inline vf vf_keep(vm m, vf x)
{
    return _mm256_and_ps(m, x);
} /* x where m, else +0 */

static inline vf vf_round(vf a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vi vi_set1(int x)
{
    return _mm256_set1_epi32(x);
}
static inline vi vi_from_vf(vf a)
{
    return _mm256_cvtps_epi32(a);
}
static inline vf vf_from_vi(vi a)
{
    return _mm256_cvtepi32_ps(a);
}
static inline vi vi_bits(vf a)
{
    return _mm256_castps_si256(a);
}
static inline vf vf_bits(vi a)
{
    return _mm256_castsi256_ps(a);
}
static inline vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}
static inline vi vi_sub(vi a, vi b)
{
    return _mm256_sub_epi32(a, b);
}
static inline vi vi_and(vi a, vi b)
{
    return _mm256_and_si256(a, b);
}
static inline vi vi_shl23(vi a)
{
    return _mm256_slli_epi32(a, 23);
}
static inline vi vi_sar(vi a, int n)
{
    return _mm256_srai_epi32(a, n);
}

static inline vf vf_from_u8(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

/* Whole numbers without a sign, one a lane: of VL bytes; of eight halves of a word. */
static inline vi vi_from_u8(const uint8_t *p)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}
static inline vi vi_from_u16(const __m128i *eights)
{
    return _mm256_cvtepu16_epi32(eights[0]);
}
/* 0, 1, 2, ... */
static inline vi vi_lanes(void)
{
    return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}
static inline vi vi_or(vi a, vi b)
{
    return _mm256_or_si256(a, b);
}
static inline vi vi_shl(vi a, int n)
{
    return _mm256_slli_epi32(a, n);
}
static inline void store_chosen(uint32_t *to, __m128i x, const int32_t *order)
{
    const __m128i lanes = _mm_loadu_si128((const __m128i *)(const void *)order);
    const __m128i front = _mm_castps_si128(_mm_permutevar_ps(_mm_castsi128_ps(x), lanes));
    _mm_storeu_si128((__m128i *)(void *)to, front);
}
/* Lanes of x where `keep`, which is >= 0, is not 0, one after the other; returns how many. Writes up to VL
 * numbers, whatever it returns. */
static inline uint32_t vi_store_selected(uint32_t *to, vi keep, vi x)
{
    /* The lanes that a mask of four chooses, the others after them. */
    static const int32_t order[16][4] = {{0},    {0},       {1},       {0, 1},      {2},    {0, 2},
                                         {1, 2}, {0, 1, 2}, {3},       {0, 3},      {1, 3}, {0, 1, 3},
                                         {2, 3}, {0, 2, 3}, {1, 2, 3}, {0, 1, 2, 3}};
    const __m256i chosen = _mm256_cmpgt_epi32(keep, _mm256_setzero_si256());
    const unsigned lanes = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(chosen));
    const uint32_t first = (uint32_t)__builtin_popcount(lanes & 15);
    store_chosen(to, _mm256_castsi256_si128(x), order[lanes & 15]);
    store_chosen(to + first, _mm256_extracti128_si256(x, 1), order[lanes >> 4]);
    return first + (uint32_t)__builtin_popcount(lanes >> 4);
}

/* Sum and maximum over all lanes, in one fixed order. */
static inline float vf_reduce_add(vf a)
{
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline float vf_reduce_max(vf a)
{
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

#endif
