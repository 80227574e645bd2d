/* SPDX-License-Identifier: MIT */
#include "proof/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int cases_slacks[4] = {0, 1, 3, 17};

static int ascending(const void *x, const void *y)
{
    const int a = *(const int *)x, b = *(const int *)y;
    return (a > b) - (a < b);
}

/* Sorts, drops repetitions and what lies outside 1..CASES_MAX_EXTENT. */
static int tidy(int *list, int count)
{
    int left = 0;
    qsort(list, (size_t)count, sizeof *list, ascending);
    for (int i = 0; i < count; i++) {
        const bool fits = list[i] >= 1 && list[i] <= CASES_MAX_EXTENT;
        if (fits && (left == 0 || list[left - 1] != list[i])) list[left++] = list[i];
    }
    return left;
}

int cases_sizes(const struct blocking *b, int *sizes)
{
    static const int vectors[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 128};
    const int blocks[] = {b->mr, b->nr, b->mc, b->nc};
    int count = 0;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) sizes[count++] = vectors[i];
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        for (int d = -1; blocks[i] > 0 && d <= 1; d++) sizes[count++] = blocks[i] + d;
    return tidy(sizes, count);
}

int cases_depths(const struct blocking *b, int *depths)
{
    const int kc = b->kc > 0 && 2 * b->kc < CASES_MAX_EXTENT ? b->kc : 256;
    const int list[] = {kc - 1, kc,  kc + 1, 2 * kc - 1, 2 * kc, 2 * kc + 1, 127,
                        128,    129, 784,    b->kc - 1,  b->kc,  b->kc + 1};
    int count = 0;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) depths[count++] = list[i];
    return tidy(depths, count);
}

int cases_counts(struct rng *r, int least, int *counts)
{
    int count = 0;
    for (int n = least; n <= CASES_ALL_RESIDUES; n++) counts[count++] = n;
    for (int power = 64; power <= 1024; power *= 2) { /* both sides, and a tail of any length */
        for (int d = -1; d <= 1; d++) counts[count++] = power + d;
        for (int i = 0; i < 4; i++) counts[count++] = power + (int)rng_below(r, (uint32_t)power);
    }
    counts[count++] = 2048 + (int)rng_below(r, 6144);
    counts[count++] = (1 << 16) + 1 + (int)rng_below(r, 4095);
    return count;
}

int cases_lengths(struct rng *r, size_t *lengths)
{
    static const size_t ends[] = {4095, 4096, 65535, 65536, 65537, 100003, (1 << 20) - 1};
    int count = 0;
    for (size_t power = 64; power <= 1 << 17; power *= 2) {
        lengths[count++] = power + rng_below(r, (uint32_t)power);
        if (power <= 4096) lengths[count++] = power + rng_below(r, (uint32_t)power);
    }
    lengths[count++] = CASES_LONGEST / 2 + rng_below(r, CASES_LONGEST / 2);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) lengths[count++] = ends[i];
    return count;
}

float cases_log_uniform(struct rng *r, int lo, int hi)
{
    const float mantissa = rng_float(r, 1.0f, 2.0f);
    const int exponent = lo + (int)rng_below(r, (uint32_t)(hi - lo));
    return ldexpf(rng_below(r, 2) ? mantissa : -mantissa, exponent);
}

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float cases_awkward(struct rng *r)
{
    const uint32_t infinity = 0x7f800000u, fraction = 0x007fffffu, sign = rng_below(r, 2) << 31;
    switch (rng_below(r, 8)) {
    case 0:
        return of_bits(sign | infinity | (1 + rng_below(r, fraction)));
    case 1:
        return of_bits(sign | infinity);
    case 2:
    case 3:
        return of_bits(sign);
    case 4:
        return of_bits(sign | (1 + rng_below(r, fraction)));
    case 5:
        return cases_log_uniform(r, 120, 128);
    case 6:
        return cases_log_uniform(r, -126, -120);
    default:
        return sign ? -1.0f : 1.0f;
    }
}

void cases_image(struct rng *r, uint8_t *pixels, int count)
{
    for (int i = 0; i < count; i++) pixels[i] = rng_below(r, 100) < 19 ? (uint8_t)(1 + rng_below(r, 255)) : 0;
}
