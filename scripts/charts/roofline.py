# SPDX-License-Identifier: MIT
"""The roofline of the machine, from roofline.csv, with the matrix products of the runs under it."""

import math

from matplotlib.lines import Line2D

from lanebench import fmt
from lanebench.ceilings import Ceilings, products_of
from lanebench.run import timed, with_peers

from . import style

LEVEL_LINES = {"L1": "-", "L2": (0, (6, 2)), "L3": (0, (4, 1.5, 1, 1.5)), "DRAM": (0, (1.5, 1.5))}
NAME_HEIGHT, NAMES_APART = 11, 1.7  # points; factor between places whose names may stand side by side
LARGEST_DOT = 900  # square points, of an op that is the whole epoch
SHARES_IN_LEGEND = (0.05, 0.5)


def draw_roofline(runs):
    """One panel per run that has a roofline.csv. None without a ceiling or without an op to put under it."""
    panels = []
    for run in with_peers(runs):
        ceilings = Ceilings(run)
        products = [(b, part) for b in run.timed() for part in products_of(b)]
        if ceilings.peaks and ceilings.levels and products:
            panels.append((run, ceilings, products))
    if not panels:
        return None
    figure = style.new_figure(1.2 + 4.6 * len(panels))
    colours = style.colours_of(timed(with_peers(runs)))
    for i, (run, ceilings, products) in enumerate(panels):
        draw_panel(figure.add_subplot(len(panels), 1, i + 1), run, ceilings, products, colours)
    caption = ("Dots: matrix products of the training step, as large as their share of the epoch.  Lines: measured "
               "peaks and bandwidths, the best of\nread, write and triad.  Intensity is flop per byte of compulsory "
               "traffic; a product with operands in a cache may lie above the line of\nthe next memory level.")
    style.finish(figure, "Roofline", caption, [run for run, _, _ in panels])
    return figure


def draw_panel(axes, run, ceilings, products, colours):
    knees = [ceilings.peak / v for v in ceilings.levels.values()]
    intensities = [part.ai for _, part in products] + knees
    low, high = min(intensities) / 3, max(intensities) * 3
    floor = min([part.gflops for _, part in products] + list(ceilings.peaks.values())) / 6  # names stand below the dots
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(floor, ceilings.peak * 2)
    draw_ceilings(axes, ceilings, low, high, floor)
    name_products(axes, products)
    for backend, part in sorted(products, key=lambda p: -p[1].share_of_epoch):
        axes.scatter(part.ai, part.gflops, s=max(LARGEST_DOT * part.share_of_epoch, 12), color=colours[backend.name],
                     alpha=0.65, edgecolors="white", linewidths=0.8, zorder=4)
    for set_ticks in (axes.xaxis, axes.yaxis):
        set_ticks.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("flop per byte (log)")
    axes.set_ylabel("GFLOP/s (log)")
    title = f"ceilings with {ceilings.threads_text(run)}"
    axes.set_title(f"{run.tag}: {title}" if run.tag else title)
    add_legend(axes, list(dict.fromkeys(b for b, _ in products)), colours)


def draw_ceilings(axes, ceilings, low, high, floor):
    for level, rate in ceilings.levels.items():
        start, end = max(low, floor / rate), min(high, ceilings.peak / rate)
        if start >= end:
            continue
        axes.plot([start, end], [start * rate, end * rate], color="#444444", linewidth=1.3,
                  linestyle=LEVEL_LINES.get(level, "-"), label=f"{level}  {fmt.rounded(rate)} GB/s")
    for isa, rate in sorted(ceilings.peaks.items(), key=lambda p: p[1]):
        first = min((rate / v for v in ceilings.levels.values()))  # where the fastest memory allows it
        axes.plot([max(first, low), high], [rate] * 2, color="black" if rate == ceilings.peak else "#999999", linewidth=1.6)
        axes.annotate(f"{isa}  {fmt.rounded(rate)}", (high, rate), xytext=(-4, 3), textcoords="offset points",
                      ha="right", va="bottom", fontsize=9)


def name_products(axes, products):
    """Names at the foot of the chart, those of one place together, those of close places above each other."""
    places = {}
    for _, part in sorted(products, key=lambda p: p[1].ai):
        names = places.setdefault(f"{part.ai:.2g}", (part.ai, []))[1]
        name = part.name.removeprefix("gemm ")
        if name not in names:
            names.append(name)
    last, height = 0.0, 0
    for x, names in places.values():
        height = height if x < NAMES_APART * last else 0
        axes.axvline(x, color="#CCCCCC", linewidth=0.8, linestyle=":", zorder=1)
        left = x > math.sqrt(math.prod(axes.get_xlim()))  # the wider side
        axes.annotate("\n".join(names), (x, 0.0), xycoords=axes.get_xaxis_transform(),
                      xytext=(-4 if left else 4, 4 + NAME_HEIGHT * height), textcoords="offset points",
                      ha="right" if left else "left", fontsize=8.5, color="#555555")
        last, height = x, height + len(names)


def add_legend(axes, backends, colours):
    handles = [Line2D([], [], color=colours[b.name], marker="o", linestyle="", markersize=8, alpha=0.65, label=b.short)
               for b in backends]
    handles += [Line2D([], [], color="#777777", marker="o", linestyle="", alpha=0.5, markeredgewidth=0,
                       markersize=math.sqrt(LARGEST_DOT * share), label=f"{100 * share:.0f} % of the epoch")
                for share in SHARES_IN_LEGEND]
    handles += axes.get_legend_handles_labels()[0]
    axes.legend(handles=handles, frameon=False, fontsize=9, labelspacing=0.9, loc="center left", bbox_to_anchor=(1.0, 0.5))
