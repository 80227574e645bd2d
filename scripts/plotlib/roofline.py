# SPDX-License-Identifier: MIT
"""The roofline of the machine, from roofline.csv, with the matrix products of the runs under it."""

import math

from matplotlib.lines import Line2D

from . import style
from .intensity import intensity
from .runs import find_csv, median_after_first, number, read_rows

NEEDED = ("threads", "quantity", "isa", "level", "median_per_second")
LEVEL_LINES = {"L1": "-", "L2": (0, (6, 2)), "L3": (0, (4, 1.5, 1, 1.5)), "DRAM": (0, (1.5, 1.5))}
LARGEST_DOT = 900  # square points, of an op that is the whole epoch
SHARES_IN_LEGEND = (0.05, 0.5)


class Ceilings:
    """Of one run: flop/s by ISA and bytes/s by level, for the number of threads nearest to the run's own."""

    def __init__(self, run):
        self.peaks, self.levels, self.threads = {}, {}, None
        path = find_csv(run.folder, "roofline.csv")
        rows = read_rows(path, NEEDED) if path else []
        for row in rows:
            row["rate"] = number(row, "median_per_second", path, row[None])
            row["team"] = number(row, "threads", path, row[None])
        rows = [r for r in rows if r["rate"] > 0 and r["team"] > 0]
        if not rows:
            return
        wanted = float(run.threads) if run.threads.isdigit() else math.inf
        self.threads = int(min((r["team"] for r in rows), key=lambda t: abs(math.log(t / wanted)) if wanted < math.inf
                               else -t))
        for row in rows:
            if row["team"] != self.threads:
                continue
            if row["quantity"] == "multiply_add":  # before and after all else: the better of both
                self.peaks[row["isa"]] = max(row["rate"], self.peaks.get(row["isa"], 0))
            elif row["quantity"] == "read":
                self.levels[row["level"]] = row["rate"]

    def roof(self, x):
        return min([max(self.peaks.values())] + [v * x for v in self.levels.values()])


def dots_of(series):
    """(op, flop per byte, flop/s, share of the epoch) of the products that are known, medians of the epochs."""
    found = []
    settings = series.run.machine.get("settings")
    epoch = series.median("train_seconds")
    for op in dict.fromkeys(o["op"] for o in series.ops):
        rows = [o for o in series.ops if o["op"] == op]
        flop, calls, seconds = (median_after_first(rows, c) for c in ("flop", "calls", "seconds"))
        if not (flop and calls and seconds and epoch and isinstance(settings, dict)):
            continue
        place = intensity(op, flop / calls, settings)
        if place:
            found.append((op.removeprefix("gemm "), place, flop / seconds, seconds / epoch))
    return found


def is_measured(run):
    return find_csv(run.folder, "roofline.csv", lambda _: None) is not None


def draw_roofline(runs):
    """One panel per run that has a roofline.csv. None without a ceiling or without an op to put under it."""
    panels = []
    for run in runs:
        ceilings = Ceilings(run)
        dots = [(s, dots_of(s)) for s in run.series]
        dots = [(s, d) for s, d in dots if d]
        if ceilings.peaks and ceilings.levels and dots:
            panels.append((run, ceilings, dots))
    if not panels:
        return None
    figure = style.new_figure(1.2 + 4.6 * len(panels))
    colours = style.colours_of([s for _, _, dots in panels for s, _ in dots])
    for i, (run, ceilings, dots) in enumerate(panels):
        draw_panel(figure.add_subplot(len(panels), 1, i + 1), run, ceilings, dots, colours)
    caption = ("Dots: matrix products of the training step, as large as their share of the epoch.  Lines: measured "
               "peaks and read bandwidths.\nA byte is counted once for each element of an operand or "
               "result; what a product finds in a cache may lie above the line of the memory behind it.")
    style.finish(figure, "Roofline", caption, [run for run, _, _ in panels])
    return figure


def draw_panel(axes, run, ceilings, dots, colours):
    everything = [d for _, found in dots for d in found]
    peak = max(ceilings.peaks.values())
    knees = [peak / v for v in ceilings.levels.values()]
    low, high = min([d[1] for d in everything] + knees) / 3, max([d[1] for d in everything] + knees) * 3
    floor = min([d[2] for d in everything] + list(ceilings.peaks.values())) / 6  # names stand below the lowest dot
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(floor / 1e9, peak * 2 / 1e9)
    draw_ceilings(axes, ceilings, peak, low, high, floor)
    name_products(axes, everything)
    for s, found in dots:
        for _, x, y, share in sorted(found, key=lambda d: -d[3]):
            axes.scatter(x, y / 1e9, s=max(LARGEST_DOT * share, 12), color=colours[s.backend], alpha=0.65,
                         edgecolors="white", linewidths=0.8, zorder=4)
    for set_ticks in (axes.xaxis, axes.yaxis):
        set_ticks.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("flop per byte (log)")
    axes.set_ylabel("GFLOP/s (log)")
    threads = f"{ceilings.threads} thread{'s' if ceilings.threads != 1 else ''}"
    title = f"ceilings with {threads}"
    if run.threads != str(ceilings.threads):
        title += f"; the run had {run.threads or 'an unknown number'}"
    axes.set_title(f"{run.tag}: {title}" if run.tag else title)
    add_legend(axes, [s for s, _ in dots], colours)


def draw_ceilings(axes, ceilings, peak, low, high, floor):
    for level, rate in ceilings.levels.items():
        start, end = max(low, floor / rate), min(high, peak / rate)
        if start >= end:
            continue
        axes.plot([start, end], [start * rate / 1e9, end * rate / 1e9], color="#444444", linewidth=1.3,
                  linestyle=LEVEL_LINES.get(level, "-"), label=f"{level}  {style.three_digits(rate / 1e9)} GB/s")
    for isa, rate in sorted(ceilings.peaks.items(), key=lambda p: p[1]):
        first = min((rate / v for v in ceilings.levels.values()))  # where the fastest memory allows it
        axes.plot([max(first, low), high], [rate / 1e9] * 2, color="black" if rate == peak else "#999999", linewidth=1.6)
        axes.annotate(f"{isa}  {style.three_digits(rate / 1e9)}", (high, rate / 1e9), xytext=(-4, 3),
                      textcoords="offset points", ha="right", va="bottom", fontsize=9)


def name_products(axes, everything):
    """Names at the foot of the chart, those of one place together."""
    places = {}
    for op, x, _, _ in everything:
        names = places.setdefault(f"{x:.2g}", (x, []))[1]
        if op not in names:
            names.append(op)
    for x, names in places.values():
        axes.axvline(x, color="#CCCCCC", linewidth=0.8, linestyle=":", zorder=1)
        left = x > math.sqrt(math.prod(axes.get_xlim()))  # where there is more room
        axes.annotate("\n".join(names), (x, 0.0), xycoords=axes.get_xaxis_transform(), xytext=(-4 if left else 4, 4),
                      textcoords="offset points", ha="right" if left else "left", fontsize=8.5, color="#555555")


def add_legend(axes, series, colours):
    handles = [Line2D([], [], color=colours[s.backend], marker="o", linestyle="", markersize=8, alpha=0.65, label=s.label)
               for s in series]
    handles += [Line2D([], [], color="#777777", marker="o", linestyle="", alpha=0.5, markeredgewidth=0,
                       markersize=math.sqrt(LARGEST_DOT * share), label=f"{100 * share:.0f} % of the epoch")
                for share in SHARES_IN_LEGEND]
    handles += axes.get_legend_handles_labels()[0]
    axes.legend(handles=handles, frameon=False, fontsize=9, labelspacing=0.9, loc="center left", bbox_to_anchor=(1.0, 0.5))
