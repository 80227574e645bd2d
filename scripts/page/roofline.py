# SPDX-License-Identifier: MIT
"""Roofline: the matrix products of the step under the ceilings that `bench roofline` measured."""

import math

from lanebench import fmt, scales
from lanebench.ceilings import Ceilings, products_of

from . import markup, theme
from .svg import Chart, legend, lines

HEIGHT = 400


def render(runs):
    """A chart for each run that has roofline.csv."""
    charts = [chart_of(run) for run in runs if run.paths.get("roofline.csv")]
    charts = [c for c in charts if c]
    if not charts:
        return ""
    text = ("Each circle is a matrix product of the step, as large as its share of the epoch. Further right: more "
            "flop per byte of compulsory traffic. A product cannot exceed the ceiling above it: sloping lines are "
            "measured bandwidths, the best of read, write and triad; level lines are the measured multiply-add peaks. "
            "A product with operands in a cache may lie above the slope of the next memory level.")
    return markup.section("roofline", "Roofline", markup.note(text), *charts)


def chart_of(run):
    ceilings = Ceilings(run)
    backends = [(b, products_of(b)) for b in run.timed()]
    backends = [(b, products) for b, products in backends if products]
    if not ceilings.peaks or not backends:
        return None
    caption = f"Ceilings: median of the rounds, {ceilings.threads_text(run)}; of the peaks, the higher of before and after."
    key = legend([(theme.swatch(b.key, b.marker), b.label) for b, _ in backends])
    title = f"Run {run.tag}" if run.tag else ""
    figure = markup.figure(title, caption, lambda width: draw(ceilings, backends, width), key)
    return markup.tag("div", figure, class_="group")


def draw(ceilings, backends, width):
    products = [p for _, found in backends for p in found]
    top, bottom, left, right = 24, HEIGHT - 42, 50, width - 16
    peak = ceilings.peak
    knees = [peak / v for v in ceilings.levels.values()]
    air = 3 if width > 400 else 14  # for the names of the peaks, right of the circles
    x = scales.Log(min([p.ai / 2 for p in products] + [k / 6 for k in knees]), max([p.ai for p in products] + knees) * air,
                   left, right)
    y = scales.Log(min(p.gflops for p in products) / 2.5, peak * 1.7, bottom, top)
    chart = Chart(width, HEIGHT, "Roofline")
    chart.x_axis(x, x.ticks(width // 60), top, bottom, "flop per byte (log scale)")
    chart.y_axis(y, y.ticks(7), left, right, "GFLOP/s (log scale)")
    slopes(chart, ceilings, x, y)
    for isa, height in sorted(ceilings.peaks.items(), key=lambda p: p[1]):
        chart.line(left, y(height), right, y(height), "roof" if height == peak else "roof faint")
        name = f"{isa} peak" if width > 400 else isa
        chart.text(right - 2, y(height) - 5, f"{name} {fmt.rounded(height)}", "tick halo", "end")
    everything = [(i, b, p) for i, (b, found) in enumerate(backends) for p in found]
    for i, backend, part in sorted(everything, key=lambda e: -e[2].share_of_epoch):  # small ones above large ones
        draw_dot(chart, i, backend, part, x, y)
    return chart.render()


def slopes(chart, ceilings, x, y):
    for level, rate in ceilings.levels.items():
        start = max(x.low, y.low / rate)
        end = min(x.high, ceilings.peak / rate)
        if start >= end:
            continue
        chart.path([(x(start), y(start * rate)), (x(end), y(end * rate))], "roof")
        at = math.sqrt(start * end)
        angle = -math.degrees(math.atan2(y(start * rate) - y(end * rate), x(end) - x(start)))
        chart.text(x(at), y(at * rate) - 5, f"{level} {fmt.rounded(rate)} GB/s", "tick halo", "middle",
                   transform=f"rotate({angle:.1f} {x(at):.1f} {y(at * rate):.1f})")


def draw_dot(chart, index, backend, part, x, y):
    tip = lines(f"{backend.label}: {part.name}",
                f"{fmt.rounded(part.gflops)} GFLOP/s at {fmt.rounded(part.ai)} flop per byte",
                f"{fmt.percent(part.share_of_epoch)} of the epoch",
                f"{fmt.percent(part.share_of_peak)} of the peak" if part.share_of_peak else "",
                f"{fmt.percent(part.share_of_roof)} of what {part.bound_by} allows" if part.share_of_roof else "")
    radius = (3 + 16 * math.sqrt(part.share_of_epoch)) * (1 if chart.width > 400 else 0.75)
    chart.point(x(part.ai), y(part.gflops), "circle", round(radius, 2), f"{backend.key} s{index} sized", tip)
