# SPDX-License-Identifier: MIT
"""How long an epoch takes: every epoch as a dot, the median, and how many times faster than a base."""

from matplotlib.ticker import NullLocator

from lanebench import fmt
from lanebench.rows import finite
from lanebench.run import timed, with_peers
from lanebench.scales import Log, time_axis_end

from . import style

BASES = ("naive", "onednn")


def draw_times(runs):
    """None when no epoch was timed."""
    backends = timed(with_peers(runs))
    if not backends:
        return None
    colours = style.colours_of(backends)
    panels = [(base, speedups(backends, base)) for base in BASES]
    panels = [(base, found) for base, found in panels if found]
    figure = style.new_figure(1.95 + 0.5 * len(backends))
    grid = figure.add_gridspec(1, 1 + len(panels), width_ratios=[2.3] + [1] * len(panels))

    times = figure.add_subplot(grid[0, 0])
    draw_dots(times, backends, colours)
    for i, (base, found) in enumerate(panels):
        draw_speedup(figure.add_subplot(grid[0, 1 + i], sharey=times), found, base, colours)

    caption = ("Dots: every training epoch, without validation; the first, which warms up, is hollow.  "
               "Bar: median of the others.\nSpeed-up: median over the rounds of the run.")
    if any(run.host for run in with_peers(runs)):
        caption += "  A peer did not take turns with these; its ratio is in its paired.csv."
    style.finish(figure, "Training epoch: time and speed-up", caption, with_peers(runs))
    return figure


def speedups(backends, base):
    """[(row, backend, Speedup)] within each run; [] where no run has that backend beside another."""
    bases = {b.run: b for b in backends if b.name == base}
    found = [(y, b, b.speedup_over(bases[b.run])) for y, b in enumerate(backends) if b.run in bases]
    found = [(y, b, up) for y, b, up in found if up]
    return found if any(b.name != base for _, b, _ in found) else []


def draw_dots(axes, backends, colours):
    seconds_of = [finite(b.epochs, "train_seconds") for b in backends]
    end = time_axis_end(backends)
    limit = end * 1.75
    for y, (backend, seconds) in enumerate(zip(backends, seconds_of)):
        colour = colours[backend.name]
        spread = [0.24 * ((k % 5) - 2) / 2 for k in range(len(seconds))]  # apart, where they coincide
        if backend.seconds:
            axes.plot([backend.seconds] * 2, [y - 0.36, y + 0.36], color="black", linewidth=1.5, solid_capstyle="butt",
                      gid="median")
        warm = 1 if len(seconds) > 1 else 0
        axes.plot(seconds[warm:], [y + d for d in spread[warm:]], "o", color=colour, markersize=4.5, alpha=0.7,
                  markeredgewidth=0)
        axes.plot(seconds[:warm], [y + d for d in spread[:warm]], "o", color=colour, markersize=4, fillstyle="none")
        name_dots(axes, y, row_text(backend), seconds, end, limit)
    style.name_rows(axes, backends, colours)
    axes.set_xlim(0, limit)
    axes.set_xlabel("seconds for one training epoch")
    axes.set_title("epoch time")


def row_text(backend):
    text = fmt.seconds(backend.seconds) if backend.seconds else "median not known"
    if backend.figure("gflops"):
        text += f"  ({fmt.rounded(backend.figure('gflops'))} GFLOP/s)"
    return text + (", 1 epoch" if len(backend.epochs) == 1 else "")


def name_dots(axes, y, text, seconds, end, limit):
    if max(seconds) > end:
        style.cut_label(axes, y, text)
        return
    fits = len(text) * 0.0175 < 1 - max(seconds) / limit  # a letter is about that share of the panel
    axes.annotate(text, (max(seconds) if fits else min(seconds), y), xytext=(7 if fits else -7, 0),
                  textcoords="offset points", ha="left" if fits else "right", va="center", fontsize=9)


def draw_speedup(axes, found, base, colours):
    for y, backend, up in found:
        factor = 1.0 if up.reason else up.factor
        if not up.reason:
            axes.barh(y, factor - 1, left=1, height=0.34, color=colours[backend.name])
        if backend.name == base:
            axes.plot([1], [y], "D", color=colours[backend.name], markersize=5)
        text = "not established" if up.reason else fmt.times(factor)
        axes.annotate(text, (max(factor, 1), y), xytext=(7, 0), textcoords="offset points",
                      va="center", fontsize=9)
    factors = [up.factor for _, _, up in found if not up.reason] + [1]
    low, high = min(factors), max(factors)
    span = max(high / low, 1.5)
    axes.set_xscale("log")
    axes.set_xlim(low / span ** 0.08, high * span ** 0.62)
    ticks = Log(*axes.get_xlim(), 0, 1).ticks(4)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([value for value, _ in ticks], [f"{text}x" for _, text in ticks])
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel("times the speed (log)")
    axes.set_title(f"against {base}")
    axes.tick_params(labelleft=False, left=False)
    axes.spines["left"].set_visible(False)
    axes.grid(False, axis="y")
