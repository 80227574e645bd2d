# SPDX-License-Identifier: MIT
"""How many times faster, with whiskers: against chosen backends of the same run, and run against run."""

from lanebench import fmt, scales
from lanebench.run import Speedup, interval_of, number, timed

from . import markup
from .svg import Chart, lines

ROW = 44


def render(runs, bases, comparison):
    panels = [panel(runs, base) for base in bases]
    panels += [paired(run) for run in runs]
    panels += [between(comparison, run) for run in comparison.runs[1:]]
    panels = [p for p in panels if p]
    if not panels:
        return ""
    text = ("Where both ran in the same rounds: median of the rounds' ratios, in which common disturbances cancel. "
            "Whiskers: its 95\u00a0% interval; one that contains 1 shows no difference. Not established: fewer than "
            "six rounds or epochs, or at least half of them were disturbed.")
    return markup.section("speed-up", "Speed-up", markup.note(text), markup.pair(*panels))


def panel(runs, base):
    """None when no run has that backend beside another."""
    pairs = ((b, b.run.base(base)) for b in timed(runs))
    found = ((b, b.speedup_over(other)) for b, other in pairs if other and other is not b)
    rows = [(b, up) for b, up in found if up]
    if not rows:
        return None
    title = next(found.titled for found in (run.base(base) for run in runs) if found)
    return markup.figure(f"Against {title}", "", lambda width: draw(rows, base, width), half=True)


def paired_rows(run):
    """What a framework that took turns with runs of bench says of its host's backends: their speed-up over it."""
    rows = [(run.host and run.host.find(name), found) for name, found in run.paired()]
    return [(backend, Speedup(number(found["torch_times_longer"]), interval_of(found), found.get("rounds") or 0))
            for backend, found in rows if backend]


def paired(run):
    rows = paired_rows(run)
    if not rows:
        return None
    caption = "From paired.csv: turns of the framework and runs of bench in alternation; the median over the rounds."
    name = run.backends[0].name
    return markup.figure(f"Against {name}", caption, lambda width: draw(rows, name, width), half=True)


def between(comparison, second):
    """The same backends in two runs. The runs did not take turns, which the caption says."""
    first, rows = comparison.runs[0], comparison.speedups(second)
    if not rows:
        return None
    caption = ("Two separate runs: ratio of the medians, and the interval of at least 90\u00a0% that follows from "
               "theirs. If the machine changed between them, that changes the ratio but widens no interval.")
    name = f"run {first.tag}"
    return markup.figure(f"Run {second.tag} against run {first.tag}", caption, lambda width: draw(rows, name, width),
                         half=True)


def bounds(rows):
    """Range of the axis: 1, and all bars with their whiskers. Bars that are several times slower than all others are left
    beyond its end, so that the others can be distinguished; at least one bar is inside."""
    end = scales.axis_end([1 / up.factor for _, up in rows])
    seen = [up for _, up in rows if 1 / up.factor <= end]
    ends = [1.0] + [end for up in seen for end in (up.factor, *(up.interval or ()))]
    low, high = min(ends), max(ends)
    air = max(high / low, 1.02) ** 0.1
    return low / air, high * air


def draw(rows, base, width):
    top, left, right = 6, 12, width - 16
    bottom = top + ROW * len(rows)
    chart = Chart(width, bottom + 42, f"Speed-up against {base}")
    scale = scales.Log(*bounds(rows), left, right)
    chart.x_axis(scale, scale.ticks(width // 60), top, bottom, "times the speed (log scale)", "x")
    for i, (backend, up) in enumerate(rows):
        draw_row(chart, backend, up, base, scale, top + i * ROW)
    return chart.render()


def draw_row(chart, backend, up, base, scale, y):
    factor, measured = up.factor, fmt.times_and_range(up.factor, up.interval)
    text = "not established" if up.reason else measured
    chart.text(chart.width - 14, y + 15, text, "halo strong", "end")
    chart.text(14, y + 15, backend.label, "halo name", available=chart.width - 40 - 7 * len(text))
    middle = y + 31
    chart.line(scale.start, middle, scale.end, middle, "lane")
    tip = lines(f"{backend.label} against {base}: {text}", f"{up.reason}; measured: {measured}" if up.reason else "",
                "no difference shown: the interval contains 1" if up.shows_no_difference else "",
                f"{up.rounds} rounds" if up.rounds else "ratio of the medians")
    seen = factor >= scale.low
    chart.line(scale(1), middle, scale(factor) if seen else scale.start, middle, "stem " + backend.key)
    chart.line(scale(1), middle - 10, scale(1), middle + 10, "one")
    if not seen:
        chart.point(scale.start - 4, middle, "left", 6, backend.key, lines(tip, "beyond the end of the axis"))
        return
    chart.point(scale(factor), middle, backend.marker, 5, backend.key, tip)
    if up.interval:
        whisker(chart, scale(up.interval[0]), scale(up.interval[1]), middle)


def whisker(chart, low, high, y):
    chart.line(low, y, high, y, "whisker")
    for x in (low, high):
        chart.line(x, y - 7, x, y + 7, "whisker")
