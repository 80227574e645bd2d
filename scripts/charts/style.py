# SPDX-License-Identifier: MIT
"""One look for all charts: colours, sizes, the caption and the footer, and how a figure is saved."""

import os

import matplotlib
import matplotlib.pyplot as plt

from lanebench import fmt
from lanebench.palette import colours_by_name

WIDTH = 9.5  # inches; at a README's width of about 830 pixels a 10 pt letter is 12 pixels high

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
RUN_LINES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))

matplotlib.rcdefaults()  # a matplotlibrc in the current directory was read anyway
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


def colours_of(backends):
    """Colour by name, for all backends of a chart."""
    return colours_by_name(b.name for b in backends)


def new_figure(height):
    return plt.figure(figsize=(WIDTH, height))


def name_rows(axes, backends, colours):
    """One row per backend from the top down, named in its colour."""
    axes.set_yticks(range(len(backends)), [b.short for b in backends])
    for tick, b in zip(axes.get_yticklabels(), backends):
        tick.set_color(colours[b.name])
        tick.set_fontweight("bold")
    axes.set_ylim(len(backends) - 0.5, -0.5)
    axes.grid(False, axis="y")


def cut_label(axes, y, text):
    """Says at the right edge what lies beyond it."""
    axes.text(0.985, y, f"{text} ▶", transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=9,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})


def seconds_tick(seconds):
    """'10 s', '200 ms': round numbers without trailing zeros."""
    number, unit = fmt.seconds(seconds).split(" ")
    return f"{float(number):g} {unit}"


def finish(figure, title, caption, runs, above=0.0):
    """Title above, caption, the notes of backends and one footer line per run below. Lays out what is between, and leaves
    that many inches free above it."""
    notes = list(dict.fromkeys(note for run in runs for note in run.noted()))
    caption += "".join(f"\n{note}." for note in notes)
    footer = "\n".join(run.footer() for run in runs)
    inch = 1 / figure.get_figheight()
    lines = caption.count("\n") + 1
    footer_top = 0.08 + 0.15 * len(runs)
    bottom = footer_top + 0.06 + 0.17 * lines
    figure.text(0.01, footer_top * inch, footer, fontsize=7.5, color="#555555", va="top")
    figure.text(0.01, bottom * inch, caption, fontsize=9, color="#333333", va="top")
    figure.text(0.01, 1 - 0.1 * inch, title, va="top", fontsize=13, fontweight="bold")
    figure.tight_layout(rect=(0, (bottom + 0.04) * inch, 1, 1 - (0.36 + above) * inch))


# By suffix: metadata that would differ from machine to machine or from day to day are left out.
FORMATS = {"png": {"Software": None}, "svg": {"Date": None}}


def save(figure, directory, name):
    """NAME.png and NAME.svg, each put in place whole. Returns the paths."""
    os.makedirs(directory, exist_ok=True)
    paths = []
    for kind, metadata in FORMATS.items():
        path = os.path.join(directory, f"{name}.{kind}")
        figure.savefig(path + ".partial", format=kind, dpi=200, metadata=metadata)
        os.replace(path + ".partial", path)
        paths.append(path)
    plt.close(figure)
    return paths
