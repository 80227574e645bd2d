# SPDX-License-Identifier: MIT
"""How the points of a sweep compare: along each of its lists a pair of charts for every combination of the others."""

from lanebench import fmt, scales
from lanebench.sweep import AXES, measured

from . import markup, theme
from .curves import width_of
from .svg import Chart, legend, lines as tip_of

NAMES = {"threads": "threads", "batch": "batch size", "hidden": "hidden units"}
HEIGHT = 250


class Figure:
    """One of a pair. points(lines): [(line, number)]; text(number): for a tooltip."""

    def __init__(self, title, y_title, is_log, points, text, ideal=None):
        self.title, self.y_title, self.is_log, self.points, self.text = title, y_title, is_log, points, text
        self.ideal = ideal  # (min_threads, number of threads) -> number; None: no line


SPEED_UP = Figure("Speed-up over the fewest threads", "times the speed (log)", True,
                  lambda lines: measured(lines, "speedup"), fmt.times,
                  lambda min_threads, threads: threads / min_threads)
EFFICIENCY = Figure("Efficiency", "% of the ideal speed-up", False,
                    lambda lines: [(line, 100 * share) for line, share in measured(lines, "efficiency")],
                    lambda number: f"{number:.0f}\u00a0% of the ideal speed-up", lambda min_threads, threads: 100)
TIME = Figure("Time of a training epoch", "", True, lambda lines: measured(lines, "median_train_seconds"), fmt.seconds)
SHARE = Figure("Share of the multiply-add peak", "% of the peak", False,
               lambda lines: [(line, 100 * share) for line, share in measured(lines, "share_of_peak")],
               lambda number: f"{number:.0f}\u00a0% of the peak")
FIGURES = {"threads": (SPEED_UP, EFFICIENCY), "batch": (TIME, SHARE), "hidden": (TIME, SHARE)}
NOTES = {"threads": "Thin line: ideal, N times as fast with N times the threads. ", "batch": "", "hidden": ""}


def render(sweep, axis):
    """'' where no backend has two points along the axis."""
    found = {}
    for backend, others, lines in sweep.curves(axis):
        found.setdefault(tuple(others.items()), []).append((backend, lines))
    if not found:
        return ""
    marks = theme.marks_of(sweep.backends)
    order = {backend: i for i, backend in enumerate(sweep.backends)}
    key = legend([(theme.swatch(*marks[backend]), backend) for backend in sweep.backends])
    largest_first = sorted(found.items(), key=lambda one: one[0][::-1], reverse=True)
    groups = [group(others, series, axis, marks, order) for others, series in largest_first]
    text = NOTES[axis] + "Medians of the training epochs after the first. Points were measured one after the other."
    rest = markup.tag("details", markup.tag("summary", f"The other {fmt.count(len(groups) - 1, 'combination')}"),
                      *groups[1:]) if len(groups) > 1 else ""
    return markup.section(axis, f"Against {NAMES[axis]}", markup.note(text),
                          markup.tag("div", key, groups[0], rest, class_="group"))


def group(others, series, axis, marks, order):
    where = ", ".join(f"{name} {number}" for name, number in others)
    figures = [markup.figure(f.title, where, lambda width, f=f: draw(f, series, axis, marks, order, width),
                             half=True) for f in FIGURES[axis]]
    return markup.pair(*figures)


def draw(figure, series, axis, marks, order, width):
    curves = [(backend, figure.points(lines)) for backend, lines in series]
    values = sorted({line[axis] for _, points in curves for line, _ in points})
    min_threads = min(lines[0]["threads"] for _, lines in series)
    ideal = [(value, figure.ideal(min_threads, value)) for value in values] if figure.ideal else []
    numbers = [number for _, points in curves for _, number in points] + [number for _, number in ideal]
    left, right, top, bottom = 54, width - 14, 24, HEIGHT - 42
    chart = Chart(width, HEIGHT, f"{figure.title} against {NAMES[axis]}")
    if not numbers:
        chart.text(left, top + 40, "not measured")
        return chart.render()
    x = scales.Log(values[0] / 1.1, values[-1] * 1.1, left, right)
    y, ticks = vertical(figure, numbers, bottom, top)
    step = -(-len(values) // max(1, width // 60))
    chart.x_axis(x, [(value, str(value)) for value in values[::step]], top, bottom, NAMES[axis] + " (log)")
    chart.y_axis(y, ticks, left, right, figure.y_title or f"{fmt.unit_of(max(numbers))[1]} (log)")
    chart.path([(x(value), y(number)) for value, number in ideal], "ideal")
    for backend, points in curves:
        key, marker = marks[backend]
        i = order[backend]
        chart.path([(x(line[axis]), y(number)) for line, number in points], f"curve {key} s{i}",
                   stroke_width=fmt.rounded(width_of(i, len(order))))
        for line, number in points:
            chart.point(x(line[axis]), y(number), marker, 4, f"{key} s{i}", tip(figure, line, number))
    return chart.render()


def vertical(figure, numbers, bottom, top):
    """The scale, and its ticks in the unit of the axis."""
    if not figure.is_log:
        y = scales.Linear(0, max(numbers) * 1.06, bottom, top)
        return y, y.ticks(6)
    air = max(max(numbers) / min(numbers), 1.1) ** 0.06
    unit = 1 if figure.y_title else fmt.unit_of(max(numbers))[0]
    low, high = min(numbers) / air, max(numbers) * air
    return scales.Log(low, high, bottom, top), [(value * unit, text) for value, text in
                                                scales.Log(low / unit, high / unit, 0, 1).ticks(7)]


def tip(figure, line, number):
    return tip_of(", ".join([line["backend"]] + [f"{axis} {line[axis]}" for axis in AXES]), figure.text(number),
                  f"{fmt.seconds(line['median_train_seconds'])} an epoch" if figure is not TIME else "", line["deviation"])
