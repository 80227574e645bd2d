# SPDX-License-Identifier: MIT
"""Loss and accuracy against the epoch, as in the Keras book's notebook: training as points, validation as a line."""

import math

from matplotlib.lines import Line2D

from . import style
from .palette import KERAS_COLOUR
from .runs import all_series

PANELS_IN_A_ROW = 4
DASH_POINTS = 10


def draw_history(runs, metric, title, keras=()):
    """metric is 'loss' or 'accuracy'; its validation column is val_ + metric. keras: KerasHistory objects; one that has not
    the metric is left out."""
    series = all_series(runs)
    colours = style.colours_of(series)
    colours.update((k.backend, KERAS_COLOUR) for k in keras)
    series += [k for k in keras if any(map(math.isfinite, k.column(metric) + k.column("val_" + metric)))]
    columns = min(PANELS_IN_A_ROW, len(series))
    rows = math.ceil(len(series) / columns)
    figure = style.new_figure(3.9 + 1.95 * rows)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[1.95] * rows + [3.1])

    overlay = figure.add_subplot(grid[rows, :])
    draw_overlay(overlay, series, metric, colours)
    first = None
    for i, s in enumerate(series):
        axes = figure.add_subplot(grid[i // columns, i % columns], sharex=first, sharey=first)
        first = first or axes
        draw_panel(axes, s, metric, colours[s.backend], i % columns == 0)
        axes.set_xticks(epoch_ticks(series, 5))
    first.set_xlim(overlay.get_xlim())
    first.set_ylim(overlay.get_ylim())

    caption = ("Points: training, the running mean over the epoch's samples while the weights move.  "
               "Line: validation, measured after the epoch.")
    style.finish(figure, title, caption, runs)
    return figure


def epoch_ticks(series, most):
    """The first epoch and round numbers after it, no more than that many."""
    last = int(max(e for s in series for e in s.column("epoch")))
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, last) if last / s < most)
    return sorted({1, *range(step, last + 1, step)}) if step != 2 else list(range(1, last + 1, 2))


def draw_panel(axes, series, metric, colour, leftmost):
    plot_line(axes, series, metric, colour, 1.8)
    axes.plot(series.column("epoch"), series.column(metric), "o", color=colour, markersize=4)
    axes.set_title(series.label, color=colour)
    axes.set_xlabel("epoch")
    axes.tick_params(labelleft=leftmost)
    if leftmost:
        axes.set_ylabel(metric)


def plot_line(axes, series, metric, colour, width):
    """The validation curve; a dash of fixed length on paper where one epoch makes no line."""
    x, y = series.column("epoch"), series.column("val_" + metric)
    dash = run_dash(series)
    if len(x) == 1:
        axes.plot(x, y, marker="_", color=colour, markersize=DASH_POINTS, markeredgewidth=width, linestyle="none")
    else:
        axes.plot(x, y, color=colour, linewidth=width, linestyle=dash)


def run_dash(series):
    tag = series.run.tag if series.run else ""
    return style.RUN_LINES[(ord(tag[0]) - ord("A")) % len(style.RUN_LINES)] if tag else "-"


def draw_overlay(axes, series, metric, colours):
    """All together. Right kernels give curves that coincide, so wide lines lie below narrow ones and every backend
    stays visible."""
    count = len(series)
    handles = []
    for i, s in enumerate(series):
        colour = colours[s.backend]
        width = 1.4 + min(2.0, 7 / count) * (count - 1 - i)
        size = 4 + min(2.7, 9 / count) * (count - 1 - i)
        marker = style.MARKERS[i % len(style.MARKERS)]
        plot_line(axes, s, metric, colour, width)
        axes.plot(s.column("epoch"), s.column(metric), marker, color=colour, markersize=size, fillstyle="none",
                  markeredgewidth=1.4)
        handles.append(Line2D([], [], color=colour, marker=marker, fillstyle="none", markeredgewidth=1.4,
                              linewidth=min(width, 3), linestyle=run_dash(s), markersize=7, label=s.label))
    axes.set_title("all together")
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric)
    axes.set_xticks(epoch_ticks(series, 11))
    axes.margins(x=0.03, y=0.09)
    axes.legend(handles=handles, frameon=False, handlelength=3, labelspacing=0.9, loc="center left",
                bbox_to_anchor=(1.0, 0.5))
