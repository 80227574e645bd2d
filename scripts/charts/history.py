# SPDX-License-Identifier: MIT
"""Loss and accuracy against the epoch, as in the Keras book's notebook: training as points, validation as a line; and
the differences of validation between backends."""

import math

from matplotlib.lines import Line2D

from lanebench.differences import MARGIN, METRICS, base_of, gaps
from lanebench.palette import KERAS_COLOUR
from lanebench.rows import value
from lanebench.run import timed, with_peers
from lanebench.scales import epoch_ticks

from . import style

PANELS_IN_A_ROW = 4
DASH_POINTS = 10


class Curve:
    """Of a backend's rows."""

    is_keras = False

    def __init__(self, backend, colour):
        self.label, self.colour, self.dash = backend.short, colour, run_dash(backend.run)
        self.rows = backend.epochs

    def column(self, name):
        return [value(row, name) for row in self.rows]

    @property
    def count(self):
        return len(self.column("epoch"))

    def points(self, name):
        return [point for point in zip(self.column("epoch"), self.column(name)) if all(map(math.isfinite, point))]


class KerasCurve(Curve):
    is_keras = True

    def __init__(self, history):
        self.label, self.colour, self.dash = history.label, KERAS_COLOUR, "-"
        self.column = history.column


def draw_history(runs, metric, title, keras=()):
    """metric is 'loss' or 'accuracy'; its validation column is val_ + metric. keras: KerasHistory objects; one without
    the metric is left out."""
    series = [c for c in series_of(runs, keras) if not c.is_keras or c.points(metric) or c.points("val_" + metric)]
    columns = min(PANELS_IN_A_ROW, len(series))
    rows = math.ceil(len(series) / columns)
    figure = style.new_figure(3.9 + 1.95 * rows)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[1.95] * rows + [3.1])

    overlay = figure.add_subplot(grid[rows, :])
    draw_overlay(overlay, series, metric)
    first = None
    for i, s in enumerate(series):
        axes = figure.add_subplot(grid[i // columns, i % columns], sharex=first, sharey=first)
        first = first or axes
        draw_panel(axes, s, metric, i % columns == 0)
        set_epoch_ticks(axes, series, 5)
    first.set_xlim(overlay.get_xlim())
    first.set_ylim(overlay.get_ylim())

    caption = ("Points: training, the running mean over the epoch's samples while the weights change.  "
               "Line: validation, measured after the epoch.")
    style.finish(figure, title, caption, runs)
    return figure


def series_of(runs, keras=()):
    backends = timed(with_peers(runs))
    colours = style.colours_of(backends)
    return [Curve(b, colours[b.name]) for b in backends] + [KerasCurve(k) for k in keras]


def draw_differences(runs, keras=()):
    """Validation loss and accuracy minus those of one curve; None if there is nothing to compare."""
    series = [c for c in series_of(runs, keras) if c.points("val_loss") or c.points("val_accuracy")]
    if len(series) < 2:
        return None
    base = base_of(series)
    figure = style.new_figure(4.3)
    grid = figure.add_gridspec(1, 2)
    last = 1
    for i, (name, title) in enumerate(METRICS):
        axes = figure.add_subplot(grid[0, i])
        axes.axhline(0, color="black", linewidth=1)
        if name == "val_accuracy":
            axes.axhspan(-MARGIN, MARGIN, color="#999999", alpha=0.2, linewidth=0)
        for k, s in enumerate(series):
            found = gaps(s.points(name), base.points(name))
            last = max([last, *(int(epoch) for epoch, _ in found if s is not base)])
            if s is not base and found:
                axes.plot(*zip(*found), marker=style.MARKERS[k % len(style.MARKERS)], color=s.colour, linestyle=s.dash,
                          linewidth=1.4, markersize=4, label=s.label)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.set_xticks([tick for tick, _ in epoch_ticks(last, 8)])
    if axes.get_lines()[1:]:
        axes.legend(frameon=False, fontsize=9)
    style.finish(figure, f"Difference to {base.label}", "Shaded: the margin of the equivalence test over many seeds, "
                 f"±{100 * MARGIN:g} points of accuracy; the single seed of a run may leave it.", runs)
    return figure


def set_epoch_ticks(axes, series, most):
    last = int(max(e for s in series for e in s.column("epoch")))
    axes.set_xticks([tick for tick, _ in epoch_ticks(last, most)])


def draw_panel(axes, series, metric, leftmost):
    plot_line(axes, series, metric, 1.8)
    axes.plot(series.column("epoch"), series.column(metric), "o", color=series.colour, markersize=4)
    axes.set_title(series.label, color=series.colour)
    axes.set_xlabel("epoch")
    axes.tick_params(labelleft=leftmost)
    if leftmost:
        axes.set_ylabel(metric)


def plot_line(axes, series, metric, width):
    """The validation curve; a dash of fixed length on paper if there is only one epoch."""
    x, y = series.column("epoch"), series.column("val_" + metric)
    if len(x) == 1:
        axes.plot(x, y, marker="_", color=series.colour, markersize=DASH_POINTS, markeredgewidth=width, linestyle="none")
    else:
        axes.plot(x, y, color=series.colour, linewidth=width, linestyle=series.dash)


def run_dash(run):
    return style.RUN_LINES[(ord(run.tag[0]) - ord("A")) % len(style.RUN_LINES)] if run.tag else "-"


def draw_overlay(axes, series, metric):
    """All together. Curves of correct kernels coincide, so wide lines lie below narrow ones and every backend stays
    visible."""
    count = len(series)
    handles = []
    for i, s in enumerate(series):
        width = 1.4 + min(2.0, 7 / count) * (count - 1 - i)
        size = 4 + min(2.7, 9 / count) * (count - 1 - i)
        marker = style.MARKERS[i % len(style.MARKERS)]
        plot_line(axes, s, metric, width)
        axes.plot(s.column("epoch"), s.column(metric), marker, color=s.colour, markersize=size, fillstyle="none",
                  markeredgewidth=1.4)
        handles.append(Line2D([], [], color=s.colour, marker=marker, fillstyle="none", markeredgewidth=1.4,
                              linewidth=min(width, 3), linestyle=s.dash, markersize=7, label=s.label))
    axes.set_title("all together")
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric)
    set_epoch_ticks(axes, series, 11)
    axes.margins(x=0.03, y=0.09)
    axes.legend(handles=handles, frameon=False, handlelength=3, labelspacing=0.9, loc="center left",
                bbox_to_anchor=(1.0, 0.5))
