# SPDX-License-Identifier: MIT
"""Where the epoch goes: GFLOP/s of every op that does matrix products, and the epoch's time by op."""

from matplotlib.patches import Patch

from . import style
from .runs import all_series

OTHER = "other"
LEGEND_COLUMNS = 6


def ops_in_order(series):
    """Names of the ops of one backend as first met, 'other' last."""
    names = list(dict.fromkeys(o["op"] for o in series.ops))
    return [n for n in names if n != OTHER] + [n for n in names if n == OTHER]


def inherited(series, op):
    return any(o["inherited"] for o in series.ops if o["op"] == op)


def draw_op_speeds(runs):
    """One bar per op with matrix products. None when there is none."""
    series = [s for s in all_series(runs) if s.ops]
    bars = [(s, op, s.op_median(op, "gflops")) for s in series for op in ops_in_order(s) if s.op_median(op, "gflops")]
    if not bars:
        return None
    colours = style.colours_of(all_series(runs))
    figure = style.new_figure(1.75 + 0.33 * len(bars) + 0.2 * len({id(b[0]) for b in bars}))
    axes = figure.add_subplot()
    longest = max(speed for _, _, speed in bars)
    peaks = 0
    y, last, names, rows = 0.0, None, [], []
    for s, op, speed in bars:
        y += 1.0 if last in (None, s) else 1.6
        last = s
        axes.barh(y, speed, height=0.72, color=colours[s.backend])
        text = style.three_digits(speed)
        peak = s.op_median(op, "peak_gflops")
        if peak:
            peaks += 1
            longest = max(longest, peak)
            axes.plot([peak, peak], [y - 0.45, y + 0.45], color="black", linewidth=2, solid_capstyle="butt")
            text += f"  ({100 * speed / peak:.0f} % of peak)"
        rows.append((y, speed, peak, text))
        names.append(f"{s.label}: {op}" + (" (inherited)" if inherited(s, op) else ""))
    axes.set_yticks([row[0] for row in rows], names)
    label = 0.19 * longest  # about the width of one
    for place, speed, peak, text in rows:
        inside = speed > label
        start = peak if not inside and peak and peak < speed + label else speed  # beyond the mark, not across it
        axes.annotate(text, (start, place), xytext=(-5 if inside else 5, 0), textcoords="offset points",
                      ha="right" if inside else "left", va="center", fontsize=9,
                      color="white" if inside else "black")
    for tick, (s, _, _) in zip(axes.get_yticklabels(), bars):
        tick.set_color(colours[s.backend])
    axes.set_ylim(y + 0.7, 0.3)
    axes.set_xlim(0, longest * 1.05)
    axes.set_xlabel("GFLOP/s of the matrix products, median of the epochs after the first")
    axes.grid(False, axis="y")
    caption = "Nominal flop of the matrix products over the wall time of the op or phase that contains them."
    if peaks:
        caption += "  Black mark: measured peak."
    style.finish(figure, "Speed by op inside the training epoch", caption, runs)
    return figure


def draw_breakdown(runs):
    """Stacked bars per backend: seconds on the left, shares on the right. None without ops."""
    series = [s for s in all_series(runs) if s.ops]
    if not series:
        return None
    names = list(dict.fromkeys(op for s in series for op in ops_in_order(s)))
    names = [n for n in names if n != OTHER] + [n for n in names if n == OTHER]
    colours = {n: style.PART_COLOURS[i % len(style.PART_COLOURS)] for i, n in enumerate(names)}
    colours[OTHER] = style.OTHER_COLOUR

    legend_height = 0.1 + 0.2 * -(-len(names) // LEGEND_COLUMNS)
    figure = style.new_figure(1.85 + 0.5 * len(series) + legend_height)
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.25])
    absolute, relative = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    stack(absolute, series, names, colours, False)
    stack(relative, series, names, colours, True)
    absolute.set_title("seconds")
    relative.set_title("share")
    relative.tick_params(labelleft=False, left=False)
    caption = ("Medians of each part's wall time over the epochs after the first.  The phases of a fused step have "
               "their own names.")
    if any(inherited(s, n) for s in series for n in names):
        caption += "\nHatched: inherited from the fallback backend, not the backend's own work."
    style.finish(figure, "Where a training epoch goes", caption, runs, legend_height)
    figure.legend([Patch(color=colours[n]) for n in names], names, loc="upper left", ncols=LEGEND_COLUMNS,
                  bbox_to_anchor=(0.0, 1 - 0.34 / figure.get_figheight()), frameon=False, fontsize=9,
                  handlelength=1.2, columnspacing=1.4)
    return figure


def part_text(name, width):
    """What fits into a part of that many per cent of the panel."""
    both = f"{name} {width:.0f}"
    if width > 1.7 * len(both) + 1:
        return both
    return f"{width:.0f}" if width >= 4.5 else ""


def stack(axes, series, names, colours, as_share):
    totals = []
    for y, s in enumerate(series):
        parts = [(n, s.op_median(n, "seconds")) for n in names]
        parts = [(n, v) for n, v in parts if v and v > 0]
        total = sum(v for _, v in parts) or 1.0
        totals.append(total)
        scale = 100 / total if as_share else 1.0
        left = 0.0
        for name, value in parts:
            width = value * scale
            axes.barh(y, width, left=left, height=0.66, color=colours[name], edgecolor="white", linewidth=0.8,
                      hatch="////" if inherited(s, name) else "")
            if as_share:
                axes.text(left + width / 2, y, part_text(name, width), ha="center", va="center", fontsize=8.5)
            left += width
    style.name_rows(axes, series, style.colours_of(series))
    if as_share:
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the epoch")
    else:
        label_totals(axes, totals)


def label_totals(axes, totals):
    end, cuts = style.cut_for_fast_ones(totals)
    axes.set_xlim(0, end * 1.35)
    axes.set_xlabel("seconds for one training epoch")
    for y, total in enumerate(totals):
        if cuts and total > end:
            style.cut_label(axes, y, style.seconds_text(total))
        else:
            axes.annotate(style.seconds_text(total), (total, y), xytext=(5, 0), textcoords="offset points",
                          va="center", fontsize=9)
