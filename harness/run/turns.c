/* SPDX-License-Identifier: MIT */
#include "run/turns.h"

#include "base/rng.h"

/* Random streams: epoch_order has those from 2^32, network_init those below. */
static const uint64_t round_stream = (uint64_t)1 << 33, block_stream = (uint64_t)1 << 34;

static void shuffle(int *values, int count, struct rng *rng)
{
    for (int i = 0; i < count; i++) values[i] = i;
    for (int i = count; i > 1; i--) {
        const uint32_t j = rng_below(rng, (uint32_t)i);
        const int swap = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swap;
    }
}

void turns_shuffled(int *order, int count, uint64_t seed, int round)
{
    struct rng rng = rng_seed(seed, round_stream + (uint64_t)round);
    shuffle(order, count, &rng);
}

/* The rotations of a random order, and those of its mirror image, in a random sequence. */
void turns_balanced(int *order, int count, uint64_t seed, int round)
{
    int base[TURNS_MAX], variants[2 * TURNS_MAX];
    const int size = 2 * count, block = (round - 1) / size;
    struct rng rng = rng_seed(seed, block_stream + (uint64_t)block);
    shuffle(base, count, &rng);
    shuffle(variants, size, &rng);
    const int variant = variants[(round - 1) % size];
    for (int i = 0; i < count; i++) {
        const int from = (variant + i) % count;
        order[i] = base[variant < count ? from : count - 1 - from];
    }
}

void turns_mirrored(int *order, int count, int round)
{
    for (int i = 0; i < count; i++) order[i] = round % 2 ? i : count - 1 - i;
}

void turns_of_round(enum turn_order kind, int *order, int count, uint64_t seed, int round)
{
    switch (kind) {
    case TURNS_SHUFFLED:
        turns_shuffled(order, count, seed, round);
        break;
    case TURNS_BALANCED:
        turns_balanced(order, count, seed, round);
        break;
    case TURNS_MIRRORED:
        turns_mirrored(order, count, round);
        break;
    }
}
