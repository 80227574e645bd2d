# SPDX-License-Identifier: MIT
"""Roofline: the matrix products of the step under the ceilings that `bench roofline` measured."""

import math

from plotlib.intensity import intensity
from plotlib.files import DataError
from plotlib.runs import number

from . import markup, scales, stats, theme, words
from .load import finite
from .svg import Chart, legend, lines

HEIGHT = 400
NEEDED = ("threads", "quantity", "isa", "level", "median_per_second")


class Ceilings:
    """peaks: GFLOP/s by ISA. levels: GB/s by cache level, of the fastest ISA's reads. threads: of both."""

    def __init__(self, run):
        rows = [r for r in run.read_optional("roofline.csv", NEEDED) if self.rate(run, r) > 0]
        counts = sorted({r["threads"] for r in rows}, key=lambda t: (t == str(run.threads), len(t), t))
        self.threads = counts[-1] if counts else ""
        self.peaks, self.levels = {}, {}
        for row in rows:
            if row["threads"] != self.threads:
                continue
            rate = self.rate(run, row) / 1e9
            if row["quantity"] == "multiply_add":
                self.peaks[row["isa"]] = max(rate, self.peaks.get(row["isa"], 0.0))
            elif row["quantity"] == "read" and row["level"]:
                self.levels[row["level"]] = max(rate, self.levels.get(row["level"], 0.0))

    @staticmethod
    def rate(run, row):
        try:
            return number(row, "median_per_second", run.paths["roofline.csv"], row[None])
        except DataError as error:
            run.notes.append(f"{error}: row left out")
            return math.nan


def dots_of(backend):
    """(op, flop per byte, GFLOP/s, share of the epoch) of the products whose traffic is known."""
    found = []
    for op in backend.op_names():
        rows = backend.op_rows(op)
        values = [stats.median(finite(rows, c)) for c in ("flop", "calls", "gflops", "share_of_epoch")]
        if all(values):
            flop, calls, speed, share = values
            place = intensity(op, flop / calls, backend.run.section("settings"))
            if place:
                found.append((op, place, speed, share))
    return found


def render(runs):
    """A chart for each run that has roofline.csv."""
    charts = [chart_of(run) for run in runs if run.paths.get("roofline.csv")]
    charts = [c for c in charts if c]
    if not charts:
        return ""
    text = ("Each circle is a matrix product of the step, as large as its share of the epoch. To the right: more work "
            "per byte that must move at least. A product can be no higher than the ceiling above it: sloping lines are "
            "measured read bandwidths, level lines the measured multiply-add peaks. What a product finds in a cache "
            "may lie above the slope of the memory behind that cache.")
    return markup.section("roofline", "Roofline", markup.note(text), *charts)


def chart_of(run):
    ceilings = Ceilings(run)
    backends = [(b, dots_of(b)) for b in run.timed()]
    backends = [(b, dots) for b, dots in backends if dots]
    if not ceilings.peaks or not backends:
        return None
    threads = words.count(int(ceilings.threads), "thread") if ceilings.threads.isdigit() else ceilings.threads
    caption = f"Ceilings: median of the rounds, {threads}, higher of before and after."
    if ceilings.threads != str(run.threads):
        caption += f" The run itself had {run.threads or 'an unknown number of'} threads."
    key = legend([(theme.swatch(b.key, b.marker), b.label) for b, _ in backends])
    title = f"Run {run.tag}" if run.tag else ""
    figure = markup.figure(title, caption, lambda width: draw(ceilings, backends, width), key)
    return markup.tag("div", figure, class_="group")


def draw(ceilings, backends, width):
    dots = [d for _, found in backends for d in found]
    top, bottom, left, right = 24, HEIGHT - 42, 50, width - 16
    peak = max(ceilings.peaks.values())
    knees = [peak / v for v in ceilings.levels.values()]
    air = 3 if width > 400 else 14  # room for the names of the peaks, right of the circles
    x = scales.Log(min([d[1] / 2 for d in dots] + [k / 6 for k in knees]), max([d[1] for d in dots] + knees) * air,
                   left, right)
    y = scales.Log(min(d[2] for d in dots) / 2.5, peak * 1.7, bottom, top)
    chart = Chart(width, HEIGHT, "Roofline")
    chart.x_axis(x, x.ticks(width // 60), top, bottom, "flop per byte (log scale)")
    chart.y_axis(y, y.ticks(7), left, right, "GFLOP/s (log scale)")
    slopes(chart, ceilings, peak, x, y)
    for isa, height in sorted(ceilings.peaks.items(), key=lambda p: p[1]):
        chart.line(left, y(height), right, y(height), "roof" if height == peak else "roof faint")
        name = f"{isa} peak" if width > 400 else isa
        chart.text(right - 2, y(height) - 5, f"{name} {words.rounded(height)}", "tick halo", "end")
    everything = [(i, b, d) for i, (b, found) in enumerate(backends) for d in found]
    for i, backend, dot in sorted(everything, key=lambda e: -e[2][3]):  # small ones above large ones
        draw_dot(chart, i, backend, dot, peak, ceilings, x, y)
    return chart.render()


def slopes(chart, ceilings, peak, x, y):
    for level, rate in ceilings.levels.items():
        start = max(x.low, y.low / rate)
        end = min(x.high, peak / rate)
        if start >= end:
            continue
        chart.path([(x(start), y(start * rate)), (x(end), y(end * rate))], "roof")
        at = math.sqrt(start * end)
        angle = -math.degrees(math.atan2(y(start * rate) - y(end * rate), x(end) - x(start)))
        chart.text(x(at), y(at * rate) - 5, f"{level} {words.rounded(rate)} GB/s", "tick halo", "middle",
                   transform=f"rotate({angle:.1f} {x(at):.1f} {y(at * rate):.1f})")


def draw_dot(chart, index, backend, dot, peak, ceilings, x, y):
    op, place, speed, share = dot
    memory = ceilings.levels.get("DRAM")
    roof = min(peak, memory * place) if memory else peak
    tip = lines(f"{backend.label}: {op}", f"{words.rounded(speed)} GFLOP/s at {words.rounded(place)} flop per byte",
                f"{words.percent(share)} of the epoch", f"{words.percent(speed / peak)} of the peak",
                f"memory alone would allow {words.rounded(roof)} GFLOP/s" if roof < peak else "")
    radius = (3 + 16 * math.sqrt(share)) * (1 if chart.width > 400 else 0.75)
    chart.point(x(place), y(speed), "circle", round(radius, 2), f"{backend.key} s{index} sized", tip)
