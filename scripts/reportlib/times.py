# SPDX-License-Identifier: MIT
"""How long an epoch takes: the summary table, and every epoch as a dot with median and interval."""

from . import figures, integrity, markup, scales, theme, words
from .load import finite, value
from .markup import join, tag
from .svg import Chart, lines
from .table import Cell, table

ROW = 58  # pixels of height for one backend


def summary(runs, bases):
    """One row per timed backend."""
    columns = [("backend", False), ("epoch", True, "median training time of the epochs after the first"),
               ("95\u00a0% interval", True, "bootstrap interval of the median"), ("GFLOP/s", True),
               ("of\u00a0peak", True, "share of the multiply-add peak measured beside each epoch")]
    columns += [(f"×\u00a0{b}", True, f"how many times faster than {b} of the same run") for b in bases]
    columns += [("validation accuracy", True, "after the last epoch, whose number is in brackets"),
                ("error / bound", True, "worst error of any proven element, as a share of its derived bound")]
    rows = [summary_row(b, bases) for b in figures.timed(runs)]
    return table("Backends: time, speed and accuracy", columns, rows, id_="summary")


def summary_row(backend, bases):
    seconds, interval = figures.median_seconds(backend), figures.interval(backend)
    speed, share, worst = figures.speed(backend), figures.share_of_peak(backend), figures.worst_share(backend)
    name = theme.named(backend)
    if not integrity.is_believed(backend):
        name = join((name, tag("small", "violates integrity", class_="failed")), " ")
    row = [Cell(name, backend.label), Cell(words.seconds(seconds, interval), repr(seconds)),
           Cell(words.seconds_range(interval, seconds) if interval else words.NOT_MEASURED,
                repr(interval[0]) if interval else ""),
           Cell(words.rounded(speed), repr(speed) if speed else ""),
           Cell(words.percent(share) if share is not None else words.NOT_MEASURED,
                repr(share) if share is not None else "")]
    for name in bases:
        base = backend.run.base(name)
        if base:
            factor, spread, _ = figures.speedup(base, backend)
            row.append(Cell(words.times(factor, spread), repr(factor)))
        else:
            row.append(Cell(words.NOT_MEASURED, ""))
    last = figures.last_accuracy(backend)
    row.append(Cell(f"{value(last, 'val_accuracy'):.4f} ({value(last, 'epoch'):.0f})",
                    last["val_accuracy"]) if last else Cell(words.NOT_MEASURED, ""))
    row.append(Cell(f"{worst:.2f}" if worst is not None else words.NOT_MEASURED,
                    repr(worst) if worst is not None else ""))
    return row


def dots(runs):
    series = figures.timed(runs)
    caption = ("Dots: every training epoch, without validation; the first, which warms up, is hollow and left out of "
               "the statistics. Line: median. Band: 95\u00a0% bootstrap interval of the median over the epochs, which are "
               "not quite independent of each other, so the true one is somewhat wider.")
    return markup.figure("Time of a training epoch", caption, lambda width: draw(series, width))


def draw(series, width):
    top, left, right = 6, 8, width - 14
    bottom = top + ROW * len(series)
    chart = Chart(width, bottom + 42, "Time of a training epoch by backend")
    end = figures.axis_end(max(finite(b.epochs, "train_seconds")) for b in series)
    scale = scales.Linear(0, end * 1.04, left, right)
    scale_unit, unit = words.unit_of(end)
    ticks = [(v * scale_unit, t) for v, t in scales.Linear(0, end * 1.04 / scale_unit, 0, 1).ticks(width // 70)]
    chart.x_axis(scale, ticks, top, bottom, f"training time of one epoch ({unit}), from 0")
    for i, backend in enumerate(series):
        draw_row(chart, backend, scale, top + i * ROW, end)
    return chart.render()


def draw_row(chart, backend, scale, y, end):
    seconds, interval = figures.median_seconds(backend), figures.interval(backend)
    speed = figures.speed(backend)
    text = words.seconds(seconds, interval)
    if interval and chart.width > 400:
        text += f" ({words.seconds_range(interval, seconds)})"
    if speed:
        text += f" · {words.rounded(speed)} GFLOP/s"
    if len(backend.epochs) == 1:
        text += " · 1 epoch"
    room = chart.width - 26 - len(text) * 6.8
    chart.text(chart.width - 14, y + 16, text, "halo strong", "end")
    chart.point(14, y + 12, backend.marker, 4.5, backend.key, backend.label)
    chart.text(24, y + 16, backend.label, "halo name", room=room)
    middle = y + 38
    chart.line(scale.start, middle, scale.end, middle, "lane")
    if interval and interval[0] <= end:
        chart.rect(scale(interval[0]), middle - 13, scale(min(interval[1], end)) - scale(interval[0]), 26,
                   "band " + backend.key)
    for k, epoch in enumerate(backend.epochs):
        draw_dot(chart, backend, epoch, k, scale, middle, end)
    if seconds <= end:
        chart.line(scale(seconds), middle - 14, scale(seconds), middle + 14, "median")


def draw_dot(chart, backend, epoch, k, scale, middle, end):
    seconds = value(epoch, "train_seconds")
    if not seconds > 0:
        return
    hollow = k == 0 and len(backend.epochs) > 1
    speed = value(epoch, "gflops")
    tip = lines(f"{backend.label}, epoch {epoch['epoch']}" + (" (warms up)" if hollow else ""),
                f"{epoch['train_seconds']} s", f"{words.rounded(speed)} GFLOP/s" if speed == speed else "",
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
            for b in figures.timed(runs) for e in b.epochs]
    return markup.tag("details", markup.tag("summary", "Every epoch, as in epochs.csv"),
                      table("Every epoch", columns, rows, id_="every-epoch"))


def render(runs, bases):
    if not figures.timed(runs):
        return ""
    return markup.section("time", "Time", summary(runs, bases), dots(runs), every_epoch(runs))
