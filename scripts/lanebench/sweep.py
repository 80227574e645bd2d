# SPDX-License-Identifier: MIT
"""Reads a sweep's directory: sweep.csv, or where there is none yet its reason, and sweep.json."""

import math
import os

from .files import DataError, read_json, short_id
from .rows import checked, deviation_of, read_rows
from .run import commit_of, section_of

AXES = ("threads", "batch", "hidden")
FIGURES = ("median_train_seconds", "gflops", "share_of_peak")
SCALING = ("speedup", "efficiency")  # of the backend with the fewest threads; NaN in files without them
NEEDED = ("run_id", "dataset", "backend", "epochs", "verified", "outcome") + AXES + FIGURES


def is_sweep(directory):
    return os.path.isfile(os.path.join(directory, "sweep.json"))


class Sweep:
    """The lines of sweep.csv: dictionaries with the axes as integers and the figures as floats, NaN where a backend was
    not timed."""

    def __init__(self, directory):
        self.directory = directory
        self.notes = []
        self.machine = self.read_record()
        path = os.path.join(directory, "sweep.csv")
        if not os.path.isfile(path):
            raise DataError(f"{directory}: no sweep.csv: the sweep was killed; bench run --resume {directory} continues it")
        rows = read_rows(path, NEEDED, self.notes.append)
        self.lines = [parse(row, path) for row in rows]
        self.timed = [line for line in self.lines if line["median_train_seconds"] > 0]
        if not self.timed:
            raise DataError(f"{path}: no backend was timed at any point")
        for line in self.lines:
            if line["outcome"] != "ok":
                self.notes.append(f"{path}: {line['backend']} with {named(line, AXES)}: {line['outcome']}")
        ids = {short_id(row.get("env_id") or "") for row in rows} - {""}
        if len(ids) > 1:
            raise DataError(f"{path}: points from different machines (env_id {', '.join(sorted(ids))})")
        self.run_id, self.dataset = rows[0]["run_id"], rows[0]["dataset"]
        self.commit = commit_of(self.machine)

    def read_record(self):
        path = os.path.join(self.directory, "sweep.json")
        found = read_json(path)
        if found.get("status") != "complete":
            self.notes.append(f"{path}: the sweep is {found.get('status')}; drawing the points that are there")
        return found

    def section(self, name):
        return section_of(self.machine, name)

    def fact(self, section, key):
        return self.section(section).get(key)

    @property
    def backends(self):
        return list(dict.fromkeys(line["backend"] for line in self.timed))

    def noted(self):
        """As a run's: what its first point says of every backend."""
        notes = {}
        for line in self.timed:
            path = os.path.join(self.directory, line["point"], "machine.json")
            if line["backend"] not in notes and os.path.isfile(path):
                facts = section_of(section_of(read_json(path), "backends"), line["backend"])
                notes[line["backend"]] = facts.get("note")
        return [f"{name} {note}" for name, note in notes.items() if isinstance(note, str)]

    def values(self, axis):
        return sorted({line[axis] for line in self.timed})

    def curves(self, axis):
        """[(backend, what the other axes are, lines ascending along the axis)], those with two points or more."""
        found = {}
        for line in self.timed:
            others = tuple((a, line[a]) for a in AXES if a != axis)
            found.setdefault((line["backend"], others), []).append(line)
        order = self.backends
        return [(backend, dict(others), sorted(lines, key=lambda line: line[axis]))
                for (backend, others), lines in sorted(found.items(), key=lambda f: (f[0][1], order.index(f[0][0])))
                if len(lines) > 1]

    def footer(self):
        parts = [f"sweep {self.run_id}", f"commit {self.commit}", f"dataset={self.dataset}"]
        return "  ·  ".join(parts)


def measured(lines, name):
    """[(line, figure)] where it is known."""
    return [(line, line[name]) for line in lines if math.isfinite(line[name])]


def named(line, axes):
    return ", ".join(f"{axis} {line[axis]}" for axis in axes)


def parse(row, path):
    line = {"backend": row["backend"], "point": row.get("point") or "", "outcome": row["outcome"],
            "deviation": deviation_of(row), "row": row}
    for axis in AXES:
        value = checked(row, axis, path)
        if math.isnan(value) or value < 1:
            raise DataError(f"{path}:{row[None]}: {axis} is {row[axis]!r}, not a number above 0")
        line[axis] = int(value)
    for figure in FIGURES + SCALING:
        line[figure] = checked(row, figure, path)
    return line
