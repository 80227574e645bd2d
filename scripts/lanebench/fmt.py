# SPDX-License-Identifier: MIT
"""Numbers and lists as a reader wants them: digits that follow the uncertainty, units, thousands."""

import math

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
ROUNDS_UP = 0.9995  # to a whole of the next unit
NOT_MEASURED = "–"


def three_digits(number):
    """Decimal places of three significant digits. 99.97 is shown as 100, so that its digits are those of 100."""
    return max(0, 2 - int(f"{number:.2e}".rpartition("e")[2])) if number else 2


def decimals_for(number, interval):
    """Decimal places that show the first digit of the interval's half width, and a second one after a 1; three
    significant digits without an interval."""
    if interval and interval[1] > interval[0]:
        half = (interval[1] - interval[0]) / 2
        power = math.floor(math.log10(half))
        return max(0, (1 if half < 2 * 10.0 ** power else 0) - power)
    return three_digits(number)


def rounded(number, interval=None, most=6):
    if number is None or not math.isfinite(number):
        return NOT_MEASURED if number is None or math.isnan(number) else ("∞" if number > 0 else "−∞")
    places = min(decimals_for(number, interval), three_digits(number) + 1, most)
    return grouped(f"{number:.{places}f}")


def grouped(text):
    """Thin spaces between thousands, from five digits on."""
    whole, point, rest = text.partition(".")
    sign, digits = ("−", whole[1:]) if whole.startswith("-") else ("", whole)
    if len(digits) > 4:
        digits = f"{int(digits):,}".replace(",", "\u202f")
    return sign + digits + point + rest


def unit_of(seconds):
    return next((u for u in UNITS if abs(seconds) >= ROUNDS_UP * u[0]), UNITS[-1])


def seconds(number, interval=None):
    """'298 ms', with the unit that suits."""
    if number is None or not math.isfinite(number):
        return NOT_MEASURED
    scale, unit = unit_of(number)
    inside = tuple(v / scale for v in interval) if interval else None
    return f"{rounded(number / scale, inside)} {unit}"


def seconds_range(interval, like):
    """'287–309 ms', in the unit and with the digits of the median it belongs to."""
    scale, unit = unit_of(like)
    low, high = (v / scale for v in interval)
    return f"{span(rounded(low, (low, high)), rounded(high, (low, high)))} {unit}"


def span(low, high):
    """With word joiners, so that no line ends inside."""
    return f"{low}\u2060–\u2060{high}"


def ratio_places(factor):
    """Decimal places, as on the console (harness/console/speedup_view.c): 1 from 10 on, else 2; three digits below 0.1."""
    return 1 if factor >= 10 else 2 if factor >= 0.1 else three_digits(factor)


def times(factor):
    """'1.43x': the one notation for how many times the speed, on the console, in charts and reports alike."""
    return NOT_MEASURED if factor is None else grouped(f"{factor:.{ratio_places(factor)}f}") + "x"


def times_range(factor, interval):
    """'1.37–1.47', with the digits of the factor it belongs to."""
    return span(*(grouped(f"{end:.{ratio_places(factor)}f}") for end in interval))


def times_and_range(factor, interval=None):
    """'1.43x (1.37–1.47)'."""
    return times(factor) + (f" ({times_range(factor, interval)})" if interval else "")


def percent(share, places=0):
    return f"{100 * share:.{places}f}\u00a0%".replace("-", "−")


def signed_percent(share):
    return f"{100 * share:+.1f}\u00a0%".replace("-", "−")


def count(number, one, many=None):
    """'1 epoch', '20 epochs', '8 895 cases'."""
    return f"{grouped(str(number))} {one if number == 1 else many or one + 's'}"


def listed(names):
    """'a', 'a and b', 'a, b and c'."""
    names = list(names)
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""


def bytes_text(number):
    for scale, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= scale:
            return f"{number / scale:.3g} {unit}"
    return f"{number} bytes"


def shortened(text, most):
    return text if len(text) <= most else text[:max(1, most - 1)] + "…"
