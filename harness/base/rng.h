/* SPDX-License-Identifier: MIT
 *
 * The harness' own pseudo-random numbers, so that one seed means the same weights and the same order on every
 * machine and C library. xoshiro256** 1.0 (Blackman and Vigna, 2018), seeded through SplitMix64 as its
 * authors advise. */
#ifndef LB_RNG_H
#define LB_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

static inline uint64_t rng_splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* stream separates independent uses of one seed. */
static inline struct rng rng_seed(uint64_t seed, uint64_t stream)
{
    struct rng r;
    uint64_t x = seed ^ (stream * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du);
    for (int i = 0; i < 4; i++) r.s[i] = rng_splitmix(&x);
    return r;
}

static inline uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    const uint64_t product = s[1] * 5;
    const uint64_t result = ((product << 7) | (product >> 57)) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* Uniform in [0, n), n >= 1, without modulo bias (Lemire's multiply-and-reject). */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint64_t m = (rng_u64(r) >> 32) * n;
    if ((uint32_t)m < n) {
        const uint32_t threshold = (0u - n) % n;
        while ((uint32_t)m < threshold) m = (rng_u64(r) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

/* Uniform in [0, 1), 53 bits. */
static inline double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* Uniform in [lo, hi). */
static inline float rng_float(struct rng *r, float lo, float hi)
{
    return (float)(lo + (hi - lo) * rng_unit(r));
}

#endif
