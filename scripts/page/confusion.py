# SPDX-License-Identifier: MIT
"""Which classes a trained network confuses: `confusion` of summary.json, a table for each backend."""

from lanebench.run import timed

from . import markup, theme
from .markup import tag
from .table import Cell, table

CLASSES = range(10)


def is_row(found):
    return isinstance(found, list) and len(found) == len(CLASSES) and all(type(n) is int and n >= 0 for n in found)


def counts_of(backend):
    """Ten rows of ten counts, or None."""
    rows = backend.figures.get("confusion")
    return rows if isinstance(rows, list) and len(rows) == len(CLASSES) and all(map(is_row, rows)) else None


def render(runs):
    backends = [b for b in timed(runs) if counts_of(b)]
    if not backends:
        return ""
    text = ("The test images after the last epoch: a row for each label, with the number of its images that the "
            "network assigns to each class. Green: correct. Bold red: at least half as many as the most frequent "
            "mistake.")
    matrices = (matrix(b, counts_of(b), is_open=b is backends[0]) for b in backends)
    return markup.section("confusion", "Confusion", markup.note(text), *matrices)


def matrix(backend, rows, is_open):
    most = max(rows[label][taken] for label in CLASSES for taken in CLASSES if taken != label)
    columns = [("label", False)] + [(str(taken), True, f"taken for a {taken}") for taken in CLASSES]
    cells = [[Cell(str(label))] + [cell(rows[label][taken], taken == label, most) for taken in CLASSES] for label in CLASSES]
    return tag("details", tag("summary", theme.named(backend)),
               table(f"Confusion matrix of {backend.label}", columns, cells), open="open" if is_open else None)


def cell(count, is_right, most):
    return Cell(str(count), None, "hit" if is_right else "miss" if 2 * count >= most > 0 else None)
