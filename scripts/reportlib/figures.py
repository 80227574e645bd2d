# SPDX-License-Identifier: MIT
"""What several sections need to know about a backend's epochs: its seconds, median, speed, and the ratio to another."""

import math

from plotlib.runs import deviation_of

from . import stats
from .load import finite, value


CUT = 5


def axis_end(values):
    """Upper end of an axis from 0 on which the fast ones can be told apart: a group that is more than CUT times slower
    than all others is cut off."""
    ordered = sorted(values)
    for fast, slow in reversed(list(zip(ordered, ordered[1:]))):
        if slow > CUT * fast:
            return fast
    return ordered[-1]


def timed(runs):
    return [b for run in runs for b in run.timed()]


def seconds_of(backend):
    """Training seconds of the epochs after the first (of the only one)."""
    return finite(backend.warm, "train_seconds")


def median_seconds(backend):
    return stats.median(seconds_of(backend))


def interval(backend):
    return stats.median_interval(tuple(seconds_of(backend)))


def speed(backend):
    """GFLOP/s at the median epoch time; None when not measured."""
    flop = [v for v in (value(e, "gflops") * value(e, "train_seconds") for e in backend.epochs) if math.isfinite(v)]
    return flop[-1] / median_seconds(backend) if flop else None


def share_of_peak(backend):
    return stats.median(finite(backend.warm, "share_of_peak"))


def last_accuracy(backend):
    """Validation accuracy after the last epoch, as the row that has it; None when not measured."""
    rows = [e for e in backend.epochs if math.isfinite(value(e, "val_accuracy"))]
    return rows[-1] if rows else None


def worst_share(backend):
    proof = [r for r in backend.proof if not deviation_of(r)]
    shares = finite(proof, "worst_error_of_bound") or finite(backend.epochs, "worst_error_of_bound")
    return max(shares) if shares else None


def by_round(backend):
    """Seconds of the epochs after the first by round; {} in files that do not know rounds."""
    pairs = ((value(e, "round"), value(e, "train_seconds")) for e in backend.warm)
    return {r: s for r, s in pairs if math.isfinite(r) and math.isfinite(s)}


def speedup(base, other):
    """How many times faster other is than base: (ratio of the medians, its interval or None, whether by rounds)."""
    factor = median_seconds(base) / median_seconds(other)
    rounds = (by_round(base), by_round(other))
    common = sorted(rounds[0].keys() & rounds[1].keys()) if base.run is other.run else []
    paired = len(common) >= stats.LEAST and len(common) == len(base.warm) == len(other.warm)
    if paired:
        sides = (tuple(times[r] for r in common) for times in rounds)
    else:
        sides = (tuple(seconds_of(b)) for b in (base, other))
    return factor, stats.ratio_interval(*sides, paired), paired
