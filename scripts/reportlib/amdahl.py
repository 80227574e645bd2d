# SPDX-License-Identifier: MIT
"""Amdahl's law on two backends: how much faster the matrix products became, how much the epoch, and where its time
goes now. The same rule as in the program's summary (harness/results/amdahl.c)."""

from . import words

OPS = ("bias_act", "bias_grad", "gather", "relu_grad", "rmsprop", "softmax_xent")
PRODUCTS = ("forward1", "forward2", "backward1", "backward2")
REST = ("barrier", "other")


class Comparison:
    """products, epoch: how many times as fast. along: ops counted with the products. largest: the largest part of the
    fast one outside them, or None; share: of it in the fast one's epoch; before: in the slow one's."""

    def __init__(self, products, epoch, along, largest, share, before):
        self.products, self.epoch, self.along = products, epoch, along
        self.largest, self.share, self.before = largest, share, before


def is_product(name):
    return name in PRODUCTS or name.startswith("gemm ")


def compare(slow, fast, slow_epoch, fast_epoch):
    """slow, fast: lists of (name, median seconds). An op that one of the two has no line for is inside that one's
    products, so it is counted with the products in both. None where nothing can be said: a side without products, or
    with a line of an unknown name, in which anything may be."""
    own = []
    for parts in (slow, fast):
        names = [n for n, _ in parts]
        if any(n not in OPS and n not in REST and not is_product(n) for n in names):
            return None
        own.append(set(names))
    along = [op for op in OPS if op not in own[0] or op not in own[1]]
    before, now = (sum(s for n, s in parts if is_product(n) or n in along) for parts in (slow, fast))
    if not (before > 0 and now > 0 and slow_epoch > 0 and fast_epoch > 0):
        return None
    outside = [(n, s) for n, s in fast if not is_product(n) and n not in along and s > 0]
    largest, seconds = max(outside, key=lambda p: p[1]) if outside else (None, 0.0)
    earlier = sum(s for n, s in slow if n == largest)
    return Comparison(before / now, slow_epoch / fast_epoch, along, largest, seconds / sum(s for _, s in fast),
                      earlier / sum(s for _, s in slow))


def sentence(found, slow, fast):
    """slow, fast: names."""
    what = "GEMM" + (f" with {words.listed(found.along)}" if found.along else "")
    text = (f"{fast} against {slow}: {what} {words.times(found.products)} as fast, epoch {words.times(found.epoch)}")
    if found.largest:
        text += (f": {share_text(found.share)} of the epoch is now {found.largest} "
                 f"({share_text(found.before)} before)")
    return text + "."


def share_text(share):
    return words.percent(share, 0 if share >= 0.1 else 1)
