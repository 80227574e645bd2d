# SPDX-License-Identifier: MIT
"""Validation accuracy against seconds of training, and the time until a target was reached."""

import math

from lanebench import fmt, scales
from lanebench.run import number, section_of, timed

from . import curves, markup, theme
from .svg import Chart, legend, lines
from .table import Cell, table

HEIGHT = 320
USUAL_TARGET = 0.98


def points_of(curve):
    """(seconds of training so far, accuracy, epoch, text). Ends where an epoch's time is not known."""
    found, total = [], 0.0
    for row, text in zip(curve.rows, curve.texts):
        total += row["train_seconds"]
        if math.isfinite(total) and math.isfinite(row["val_accuracy"]):
            found.append((total, row["val_accuracy"], row["epoch"], text["val_accuracy"]))
    return found


def render(runs, target):
    backends = [b for b in timed(runs) if points_of(curves.of_backend(b))]
    if not backends:
        return ""
    every = [curves.of_backend(b) for b in backends]
    target = target or own_target(runs)
    text = ("Time is the sum of train_seconds: the training steps alone, without set-up, proof, shuffling "
            "and validation.")
    over_seeds = [t for t in map(seeds_table, runs) if t]
    if not over_seeds:
        text += " One seed does not show how the time to a target varies: run bench with --target-accuracy and --seeds."
    chart = markup.figure("Validation accuracy against seconds of training", "",
                          lambda width: draw(every, target, width), legend([(c.swatch(), c.label) for c in every]))
    return markup.section("seconds", "Accuracy against time", markup.note(text),
                          markup.tag("div", chart, class_="group"), reached(backends, every, target), *over_seeds)


def target_of(backend):
    """Over the trainings of a run with a target, in summary.json; {} without one."""
    return section_of(backend.figures, "target")


def own_target(runs):
    """The first one that a run was made with."""
    found = (number(target_of(backend).get("accuracy")) for backend in timed(runs))
    return next((t for t in found if t and 0 < t <= 1), USUAL_TARGET)


def seeds_table(run):
    """Median and spread over the seeds of a run with a target; None without one. A training that did not reach the
    target counts as slower than any that did."""
    found = [(backend, target_of(backend)) for backend in run.backends if target_of(backend)]
    if not found:
        return None
    columns = [("backend", False), ("seeds reached", True), ("median", True), ("fastest", True), ("slowest", True),
               ("epochs", True, "median")]
    rows = []
    for backend, target in found:
        epochs = number(target.get("median_epochs"))
        times = (number(target.get(name)) for name in ("median_seconds", "fastest_seconds", "slowest_seconds"))
        rows.append([Cell(theme.named(backend), backend.label),
                     Cell(f"{target.get('reached')} of {target.get('trainings')}", str(target.get("reached"))),
                     *map(to_target_cell, times), Cell(fmt.NOT_MEASURED if epochs is None else f"{epochs:g}", repr(epochs))])
    which = f", run {run.tag}" if run.tag else ""
    title = f"Over the seeds{which}: training to a validation accuracy of {number(found[0][1].get('accuracy')) or 0:g}"
    return markup.tag("div", markup.tag("h3", title), table(title, columns, rows, id_=f"target{run.tag}"),
                      class_="group")


def to_target_cell(seconds):
    return Cell(fmt.seconds(seconds), repr(seconds)) if seconds else Cell("not reached", "")


def reached(backends, every, target):
    columns = [("backend", False), (f"seconds to {target:g}", True), ("epochs", True), ("best accuracy", True)]
    rows = []
    for backend, curve in zip(backends, every):
        points = points_of(curve)
        hit = next((p for p in points if p[1] >= target), None)
        best = max(points, key=lambda p: p[1])
        rows.append([Cell(theme.named(backend), backend.label),
                     Cell(fmt.seconds(hit[0]) if hit else "not reached", repr(hit[0]) if hit else ""),
                     Cell(f"{hit[2]:.0f}" if hit else fmt.NOT_MEASURED, f"{hit[2]:.0f}" if hit else ""),
                     Cell(f"{best[1]:.4f}", best[3])])
    return table(f"Seconds of training to a validation accuracy of {target:g}", columns, rows, id_="to-target")


def draw(every, target, width):
    points = [points_of(c) for c in every]
    seconds = [p[0] for ps in points for p in ps]
    accuracy = [p[1] for ps in points for p in ps]
    low, high = scales.padded(accuracy)
    if low < target < high + (high - low):
        high = max(high, target + 0.04 * (high - low))
    left, right, top, bottom = 50, width - 14, 24, HEIGHT - 42
    x = scales.Log(min(seconds) / 1.12, max(seconds) * 1.12, left, right)
    y = scales.Linear(low, min(high, 1.0) if low < 1 else high, bottom, top)
    chart = Chart(width, HEIGHT, "Validation accuracy against seconds of training")
    chart.x_axis(x, x.ticks(width // 52), top, bottom, "seconds of training (log scale)")
    chart.y_axis(y, y.ticks(6), left, right, "validation accuracy")
    if y.low < target <= y.high:
        chart.line(left, y(target), right, y(target), "target")
        below = y(target) - 16 < top  # above the line, the title of the axis is in the way
        chart.text(left + 6, y(target) + (14 if below else -5), f"target {target:g}", "tick halo")
    for i, (curve, found) in enumerate(zip(every, points)):
        curves.draw_line(chart, [(p[0], p[1]) for p in found], lambda p: (x(p[0]), y(p[1])), curve, len(every) - 1,
                         len(every))
        for total, accuracy_then, epoch, text in found:
            chart.point(x(total), y(accuracy_then), curve.marker, 3.6, f"{curve.key} s{i}",
                        lines(f"{curve.label}, epoch {epoch:.0f}", f"validation accuracy {text}",
                              f"after {fmt.seconds(total)} of training"))
    return chart.render()
