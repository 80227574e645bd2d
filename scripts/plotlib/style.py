# SPDX-License-Identifier: MIT
"""One look for all charts: colours, sizes, the caption and the footer, and how a figure is saved."""

import os

import matplotlib
import matplotlib.pyplot as plt

from .palette import OTHER_COLOUR, PART_COLOURS, colours_by_name  # noqa: F401  (used as style.NAME)
from .runs import with_peers

WIDTH = 9.5  # inches; at a README's width of about 830 pixels a 10 pt letter is 12 pixels high

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
RUN_LINES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))

matplotlib.rcdefaults()  # a matplotlibrc in the current folder was read all the same
plt.rcParams.update({
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "figure.facecolor": "white",
    "svg.hashsalt": "lanebench",  # the same rows give the same file
})


def colours_of(series):
    """Colour by backend name, for all series of a chart."""
    return colours_by_name(s.backend for s in series)


def new_figure(height):
    return plt.figure(figsize=(WIDTH, height))


def name_rows(axes, series, colours):
    """One row per series from the top down, named in its colour."""
    axes.set_yticks(range(len(series)), [s.label for s in series])
    for tick, s in zip(axes.get_yticklabels(), series):
        tick.set_color(colours[s.backend])
        tick.set_fontweight("bold")
    axes.set_ylim(len(series) - 0.5, -0.5)
    axes.grid(False, axis="y")


def cut_for_fast_ones(values):
    """Upper end of an axis from 0 on which the fast ones can be told apart: a baseline more than five times slower
    than the next is cut. Returns the end and whether it cuts."""
    ordered = sorted(values)
    if len(ordered) > 1 and ordered[-1] > 5 * ordered[-2]:
        return ordered[-2], True
    return ordered[-1], False


def cut_label(axes, y, text):
    """Says at the right edge what lies beyond it."""
    axes.text(0.985, y, f"{text} ▶", transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=9,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})


def three_digits(number):
    """Three significant digits, zeros at the end too ('5.60'); no power of ten from 1000 on."""
    return f"{number:.0f}" if abs(number) >= 999.5 else f"{number:#.3g}".rstrip(".")


def seconds_text(seconds):
    """Three significant digits with the unit that suits."""
    if seconds < 1e-3:
        return f"{three_digits(seconds * 1e6)} µs"
    if seconds < 0.9995:
        return f"{three_digits(seconds * 1e3)} ms"
    return f"{three_digits(seconds)} s"


def seconds_tick(seconds):
    """'10 s', '200 ms': round numbers without zeros behind the point."""
    number, unit = seconds_text(seconds).split(" ")
    return f"{float(number):g} {unit}"


def finish(figure, title, caption, runs, above=0.0):
    """Title above, caption and one footer line per run below. Lays out what is between, and leaves that many inches
    free above it."""
    runs = with_peers(runs)
    footer = "\n".join(run.footer() for run in runs)
    inch = 1 / figure.get_figheight()
    lines = caption.count("\n") + 1
    footer_top = 0.08 + 0.15 * len(runs)
    bottom = footer_top + 0.06 + 0.17 * lines
    figure.text(0.01, footer_top * inch, footer, fontsize=7.5, color="#555555", va="top")
    figure.text(0.01, bottom * inch, caption, fontsize=9, color="#333333", va="top")
    figure.text(0.01, 1 - 0.1 * inch, title, va="top", fontsize=13, fontweight="bold")
    figure.tight_layout(rect=(0, (bottom + 0.04) * inch, 1, 1 - (0.36 + above) * inch))


def save(figure, folder, name):
    """NAME.png and NAME.svg, each put in place whole. Returns the paths."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
        path = os.path.join(folder, f"{name}.{kind}")
        figure.savefig(path + ".partial", format=kind, dpi=200, metadata=metadata)
        os.replace(path + ".partial", path)
        paths.append(path)
    plt.close(figure)
    return paths
