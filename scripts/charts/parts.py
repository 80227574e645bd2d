# SPDX-License-Identifier: MIT
"""Where the epoch goes: GFLOP/s of every op with matrix products, and the epoch's time by op."""

from matplotlib.patches import Patch

from lanebench import fmt
from lanebench.palette import part_colours, part_legend
from lanebench.run import timed, with_peers
from lanebench.scales import axis_end

from . import style

LEGEND_COLUMNS = 6


def draw_op_speeds(runs):
    """One bar per op with matrix products. None when there is none."""
    backends = timed(with_peers(runs))
    bars = [(b, part) for b in backends for part in b.timed_parts() if part.gflops]
    if not bars:
        return None
    colours = style.colours_of(backends)
    figure = style.new_figure(1.75 + 0.33 * len(bars) + 0.2 * len({b for b, _ in bars}))
    axes = figure.add_subplot()
    places = places_of(bars)
    peaks = [backend.figure("peak_gflops") for backend, _ in bars]
    longest = max([part.gflops for _, part in bars] + [p for p in peaks if p])
    for y, peak, (backend, part) in zip(places, peaks, bars):
        axes.barh(y, part.gflops, height=0.72, color=colours[backend.name])
        if peak:
            axes.plot([peak, peak], [y - 0.45, y + 0.45], color="black", linewidth=2, solid_capstyle="butt")
        name_bar(axes, y, part, peak, 0.19 * longest)  # about the width of a label
    axes.set_yticks(places, [f"{b.short}: {p.name}" + (" (inherited)" if p.inherited else "") for b, p in bars])
    for tick, (backend, _) in zip(axes.get_yticklabels(), bars):
        tick.set_color(colours[backend.name])
    axes.set_ylim(places[-1] + 0.7, 0.3)
    axes.set_xlim(0, longest * 1.05)
    axes.set_xlabel("GFLOP/s of the matrix products, at the median time")
    axes.grid(False, axis="y")
    caption = "Nominal flop of the matrix products over the wall time of the op or phase that contains them."
    if any(peaks):
        caption += "  Black mark: best measured peak."
    style.finish(figure, "Speed by op inside the training epoch", caption, with_peers(runs))
    return figure


def places_of(bars):
    """Heights of the bars, those of a backend close together."""
    places = []
    for i, (backend, _) in enumerate(bars):
        places.append((places[-1] if places else 0.0) + (1.0 if i == 0 or bars[i - 1][0] is backend else 1.6))
    return places


def name_bar(axes, y, part, peak, label):
    text = fmt.rounded(part.gflops) + (f"  ({fmt.percent(part.share_of_peak)} of peak)" if part.share_of_peak else "")
    inside = part.gflops > label
    start = peak if not inside and peak and peak < part.gflops + label else part.gflops  # beyond the mark, not across it
    axes.annotate(text, (start, y), xytext=(-5 if inside else 5, 0), textcoords="offset points",
                  ha="right" if inside else "left", va="center", fontsize=9, color="white" if inside else "black")


def draw_breakdown(runs):
    """Stacked bars per backend: seconds on the left, shares on the right. None without ops."""
    backends = [b for b in timed(with_peers(runs)) if b.timed_parts()]
    if not backends:
        return None
    names = list(dict.fromkeys(part.name for b in backends for part in b.timed_parts()))
    colours = part_colours(names)
    entries = part_legend(colours)
    legend_height = 0.1 + 0.2 * -(-len(entries) // LEGEND_COLUMNS)
    figure = style.new_figure(1.85 + 0.5 * len(backends) + legend_height)
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.25])
    absolute, relative = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    stack(absolute, backends, colours, "seconds", 1.0)
    label_totals(absolute, [b.seconds for b in backends])
    stack(relative, backends, colours, "share_of_epoch", 100.0)
    relative.set_xlim(0, 100)
    relative.set_xlabel("% of the epoch")
    absolute.set_title("seconds")
    relative.set_title("share")
    relative.tick_params(labelleft=False, left=False)
    caption = ("Medians of each part's wall time over the epochs after the first.\n"
               "The same colour means the same work, whether an op of a composed step or a phase of a fused one.")
    if any(part.inherited for b in backends for part in b.timed_parts()):
        caption += "\nHatched: inherited from the fallback backend, not the backend's own work."
    style.finish(figure, "Where a training epoch goes", caption, with_peers(runs), legend_height)
    figure.legend([Patch(color=colour) for _, colour in entries], [text for text, _ in entries], loc="upper left",
                  ncols=LEGEND_COLUMNS, bbox_to_anchor=(0.0, 1 - 0.34 / figure.get_figheight()), frameon=False,
                  fontsize=9, handlelength=1.2, columnspacing=1.4)
    return figure


def part_text(name, width):
    """The text that fits into a part of so many per cent of the panel."""
    both = f"{name} {width:.0f}"
    if width > 1.7 * len(both) + 1:
        return both
    return f"{width:.0f}" if width >= 4.5 else ""


def stack(axes, backends, colours, figure, scale):
    """figure: which of a part's."""
    for y, backend in enumerate(backends):
        left = 0.0
        for part in backend.timed_parts():
            width = getattr(part, figure) * scale
            axes.barh(y, width, left=left, height=0.66, color=colours[part.name], edgecolor="white", linewidth=0.8,
                      hatch="////" if part.inherited else "")
            if figure == "share_of_epoch":
                axes.text(left + width / 2, y, part_text(part.name, width), ha="center", va="center", fontsize=8.5)
            left += width
    style.name_rows(axes, backends, style.colours_of(backends))


def label_totals(axes, totals):
    end = axis_end(totals)
    axes.set_xlim(0, end * 1.35)
    axes.set_xlabel("seconds for one training epoch")
    for y, total in enumerate(totals):
        if total > end:
            style.cut_label(axes, y, fmt.seconds(total))
        else:
            axes.annotate(fmt.seconds(total), (total, y), xytext=(5, 0), textcoords="offset points", va="center",
                          fontsize=9)
