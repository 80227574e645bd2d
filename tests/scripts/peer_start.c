/* SPDX-License-Identifier: MIT
 *
 * peer_start SEED EPOCH COUNT INPUTS HIDDEN CLASSES: writes how a training starts, as raw numbers: the order
 * of COUNT samples in EPOCH (uint32), then the weights of both layers (float). For comparison with the
 * PyTorch peer's. */
#include <stdio.h>
#include <stdlib.h>

#include "train/epoch.h"
#include "train/network.h"

static int put(const void *data, size_t size, size_t count)
{
    return fwrite(data, size, count, stdout) == count ? 0 : 1;
}

static int put_order(uint32_t count, uint64_t seed, int epoch)
{
    uint32_t *order = malloc(count * sizeof *order);
    if (!order) return 1;
    epoch_order(order, count, seed, epoch);
    const int failed = put(order, sizeof *order, count);
    free(order);
    return failed;
}

static int put_weights(const struct shape *s, uint64_t seed)
{
    struct model m;
    network_alloc(&m, s);
    if (!m.w.w1) return 1;
    network_init(&m, s, seed);
    const int failed = put(m.w.w1, sizeof(float), tensor_count(s, TENSOR_W1)) ||
                       put(m.w.w2, sizeof(float), tensor_count(s, TENSOR_W2));
    network_free(&m);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    const uint64_t seed = strtoull(argv[1], NULL, 10);
    const struct shape shape = {atoi(argv[4]), atoi(argv[5]), atoi(argv[6])};
    if (put_order((uint32_t)strtoul(argv[3], NULL, 10), seed, atoi(argv[2]))) return 1;
    return put_weights(&shape, seed) || fflush(stdout) != 0;
}
