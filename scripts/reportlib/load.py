# SPDX-License-Identifier: MIT
"""A run folder in memory. Rows keep the text of the file (row[column]) so that the page can show exactly it; what is
computed with is parsed by value()."""

import csv
import math
import os

from plotlib.files import DataError, read_json
from plotlib.ids import short_id
from plotlib.runs import commit_of, deviation_of, find_csv, named, of_first_training, read_rows

FILES = ("epochs.csv", "ops.csv", "proof.csv", "micro.csv", "roofline.csv", "ab.csv", "integrity.csv", "paired.csv",
         "target.csv",
         "machine.json", "topology.xml")
EPOCH_COLUMNS = ("run_id", "dataset", "backend", "epoch", "train_seconds", "loss", "accuracy", "val_loss",
                 "val_accuracy")


def value(row, column):
    """The number in a column of plotlib.runs.RANGES; NaN where the field is empty or the file has no such column."""
    text = row.get(column) or ""
    return float(text) if text else math.nan


def number_or_nan(row, column):
    """For columns that nothing has checked."""
    try:
        return value(row, column)
    except ValueError:
        return math.nan


def finite(rows, column):
    return [v for v in (value(r, column) for r in rows) if math.isfinite(v)]


def truth(row, column):
    return (row.get(column) or "").lower() in ("1", "yes", "true")


class Backend:
    """One backend of one run, whether or not it got as far as training."""

    def __init__(self, run, name, facts):
        self.run = run
        self.name = name
        self.facts = facts  # its section of machine.json
        self.epochs, self.ops, self.proof = [], [], []
        self.key = ""  # CSS class of its colour, set by theme.assign()
        self.marker = 0

    @property
    def label(self):
        return named(self.name, self.run.tag, self.deviation)

    @property
    def deviation(self):
        """"deviates: rules (110 cases)" of a backend whose only failures are declared deviations, else ""."""
        return deviation_of(self.facts) or next((d for d in map(deviation_of, self.epochs) if d), "")

    @property
    def warm(self):
        """The epochs after the first, which warms up; the only one where there are no others."""
        return self.epochs[1:] or self.epochs

    def op_names(self):
        names = list(dict.fromkeys(o["op"] for o in self.ops))
        return [n for n in names if n != "other"] + [n for n in names if n == "other"]

    def op_rows(self, op):
        """Rows of the epochs after the first."""
        rows = [o for o in self.ops if o["op"] == op]
        return rows[1:] or rows


class Run:
    """One run folder. tag is '' for a single run, else the letter that stands for it in labels. host: for the run of
    another framework that is kept in the folder of a run, to be shown beside it, that run."""

    def __init__(self, folder, host=None):
        if not os.path.isdir(folder):
            raise DataError(f"{folder}: no such folder")
        self.folder = folder
        self.host = host
        self.tag = ""
        self.notes = []  # what was wrong with the files, one line each
        self.remarks = []  # what a reader should know about them
        self.unfinished = []  # names of files that a run left when it was killed
        self.machine = self._read_machine()
        self.paths = {name: self._path(name) for name in FILES}
        self.backends = []
        table = self.section("backends")
        for name, facts in table.items():
            self.backends.append(Backend(self, name, facts if isinstance(facts, dict) else {}))
        first = self._read_epochs()
        self._read_parts("ops.csv", "ops", ("backend", "op", "epoch", "seconds"))
        self._read_parts("proof.csv", "proof", ("backend", "op", "cases", "count", "failed", "worst_error_of_bound"))
        if not any(b.epochs or b.proof for b in self.backends):
            raise DataError(f"{folder}: no rows in epochs.csv or proof.csv: not the folder of a run, or one that ended "
                            "before anything was proven")
        self.run_id = self.machine.get("run_id") or first.get("run_id") or os.path.basename(os.path.abspath(folder))
        self.dataset = first.get("dataset") or self.fact("dataset", "name") or "unknown"
        self.threads = first.get("threads") or str(self.fact("settings", "threads") or "")
        self.env_id = short_id(str(first.get("env_id") or self.machine.get("env_id") or ""))
        self.commit = commit_of(self.machine)
        self.status = self.machine.get("status") if isinstance(self.machine.get("status"), str) else ""

    def section(self, name):
        found = self.machine.get(name)
        return found if isinstance(found, dict) else {}

    def fact(self, section, key):
        return self.section(section).get(key)

    def timed(self):
        return [b for b in self.backends if finite(b.epochs, "train_seconds")]

    def find(self, name):
        return next((b for b in self.backends if b.name == name), None)

    def base(self, name):
        """The timed backend of that name to compare with, in this run or in the one it is kept beside; else None."""
        own = next((b for b in self.timed() if b.name == name), None)
        return own or (self.host.base(name) if self.host else None)

    def read_optional(self, name, needed):
        """Rows of a file that other commands write; [] when it is not there or not understood."""
        if not self.paths.get(name):
            return []
        try:
            return read_rows(self.paths[name], needed, self.notes.append)
        except DataError as error:
            self.notes.append(f"{error}: left out")
            return []

    def _path(self, name):
        if name.endswith(".csv"):
            return find_csv(self.folder, name, lambda _: self.unfinished.append(name + ".partial"))
        path = os.path.join(self.folder, name)
        return path if os.path.isfile(path) else None

    def _read_machine(self):
        path = os.path.join(self.folder, "machine.json")
        if not os.path.isfile(path) and os.path.isfile(path + ".partial"):
            path += ".partial"
        try:
            if os.path.exists(path):
                return read_json(path)
            self.notes.append(f"{self.folder}: no machine.json: machine and settings are unknown")
        except DataError as error:
            self.notes.append(f"{error}: machine and settings are unknown")
        return {}

    def _backend(self, name):
        found = self.find(name)
        if found is None:
            found = Backend(self, name, {})
            self.backends.append(found)
        return found

    def _read_epochs(self):
        """Returns the first row, or {}."""
        path = self.paths["epochs.csv"]
        rows = read_rows(path, EPOCH_COLUMNS, self.notes.append) if path else []
        rows = of_first_training(rows, os.path.basename(path or ""), self.remarks.append)
        for row in rows:
            if math.isnan(value(row, "epoch")):
                raise DataError(f"{path}:{row[None]}: epoch is empty")
            self._backend(row["backend"]).epochs.append(row)
        for backend in self.backends:
            backend.epochs.sort(key=lambda r: value(r, "epoch"))
        return rows[0] if rows else {}

    def _read_parts(self, name, attribute, needed):
        path = self.paths[name]
        rows = read_rows(path, needed, self.notes.append) if path else []
        for row in of_first_training(rows, path) if attribute == "ops" else rows:
            getattr(self._backend(row["backend"]), attribute).append(row)
        for backend in self.backends:
            getattr(backend, attribute).sort(key=lambda r: value(r, "epoch") if attribute == "ops" else 0)


def load_runs(folders):
    """All folders, each followed by its peers; more than one get the tags A, B, C ..., peers that of their run."""
    csv.field_size_limit(1 << 20)
    found = []
    for i, folder in enumerate(folders):
        run = Run(folder)
        for each in [run] + load_peers(run):
            if len(folders) > 1:
                each.tag = chr(ord("A") + i) if i < 26 else str(i + 1)
            found.append(each)
    return found


def load_peers(run):
    place = os.path.join(run.folder, "peers")
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    folders = [os.path.join(place, name) for name in names]
    return [Run(folder, run) for folder in folders if find_csv(folder, "epochs.csv", lambda _: None)]
