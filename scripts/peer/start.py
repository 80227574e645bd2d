# SPDX-License-Identifier: MIT
"""The start of a training as bench makes it, bit for bit: weights and sample order of a seed (harness/base/rng.h,
harness/train/network.c, harness/train/epoch.c)."""

import math
import struct
from array import array

MASK = (1 << 64) - 1
WEIGHT_STREAM = 1
ORDER_STREAM = 1 << 32  # of epoch 0; epochs count from 1


def single(x):
    """x rounded to float32."""
    return struct.unpack("f", struct.pack("f", x))[0]


class Rng:
    """xoshiro256** 1.0, seeded through SplitMix64."""

    def __init__(self, seed, stream):
        x = (seed ^ (stream * 0xd1342543de82ef95 + 0x2545f4914f6cdd1d)) & MASK
        self.s = []
        for _ in range(4):
            x = (x + 0x9e3779b97f4a7c15) & MASK
            z = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & MASK
            z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & MASK
            self.s.append(z ^ (z >> 31))

    def u64(self):
        a, b, c, d = self.s
        product = (b * 5) & MASK
        result = ((product << 7 | product >> 57) * 9) & MASK
        c ^= a
        d ^= b
        self.s = [a ^ d, b ^ c, c ^ (b << 17 & MASK), (d << 45 | d >> 19) & MASK]
        return result

    def below(self, n):
        """Uniform in [0, n), by Lemire's multiply-and-reject."""
        m = (self.u64() >> 32) * n
        if m & 0xffffffff < n:
            threshold = (1 << 32) % n
            while m & 0xffffffff < threshold:
                m = (self.u64() >> 32) * n
        return m >> 32

    def unit(self):
        """Uniform in [0, 1), 53 bits."""
        return (self.u64() >> 11) * 2.0 ** -53


def glorot(rng, fan_in, fan_out):
    """fan_in x fan_out weights, row-major, uniform within +-sqrt(6 / (fan_in + fan_out))."""
    limit = single(math.sqrt(6.0 / (fan_in + fan_out)))
    width = single(limit + limit)
    return array("f", (-limit + width * rng.unit() for _ in range(fan_in * fan_out)))


def weights(seed, inputs, hidden, classes):
    """w1 (inputs x hidden) and w2 (hidden x classes); the biases start at zero."""
    rng = Rng(seed, WEIGHT_STREAM)
    return glorot(rng, inputs, hidden), glorot(rng, hidden, classes)


def order(seed, epoch, count):
    """The permutation of 0..count-1 in which an epoch (from 1) sees the samples."""
    rng = Rng(seed, ORDER_STREAM + epoch)
    places = array("q", range(count))
    for i in range(count, 1, -1):
        j = rng.below(i)
        places[i - 1], places[j] = places[j], places[i - 1]
    return places
