# SPDX-License-Identifier: MIT
"""How long an epoch takes: every epoch as a dot, the median, and how many times faster than a base."""

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from . import style
from .runs import all_series, finite

BASES = ("naive", "onednn")


def draw_times(runs):
    """None when no epoch was timed."""
    series = [s for s in all_series(runs) if s.median("train_seconds")]
    if not series:
        return None
    colours = style.colours_of(series)
    bases = [b for b in BASES if any(s.backend == b for s in series)]
    figure = style.new_figure(1.95 + 0.5 * len(series))
    grid = figure.add_gridspec(1, 1 + len(bases), width_ratios=[2.3] + [1] * len(bases))

    times = figure.add_subplot(grid[0, 0])
    draw_dots(times, series, colours)
    for i, base in enumerate(bases):
        axes = figure.add_subplot(grid[0, 1 + i], sharey=times)
        draw_speedup(axes, series, base, colours)

    caption = ("Dots: every training epoch, without validation; the first, which warms up, is hollow.  "
               "Bar: median of the others.\nSpeed-up: ratio of the medians within the run.")
    if any(run.peers for run in runs):
        caption += "  A peer ran apart: its ratio is in its paired.csv."
    style.finish(figure, "Training epoch: time and speed-up", caption, runs)
    return figure


def draw_dots(axes, series, colours):
    end, cuts = style.cut_for_fast_ones([max(finite(s.column("train_seconds"))) for s in series])
    limit = end * 1.75
    for y, s in enumerate(series):
        seconds = finite(s.column("train_seconds"))
        middle = s.median("train_seconds")
        spread = [0.24 * ((k % 5) - 2) / 2 for k in range(len(seconds))]  # apart, where they coincide
        axes.plot([middle, middle], [y - 0.36, y + 0.36], color="black", linewidth=1.5, solid_capstyle="butt")
        warm = 1 if len(seconds) > 1 else 0
        axes.plot(seconds[warm:], [y + d for d in spread[warm:]], "o", color=colours[s.backend], markersize=4.5,
                  alpha=0.7, markeredgewidth=0)
        axes.plot(seconds[:warm], [y + d for d in spread[:warm]], "o", color=colours[s.backend], markersize=4,
                  fillstyle="none")
        text = style.seconds_text(middle)
        if s.speed():
            text += f"  ({style.three_digits(s.speed())} GFLOP/s)"
        if len(seconds) == 1:
            text += ", 1 epoch"
        if cuts and max(seconds) > end:
            style.cut_label(axes, y, text)
        else:
            fits = len(text) * 0.0175 < 1 - max(seconds) / limit  # a letter is about that share of the panel
            axes.annotate(text, (max(seconds) if fits else min(seconds), y), xytext=(7 if fits else -7, 0),
                          textcoords="offset points", ha="left" if fits else "right", va="center", fontsize=9)
    style.name_rows(axes, series, colours)
    axes.set_xlim(0, limit)
    axes.set_xlabel("seconds for one training epoch")
    axes.set_title("epoch time")


def draw_speedup(axes, series, base, colours):
    by_run = {s.run: s.median("train_seconds") for s in series if s.backend == base}
    factors = []
    for y, s in enumerate(series):
        if s.run not in by_run:
            continue
        factor = by_run[s.run] / s.median("train_seconds")
        factors.append(factor)
        axes.barh(y, factor - 1, left=1, height=0.34, color=colours[s.backend])
        if s.backend == base:
            axes.plot([1], [y], "D", color=colours[s.backend], markersize=5)
        text = f"{style.three_digits(factor)}×" if factor > 0.5 else f"{style.three_digits(1 / factor)}× slower"
        axes.annotate(text, (max(factor, 1), y), xytext=(7, 0), textcoords="offset points", va="center",
                      fontsize=9)
    low, high = min(factors + [1]), max(factors + [1])
    span = max(high / low, 1.5)
    axes.set_xscale("log")
    axes.set_xlim(low / span ** 0.08, high * span ** 0.62)
    log_ticks(axes, "{:g}×")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel("times faster (log)")
    axes.set_title(f"against {base}")
    axes.tick_params(labelleft=False, left=False)
    axes.spines["left"].set_visible(False)
    axes.grid(False, axis="y")


def log_ticks(axes, form):
    """Few and plain numbers on a log axis: only powers of ten on a long one, more on a short one."""
    low, high = axes.get_xlim()
    subs = (1.0,) if high / low > 100 else (1.0, 3.0) if high / low > 20 else (1.0, 2.0, 5.0)
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=subs, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: form.format(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
