# SPDX-License-Identifier: MIT
"""From values to places on a chart: where axes end, linear and logarithmic ones, round ticks."""

import math

from .rows import finite

MAX_PLACES = 5  # decimal places that fit beside an axis
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
CUT = 5


def axis_end(values):
    """Upper end of an axis from 0 on which the fast ones can be distinguished: a group that is more than CUT times
    slower than all others is cut off."""
    ordered = sorted(values)
    for fast, slow in reversed(list(zip(ordered, ordered[1:]))):
        if slow > CUT * fast:
            return fast
    return ordered[-1]


def time_axis_end(backends):
    """The same for all epochs of backends, judged by their medians, so that one disturbed epoch hides no other."""
    largest = [(b, max(finite(b.epochs, "train_seconds"))) for b in backends]
    end = axis_end([b.seconds or seconds for b, seconds in largest])
    return max(seconds for b, seconds in largest if (b.seconds or seconds) <= end)


class Linear:
    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, number):
        share = (number - self.low) / ((self.high - self.low) or 1)
        return self.start + share * (self.end - self.start)

    def ticks(self, most):
        """Multiples of 1, 2 or 5 times a power of ten, at most that many, as (value, text)."""
        span = self.high - self.low
        if span <= 0:
            return [(self.low, plain(self.low))]
        power = 10.0 ** math.floor(math.log10(span / most))
        step = next((s * power for s in (1, 2, 5, 10, 20) if span / (s * power) <= most), 20 * power)
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        if places > MAX_PLACES:
            return [(i * step, powered(i * step, places)) for i in range(first, last + 1)]
        return [(i * step, plain(i * step, places)) for i in range(first, last + 1)]


class Log:
    """low and high are positive."""

    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, number):
        share = math.log(number / self.low) / (math.log(self.high / self.low) or 1)
        return self.start + share * (self.end - self.start)

    def ticks(self, most):
        """Powers of ten, on a shorter axis the numbers between, on a very short one as if it were linear."""
        if self.high < 2.5 * self.low:
            return Linear(self.low, self.high, 0, 1).ticks(most)
        for digits in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
            found = self._multiples(digits)
            if len(found) <= most:
                break
        while len(found) > most:
            found = found[::2]
        return [(v, f"{v:.3g}" if v < 1000 else f"{v:.0f}") for v in found]

    def _multiples(self, digits):
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = (d * 10.0 ** p for p in powers for d in digits)
        return [v for v in values if self.low * 0.9999 <= v <= self.high * 1.0001]


def plain(number, places=0):
    text = f"{number:.{places}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def powered(number, places):
    """'−2·10⁻⁸': whole multiples of a small power of ten."""
    digits = plain(number * 10.0 ** places)
    return digits if digits == "0" else f"{digits}·10⁻{str(places).translate(RAISED)}"


def epoch_ticks(last, most):
    """1 and round numbers up to last, at most that many."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, last) if last / s < most)
    ticks = sorted({1, *range(step, last + 1, step)}) if step != 2 else list(range(1, last + 1, 2))
    if len(ticks) > 1 and ticks[1] - ticks[0] < 0.5 * step:
        del ticks[1]
    return [(t, str(t)) for t in ticks]


def padded(values, share=0.06):
    """The range of the values with some air, never empty."""
    low, high = min(values), max(values)
    air = (high - low) * share or abs(high) * share or 1.0
    return low - air, high + air
