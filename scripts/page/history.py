# SPDX-License-Identifier: MIT
"""The pair of a Keras notebook, loss and accuracy, training as points and validation as a line: all together, the
difference to one of them, and each by itself."""

from lanebench import differences as to_base, scales
from lanebench.run import timed

from . import curves, markup
from .svg import Chart, legend, lines

HEIGHT = 250


def render(runs, keras, reference):
    every = [curves.of_backend(b) for b in timed(runs)] + [curves.of_keras(k) for k in keras]
    every = [c for c in every if c.points("loss") or c.points("val_loss")]
    if not every:
        return ""
    text = ("Points: training, Keras' running mean over the epoch's samples while the weights change. Lines: "
            "validation, measured after the epoch. Curves of correct kernels coincide at first, and diverge slowly, "
            "because sums are rounded in different orders; a difference in the first epoch is an error. The buttons "
            "show and hide curves.")
    panels = [legend([(c.swatch(), c.label) for c in every]), pair(every)]
    if len(every) > 1:
        panels.append(differences(every, to_base.base_of(every, reference)))
    return markup.section("history", "Learning curves", markup.note(text), markup.tag("div", *panels, class_="group"),
                          one_by_one(every) if len(every) > 1 else "")


def pair(every):
    panels = [markup.figure(title, "", lambda width, m=metric: overlay(every, m, width, HEIGHT), half=True)
              for metric, title in (("loss", "Loss"), ("accuracy", "Accuracy"))]
    return markup.pair(*panels)


def frame(every, width, height, names, label, most=8):
    """Axes for these columns of these curves. Returns the chart and where (epoch, number) lies."""
    numbers = [v for c in every for n in names for _, v, _ in c.points(n)] or [0.0, 1.0]
    last = max(int(r["epoch"]) for c in every for r in c.rows)
    left, right, top, bottom = 50, width - 12, 24, height - 42
    x = scales.Linear(1 - 0.03 * max(last - 1, 1), last + 0.03 * max(last - 1, 1), left, right)
    y = scales.Linear(*scales.padded(numbers), bottom, top)
    chart = Chart(width, height, label)
    chart.x_axis(x, scales.epoch_ticks(last, min(most, width // 36)), top, bottom, "epoch")
    chart.y_axis(y, y.ticks(6), left, right, label)
    return chart, lambda point: (x(point[0]), y(point[1]))


def overlay(every, metric, width, height):
    names = (metric, "val_" + metric)
    chart, place = frame(every, width, height, names, metric)
    for i, curve in enumerate(every):
        curves.draw_line(chart, curve.points(names[1]), place, curve, i, len(every))
    for i, curve in enumerate(every):
        radius = 3 + min(1.6, 5 / len(every)) * (len(every) - 1 - i)
        for name, size, look in ((metric, radius, "hollow"), (names[1], 1.8, "")):
            for epoch, number, text in curve.points(name):
                at = place((epoch, number))
                chart.point(*at, curve.marker, size, f"{curve.key} s{i} {look}",
                            curves.tip(curve, name, epoch, text))
    return chart.render()


def differences(every, base):
    panels = []
    for name, title in to_base.METRICS:
        caption = (f"Shaded: ±{100 * to_base.MARGIN:g} points, the margin of the equivalence test over many seeds; "
                   "the single seed of this run may leave it." if name == "val_accuracy" else "")
        panels.append(markup.figure(f"Difference in {title} to {base.label}", caption,
                                    lambda width, n=name: difference(every, base, n, width), half=True))
    return markup.pair(*panels)


def gaps(curve, base, name):
    """(epoch, difference, text) where both have the epoch."""
    own, there = ([point[:2] for point in c.points(name)] for c in (curve, base))
    return [(epoch, gap, f"{gap:+.6f}".replace("-", "−")) for epoch, gap in to_base.gaps(own, there)]


def difference(every, base, name, width):
    found = [gaps(c, base, name) for c in every]
    band = to_base.MARGIN if name == "val_accuracy" else 0.0
    numbers = [g[1] for gap in found for g in gap] + [-band, band]
    last = max([int(g[0]) for gap in found for g in gap] or [1])
    left, right, top, bottom = 58, width - 12, 24, 158
    x = scales.Linear(1 - 0.03 * max(last - 1, 1), last + 0.03 * max(last - 1, 1), left, right)
    y = scales.Linear(*scales.padded(numbers), bottom, top)
    chart = Chart(width, 200, f"Difference in {name} to {base.label}")
    if band:
        chart.rect(left, y(band), right - left, y(-band) - y(band), "margin")
    chart.x_axis(x, scales.epoch_ticks(last, min(8, width // 36)), top, bottom, "epoch")
    chart.y_axis(y, y.ticks(5), left, right, "difference")
    chart.line(left, y(0), right, y(0), "one")
    for i, (curve, gap) in enumerate(zip(every, found)):
        if curve is base:
            continue
        curves.draw_line(chart, gap, lambda p: (x(p[0]), y(p[1])), curve, len(every) - 1, len(every))
        for epoch, number, text in gap:
            chart.point(x(epoch), y(number), curve.marker, 3, f"{curve.key} s{i}",
                        lines(f"{curve.label} − {base.label}, epoch {epoch:.0f}", f"{name} {text}"))
    return chart.render()


def one_by_one(every):
    panels = []
    for curve in every:
        for metric in ("loss", "accuracy"):
            if not curve.points(metric) and not curve.points("val_" + metric):
                continue
            panels.append(markup.figure(f"{curve.label}: {metric}", "",
                                        lambda width, c=curve, m=metric: single(every, c, m, width), half=True))
    return markup.tag("details", markup.tag("summary", "Each by itself"), markup.pair(*panels))


def single(every, curve, metric, width):
    """One curve on the axes of all, so that panels can be compared by eye."""
    names = (metric, "val_" + metric)
    chart, place = frame(every, width, 190, names, metric)
    curves.draw_line(chart, curve.points(names[1]), place, curve, 0, 1)
    for name, look in ((metric, "hollow"), (names[1], "")):
        for epoch, number, text in curve.points(name):
            chart.point(*place((epoch, number)), curve.marker, 3, f"{curve.key} {look}",
                        curves.tip(curve, name, epoch, text))
    return chart.render()
