# SPDX-License-Identifier: MIT
"""How long an epoch takes: the summary table, and every epoch as a dot with median and interval."""

from lanebench import fmt, scales
from lanebench.rows import value
from lanebench.run import timed

from . import integrity, markup, theme
from .markup import join, tag
from .svg import Chart, lines
from .table import Cell, figure_cell, table

ROW = 58  # pixels of height for one backend


def summary(runs, bases):
    """One row per timed backend. What a phone shows of it without scrolling comes first."""
    columns = [("backend", False), ("epoch", True, "median training time of the epochs after the first")]
    columns += [(f"vs {b}", True, f"speed as a multiple of {b}'s in the same run") for b in bases]
    columns += [("95\u00a0% interval", True, "of the median time"), ("GFLOP/s", True),
                ("of\u00a0peak", True, "share of the best multiply-add peak measured in the run"),
                ("validation accuracy", True, "after the last epoch, whose number is in brackets"),
                ("error / bound", True, "worst error of any proven element, as a share of its derived bound")]
    rows = [summary_row(b, bases) for b in timed(runs)]
    return table("Backends: time, speed and accuracy", columns, rows, id_="summary")


def summary_row(backend, bases):
    interval = backend.interval
    name = theme.named(backend)
    if not integrity.is_believed(backend):
        name = join((name, tag("small", "violates integrity", class_="failed")), " ")
    missing = fmt.NOT_MEASURED
    row = [Cell(name, backend.label), figure_cell(backend.seconds, lambda s: fmt.seconds(s, interval), missing)]
    for base in (backend.run.base(name) for name in bases):
        up = backend.speedup_over(base) if base else None
        if up and up.reason:
            row.append(Cell(tag("span", missing, title=f"not established: {up.reason}"), ""))
        else:
            row.append(figure_cell(up and up.factor, fmt.times, missing))
    return row + [
        figure_cell(interval and interval[0], lambda _: fmt.seconds_range(interval, backend.seconds), missing),
        figure_cell(backend.figure("gflops"), lambda _: backend.speed.replace(" GFLOP/s", ""), missing),
        figure_cell(backend.figure("share_of_peak"), fmt.percent, missing),
        figure_cell(backend.figure("val_accuracy"), lambda a: f"{a:.4f} ({backend.figure('last_epoch') or 0:.0f})", missing),
        figure_cell(backend.worst, lambda w: f"{w:.2f}", missing)]


def dots(runs):
    series = timed(runs)
    caption = ("Dots: every training epoch, without validation; the first, which warms up, is hollow and left out of "
               "the statistics. Line: median. Band: its 95\u00a0% interval (bootstrap, not narrower than order "
               "statistics allow), if epochs are independent of each other.")
    return markup.figure("Time of a training epoch", caption, lambda width: draw(series, width))


def draw(series, width):
    top, left, right = 6, 8, width - 14
    bottom = top + ROW * len(series)
    chart = Chart(width, bottom + 42, "Time of a training epoch by backend")
    end = scales.time_axis_end(series)
    scale = scales.Linear(0, end * 1.04, left, right)
    scale_unit, unit = fmt.unit_of(end)
    ticks = [(v * scale_unit, t) for v, t in scales.Linear(0, end * 1.04 / scale_unit, 0, 1).ticks(width // 70)]
    chart.x_axis(scale, ticks, top, bottom, f"training time of one epoch ({unit}), from 0")
    for i, backend in enumerate(series):
        draw_row(chart, backend, scale, top + i * ROW, end)
    return chart.render()


def draw_row(chart, backend, scale, y, end):
    seconds, interval = backend.seconds, backend.interval
    text = fmt.seconds(seconds, interval) if seconds else "median not known"
    if interval and chart.width > 400:
        text += f" ({fmt.seconds_range(interval, seconds)})"
    if backend.speed:
        text += f" · {backend.speed}"
    if len(backend.epochs) == 1:
        text += " · 1 epoch"
    available = chart.width - 26 - len(text) * 6.8
    chart.text(chart.width - 14, y + 16, text, "halo strong", "end")
    chart.point(14, y + 12, backend.marker, 4.5, backend.key, backend.label)
    chart.text(24, y + 16, backend.label, "halo name", available=available)
    middle = y + 38
    chart.line(scale.start, middle, scale.end, middle, "lane")
    if interval and interval[0] <= end:
        chart.rect(scale(interval[0]), middle - 13, scale(min(interval[1], end)) - scale(interval[0]), 26,
                   "band " + backend.key)
    for k, epoch in enumerate(backend.epochs):
        draw_dot(chart, backend, epoch, k, scale, middle, end)
    if seconds and seconds <= end:
        chart.line(scale(seconds), middle - 14, scale(seconds), middle + 14, "median")


def draw_dot(chart, backend, epoch, k, scale, middle, end):
    seconds = value(epoch, "train_seconds")
    if not seconds > 0:
        return
    hollow = k == 0 and len(backend.epochs) > 1
    speed = value(epoch, "gflops")
    tip = lines(f"{backend.label}, epoch {epoch['epoch']}" + (" (warms up)" if hollow else ""),
                f"{epoch['train_seconds']} s", f"{fmt.rounded(speed)} GFLOP/s" if speed == speed else "",
                f"disturbed: {epoch['noisy']}" if epoch.get("noisy") else "",
                f"round {epoch['round']}, position {epoch.get('position')}" if epoch.get("round") else "")
    y = middle + (3.8 * ((k * 2) % 5 - 2) if len(backend.epochs) > 1 else 0)  # apart, where they coincide
    if seconds > end:
        chart.point(scale.end + 4, middle, "right", 6, backend.key, lines(tip, "beyond the end of the axis"))
    else:
        chart.point(scale(seconds), y, "circle", 4, backend.key + (" hollow" if hollow else " soft"), tip)


def every_epoch(runs):
    """The rows of epochs.csv, as they are."""
    columns = [("backend", False), ("epoch", True), ("train s", True), ("val s", True), ("GFLOP/s", True),
               ("of peak", True), ("loss", True), ("accuracy", True), ("val loss", True), ("val accuracy", True),
               ("disturbed", False)]
    names = ("epoch", "train_seconds", "val_seconds", "gflops", "share_of_peak", "loss", "accuracy", "val_loss",
             "val_accuracy", "noisy")
    rows = [[Cell(theme.named(b), b.label)] + [Cell(e.get(n) or "", e.get(n) or "") for n in names]
            for b in timed(runs) for e in b.epochs]
    return markup.tag("details", markup.tag("summary", "Every epoch, as in epochs.csv"),
                      table("Every epoch", columns, rows, id_="every-epoch"))


def render(runs, bases):
    if not timed(runs):
        return ""
    return markup.section("time", "Time", summary(runs, bases), dots(runs), every_epoch(runs))
