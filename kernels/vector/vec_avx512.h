/* SPDX-License-Identifier: MIT
 *
 * The vector vocabulary of the shared loop nests, in AVX-512 F/BW/DQ/VL: 16 floats a vector. vec_avx2.h says
 * the same names with 8. Every vector file includes exactly one of the two. */
#ifndef LB_VEC_H
#define LB_VEC_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

enum { VL = 16 };
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

static inline vf vf_zero(void)
{
    return _mm512_setzero_ps();
}
static inline vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}
static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
} /* a*b + c */
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
} /* c - a*b */
static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
} /* b where either is NaN */
static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
} /* b where either is NaN */

/* The first n (0..VL) lanes; the others read as 0 and are neither read from nor written to memory. */
static inline vm vm_first(int n)
{
    return (vm)((1u << n) - 1u);
}
static inline vf vf_load_first(const float *p, int n)
{
    return _mm512_maskz_loadu_ps(vm_first(n), p);
}
static inline void vf_store_first(float *p, int n, vf x)
{
    _mm512_mask_storeu_ps(p, vm_first(n), x);
}

/* Four floats of each of n rows, ld floats apart, in the quarters of a vector; with cols below 4 only so many
 * of each are read. What is not read is 0. */
static inline __m128 load_quad(const float *p, bool there, int cols)
{
    if (!there) return _mm_setzero_ps();
    return cols == 4 ? _mm_loadu_ps(p) : _mm_maskz_loadu_ps((__mmask8)((1u << cols) - 1u), p);
}
static inline vf vf_load_quads(const float *p, size_t ld, int n, int cols)
{
    vf x = _mm512_castps128_ps512(load_quad(p, n > 0, cols));
    x = _mm512_insertf32x4(x, load_quad(n > 1 ? p + ld : p, n > 1, cols), 1);
    x = _mm512_insertf32x4(x, load_quad(n > 2 ? p + 2 * ld : p, n > 2, cols), 2);
    return _mm512_insertf32x4(x, load_quad(n > 3 ? p + 3 * ld : p, n > 3, cols), 3);
}
/* Within each quarter (4 floats) of a vector: a0 b0 a1 b1, a2 b2 a3 b3; a0 a1 b0 b1, a2 a3 b2 b3. */
static inline vf vf_interleave_low(vf a, vf b)
{
    return _mm512_unpacklo_ps(a, b);
}
static inline vf vf_interleave_high(vf a, vf b)
{
    return _mm512_unpackhi_ps(a, b);
}
static inline vf vf_pairs_low(vf a, vf b)
{
    return _mm512_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0));
}
static inline vf vf_pairs_high(vf a, vf b)
{
    return _mm512_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2));
}

static inline vm vm_gt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
static inline vm vm_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
static inline vm vm_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
/* A bit for every chosen lane, the first in bit 0. */
static inline unsigned vm_bits(vm m)
{
    return m;
}
static inline vm vm_nan(vf a)
{
    return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}
/* Positive and subnormal, or +0. */
static inline vm vm_subnormal(vf a)
{
    return _mm512_cmplt_epu32_mask(_mm512_castps_si512(a), _mm512_set1_epi32(0x00800000));
}
/* other where m, else a * b; where m, a and b are not looked at. */
static inline vf vf_mul_or(vm m, vf other, vf a, vf b)
{
    return _mm512_mask_mul_ps(other, _knot_mask16(m), a, b);
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return _mm512_mask_blend_ps(m, no, yes);
}
static inline vf vf_keep(vm m, vf x)
{
    return _mm512_maskz_mov_ps(m, x);
} /* x where m, else +0 */

static inline vf vf_round(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vi vi_set1(int x)
{
    return _mm512_set1_epi32(x);
}
static inline vi vi_from_vf(vf a)
{
    return _mm512_cvtps_epi32(a);
}
static inline vf vf_from_vi(vi a)
{
    return _mm512_cvtepi32_ps(a);
}
static inline vi vi_bits(vf a)
{
    return _mm512_castps_si512(a);
}
static inline vf vf_bits(vi a)
{
    return _mm512_castsi512_ps(a);
}
static inline vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}
static inline vi vi_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}
static inline vi vi_and(vi a, vi b)
{
    return _mm512_and_si512(a, b);
}
static inline vi vi_shl23(vi a)
{
    return _mm512_slli_epi32(a, 23);
}
static inline vi vi_sar(vi a, int n)
{
    return _mm512_srai_epi32(a, (unsigned)n);
}

static inline vf vf_from_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}

/* Whole numbers without a sign, one a lane: of VL bytes; of two times eight halves of a word. */
static inline vi vi_from_u8(const uint8_t *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}
static inline vi vi_from_u16(const __m128i *eights)
{
    return _mm512_cvtepu16_epi32(_mm256_set_m128i(eights[1], eights[0]));
}
/* 0, 1, 2, ... */
static inline vi vi_lanes(void)
{
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
static inline vi vi_or(vi a, vi b)
{
    return _mm512_or_si512(a, b);
}
static inline vi vi_shl(vi a, int n)
{
    return _mm512_slli_epi32(a, (unsigned)n);
}
/* Lanes of x where `keep`, which is >= 0, is not 0, one after the other; returns how many. Writes up to VL
 * numbers, whatever it returns. */
static inline uint32_t vi_store_selected(uint32_t *to, vi keep, vi x)
{
    const __mmask16 selected = _mm512_test_epi32_mask(keep, keep);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(selected, x));
    return (uint32_t)__builtin_popcount(selected);
}

/* Sum and maximum over all lanes, in one fixed order. */
static inline float vf_reduce_add(vf a)
{
    return _mm512_reduce_add_ps(a);
}
static inline float vf_reduce_max(vf a)
{
    return _mm512_reduce_max_ps(a);
}

#endif
