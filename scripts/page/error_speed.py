# SPDX-License-Identifier: MIT
"""Error against speed: was the speed bought with accuracy?"""

from lanebench import fmt, scales
from lanebench.rows import deviation_of, value
from lanebench.run import timed

from . import markup, theme
from .svg import Chart, legend, lines

HEIGHT = 320


def render(runs):
    backends = [b for b in timed(runs) if b.figure("gflops") and bounded(b)]
    if not backends:
        return ""
    caption = ("One point per op of each backend: the worst error found in the proof as a share of its bound, against "
               "the speed of the whole training epoch. A backend that buys speed with accuracy would stand higher "
               "than the others. 1 is the limit; nothing above it is timed. Points of one backend are spread out "
               "sideways.")
    key = legend([(theme.swatch(b.key, b.marker), b.label) for b in backends])
    chart = markup.figure("", caption, lambda width: draw(backends, width), key)
    return markup.section("error", "Error against speed", markup.tag("div", chart, class_="group"))


def share_of(row):
    """Over loose bounds: right results nearly reach a tight one. Older files do not distinguish the two."""
    return value(row, "worst_error_of_loose_bound" if row.get("worst_error_of_loose_bound") else "worst_error_of_bound")


def bounded(backend):
    """op -> its worst bounded row. Ops that only have to be equal bit for bit have none."""
    worst = {}
    for row in backend.proof:
        if value(row, "failed") > 0 or deviation_of(row):
            continue
        if share_of(row) > 0 and share_of(row) >= share_of(worst.get(row["op"], row)):
            worst[row["op"]] = row
    return worst


def draw(backends, width):
    speeds = [b.figure("gflops") for b in backends]
    shares = [share_of(row) for b in backends for row in bounded(b).values()]
    left, right, top, bottom = 46, width - 16, 24, HEIGHT - 42
    x = scales.Log(min(speeds) / 1.25, max(speeds) * 1.25, left, right)
    y = scales.Linear(0, max(1.0, *shares) * 1.08, bottom, top)
    chart = Chart(width, HEIGHT, "Worst error as a share of its bound against speed")
    chart.x_axis(x, x.ticks(width // 60), top, bottom, "GFLOP/s of the training epoch (log scale)")
    chart.y_axis(y, y.ticks(6), left, right, "worst error / bound")
    chart.line(left, y(1), right, y(1), "limit")
    chart.text(right - 4, y(1) - 5, "limit", "tick halo", "end")
    for i, (backend, speed) in enumerate(zip(backends, speeds)):
        for k, (op, row) in enumerate(bounded(backend).items()):
            tip = lines(f"{backend.label}: {op}", f"worst {share_of(row):.9g} of the bound", row["cases"],
                        f"epoch at {fmt.rounded(speed)} GFLOP/s")
            chart.point(x(speed) + 5 * (k % 3 - 1), y(share_of(row)), backend.marker, 4,
                        f"{backend.key} s{i} soft", tip)
    return chart.render()
