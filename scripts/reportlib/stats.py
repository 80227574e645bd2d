# SPDX-License-Identifier: MIT
"""Medians and their bootstrap intervals.

An interval is the 2.5 % to 97.5 % percentile of the statistic over RESAMPLES resamples with replacement. The generator
is seeded, so the same rows give the same page. Below LEAST values there is no interval: a resample of four values says
next to nothing about a fifth."""

import functools
import math
import random
import statistics

RESAMPLES = 2000
LEAST = 5


def median(values):
    return statistics.median(values) if values else None


def _percentiles(resampled):
    resampled.sort()
    last = len(resampled) - 1
    return resampled[round(0.025 * last)], resampled[round(0.975 * last)]


@functools.lru_cache(maxsize=None)
def median_interval(values):
    """(low, high), or None with fewer than LEAST values. A tuple, for it is asked for many times."""
    if len(values) < LEAST:
        return None
    draw = random.Random(1)
    return _percentiles([statistics.median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES)])


@functools.lru_cache(maxsize=None)
def ratio_interval(base, other, paired):
    """Interval of median(base) / median(other), both tuples.

    paired: base[i] and other[i] were measured in the same round, so pairs are resampled together and what disturbed
    both cancels. Otherwise each side is resampled by itself. None when either side has fewer than LEAST values."""
    if min(len(base), len(other)) < LEAST:
        return None
    draw = random.Random(2)
    ratios = []
    for _ in range(RESAMPLES):
        if paired:
            picks = draw.choices(range(len(base)), k=len(base))
            top, bottom = [base[i] for i in picks], [other[i] for i in picks]
        else:
            top, bottom = draw.choices(base, k=len(base)), draw.choices(other, k=len(other))
        ratios.append(statistics.median(top) / statistics.median(bottom))
    return _percentiles(ratios)


def spread_share(values):
    """Distance of the quartiles as a share of the median; 0 with fewer than LEAST values."""
    if len(values) < LEAST:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / middle if middle > 0 else 0.0


def halves_shift(values):
    """median of the second half / median of the first half - 1; 0 with fewer than 2 * LEAST values."""
    if len(values) < 2 * LEAST:
        return 0.0
    half = len(values) // 2
    first = statistics.median(values[:half])
    return statistics.median(values[-half:]) / first - 1 if first > 0 else 0.0


def log_span(values):
    """Largest / smallest of positive values; 1 without any."""
    positive = [v for v in values if v > 0 and math.isfinite(v)]
    return max(positive) / min(positive) if positive else 1.0
