# SPDX-License-Identifier: MIT
"""What the learning curves need: series of points of backends and of Keras files, and how one is drawn."""

import math

from lanebench import fmt
from lanebench.rows import value

from . import theme
from .markup import tag
from .svg import lines


class Curve:
    """Points of one backend or one Keras file: rows with epoch and the four figures of Keras' History."""

    def __init__(self, label, key, marker, dash, rows, texts):
        self.label, self.key, self.marker, self.dash = label, key, marker, dash
        self.rows = rows  # dictionaries of floats
        self.texts = texts  # the same as text, for tooltips

    @property
    def is_keras(self):
        return self.key == "keras"

    @property
    def count(self):
        return len(self.rows)

    def points(self, name):
        return [(r["epoch"], r[name], t.get(name, "")) for r, t in zip(self.rows, self.texts)
                if math.isfinite(r.get(name, math.nan))]

    def swatch(self):
        """Line and marker as in the chart."""
        line = tag("path", d="M1 6H23", class_="curve", stroke_dasharray=self.dash)
        mark = tag("path", d=theme.marker_path(self.marker, 12, 6, 4), class_="mark")
        return tag("svg", line, tag("g", mark, class_="hollow"), viewBox="0 0 24 12", class_=f"swatch line {self.key}",
                   aria_hidden="true")


FIGURES = ("epoch", "train_seconds", "loss", "accuracy", "val_loss", "val_accuracy")


def of_backend(backend):
    rows = [{n: value(e, n) for n in FIGURES} for e in backend.epochs]
    return Curve(backend.label, backend.key, backend.marker, theme.dash(backend.run), rows, backend.epochs)


def of_keras(history):
    texts = [{n: f"{v:.9g}" for n, v in r.items()} for r in history.epochs]
    return Curve(history.label, "keras", "cross", "none", history.epochs, texts)


def width_of(index, count):
    """Curves of correct kernels coincide: wide lines lie below narrow ones, so that each stays visible."""
    return 1.6 + min(2.0, 7 / count) * (count - 1 - index)


def tip(curve, name, epoch, text):
    what = {"loss": "training loss", "accuracy": "training accuracy", "val_loss": "validation loss",
            "val_accuracy": "validation accuracy"}[name]
    return lines(f"{curve.label}, epoch {epoch:.0f}", f"{what} {text}")


def draw_line(chart, points, place, curve, index, count):
    """A line through the points; a dash if there is only one epoch."""
    places = [place(p) for p in points]
    if len(places) == 1:
        x, y = places[0]
        places = [(x - 7, y), (x + 7, y)]
    chart.path(places, f"curve {curve.key} s{index}", stroke_width=fmt.rounded(width_of(index, count)),
               stroke_dasharray=curve.dash)
