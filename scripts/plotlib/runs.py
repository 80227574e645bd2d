# SPDX-License-Identifier: MIT
"""Reads a run folder: epochs.csv, ops.csv and machine.json, with the standard library only."""

import csv
import io
import math
import os
import statistics
import sys

from .files import DataError, cell_text, read_json, read_text
from .ids import short_id

EPOCH_NUMBERS = ("epoch", "train_seconds", "loss", "accuracy", "val_loss", "val_accuracy")
OP_NUMBERS = ("epoch", "seconds")


def by_epoch(row):
    return row["epoch"]


def note(text):
    print(f"plot.py: {text}", file=sys.stderr)


def find_csv(folder, name, tell=note):
    """The path of a finished file, or of the .partial one that a killed run leaves; None when neither exists."""
    path = os.path.join(folder, name)
    for candidate in (path, path + ".partial"):
        if os.path.isfile(candidate):
            if candidate.endswith(".partial"):
                tell(f"{candidate}: the run did not end; drawing the rows that are there")
            return candidate
    return None


# What a number may be, by column: least, most, whether it is whole. Beyond these nothing can have been measured, and a
# chart cannot be drawn. nan and inf are what a training that diverges has.
SECONDS, COUNT, REAL = (0.0, 1e9, False), (0.0, 1e15, True), (-1e39, 1e39, False)
RANGES = {
    "epoch": (1.0, 1e6, True), "round": COUNT, "rounds": COUNT, "count": COUNT, "failed": COUNT, "calls": (0.0, 1e15, False),
    "train_seconds": (1e-9, 1e9, False), "median_train_seconds": (1e-9, 1e9, False), "seconds": SECONDS,
    "val_seconds": SECONDS, "seconds_to_target": SECONDS, "median_per_second": (0.0, 1e24, False),
    **dict.fromkeys(("gflops", "peak_gflops", "share_of_peak", "share_of_epoch", "flop", "bytes", "worst_error_of_bound"),
                    (0.0, 1e39, False)),
    **dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy", "target_accuracy"), REAL),
    **dict.fromkeys(("ratio", "ratio_low", "ratio_high", "torch_times_longer"), (1e-9, 1e9, False)),
    **dict.fromkeys(("bias_percent", "min_effect_percent", "visible_percent"), REAL),
}
NOT_FINITE = ("loss", "accuracy", "val_loss", "val_accuracy", "worst_error_of_bound")


def number(row, column, path, line):
    """The value as a float; NaN for an empty field, which means: not measured."""
    text = row.get(column) or ""
    if not text:
        return math.nan
    low, high, whole = RANGES.get(column, REAL)
    try:
        found = float(text)
    except ValueError:
        raise DataError(f"{path}:{line}: {column} is {text[:40]!r}, not a number") from None
    if not math.isfinite(found):
        if column in NOT_FINITE:
            return found
    elif low <= found <= high and (not whole or found.is_integer()):
        return found
    raise DataError(f"{path}:{line}: {column} is {text[:40]!r}, not {'a whole number' if whole else 'a number'} from "
                    f"{low:g} to {high:g}")


def read_rows(path, needed, tell=note):
    """Rows as dictionaries, each with its line number under None; texts without their mark (cell_text), numbers within
    RANGES. tell() gets a line for every row left out."""
    text = read_text(path)
    rows = []
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="surplus")
        missing = [c for c in needed if c not in (reader.fieldnames or [])]
        if missing:
            raise DataError(f"{path}: no column {', '.join(missing)}")
        numbers = [c for c in RANGES if c in reader.fieldnames]
        for row in reader:
            if "surplus" in row or None in row.values():
                tell(f"{path}:{reader.line_num}: not as many fields as the header, row left out")
                continue
            rows.append({column: cell_text(cell) for column, cell in row.items()})
            rows[-1][None] = reader.line_num
    except csv.Error as error:
        raise DataError(f"{path}: {error}") from None
    if rows and not text.endswith("\n") and rows[-1][None] == reader.line_num:
        tell(f"{path}:{rows[-1][None]}: the file ends inside this row, row left out")
        rows.pop()
    for row in rows:
        for column in numbers:
            number(row, column, path, row[None])
    return rows


def of_first_training(rows, path, tell=lambda _: None):
    """The rows of one training: a run with --seeds or --processes has the same epochs once for each."""
    for column, what, whole in (("seed", "seeds", "target.csv"), ("process", "processes", "ab.csv")):
        values = list(dict.fromkeys(r.get(column) for r in rows))
        if len(values) > 1:
            tell(f"{path}: {len(values)} {what}: epochs are shown of {column} {values[0]}; {whole} is of all")
            rows = [r for r in rows if r.get(column) == values[0]]
    return rows


def finite(values):
    return [v for v in values if math.isfinite(v)]


def median_after_first(rows, name):
    values = finite([r[name] for r in (rows[1:] or rows)])
    return statistics.median(values) if values else None


def deviation_of(row):
    """What a row says of declared deviations, "deviates: rules (110 cases)"; "" where it does not."""
    text = row.get("verified")
    return text if isinstance(text, str) and text.startswith("deviates: ") else ""


def named(name, tag, deviation):
    """What a backend is called in charts and tables; a deviation goes wherever the name does."""
    return (f"{name} ({tag})" if tag else name) + (f", {deviation}" if deviation else "")


class Series:
    """One backend of one run: its epochs in order and, where measured, its ops."""

    def __init__(self, run, backend):
        self.run = run
        self.backend = backend
        self.deviation = ""
        self.epochs = []  # dictionaries of floats by column
        self.ops = []  # dictionaries: op, inherited, and floats by column

    def column(self, name):
        return [e[name] for e in self.epochs]

    def median(self, name):
        """Over the epochs after the first, which warms up, or of the only one; None when not measured."""
        return median_after_first(self.epochs, name)

    def speed(self):
        """GFLOP/s at the median epoch time; None when not measured."""
        flop = finite([e["gflops"] * e["train_seconds"] for e in self.epochs])
        return flop[-1] / self.median("train_seconds") if flop else None

    def op_median(self, op, name):
        """The same for one op's rows."""
        return median_after_first([o for o in self.ops if o["op"] == op], name)

    @property
    def label(self):
        return named(self.backend, self.run.tag, self.deviation)


class Run:
    """One run folder. tag is '' for a single run, else the letter that stands for it in labels. peer: a run of another
    framework, kept in the folder of the run that it is shown beside."""

    def __init__(self, folder, peer=False):
        self.folder = folder
        self.peer = peer
        self.peers = []  # runs
        self.tag = ""
        self.mixed = False  # drawn beside runs of other machines
        self.series = []
        self.machine = read_machine(folder)
        self.read_epochs()
        self.read_ops()

    def read_epochs(self):
        path = find_csv(self.folder, "epochs.csv")
        if path is None:
            raise DataError(f"{self.folder}: no epochs.csv: not the folder of a run")
        by_backend = {}
        rows = of_first_training(read_rows(path, ("run_id", "dataset", "backend") + EPOCH_NUMBERS), path, note)
        for row in rows:
            values = {c: number(row, c, path, row[None]) for c in EPOCH_NUMBERS + ("gflops", "worst_error_of_bound")}
            if math.isnan(values["epoch"]):
                raise DataError(f"{path}:{row[None]}: epoch is empty")
            name = row["backend"]
            if name not in by_backend:
                by_backend[name] = Series(self, name)
                self.series.append(by_backend[name])
            by_backend[name].epochs.append(values)
            by_backend[name].deviation = deviation_of(row) or by_backend[name].deviation
        if not rows:
            raise DataError(f"{path}: no rows: no backend finished an epoch")
        for series in self.series:
            series.epochs.sort(key=by_epoch)
        table = self.machine.get("backends")
        table = list(table) if isinstance(table, dict) else []
        # Rows come in the shuffled order of the turns; show backends in the order of the backend table.
        self.series.sort(key=lambda s: table.index(s.backend) if s.backend in table else len(table))
        self.run_id = rows[0]["run_id"] or os.path.basename(os.path.abspath(self.folder))
        self.dataset = rows[0]["dataset"] or "unknown"
        ids = {short_id(row.get("env_id") or "") for row in rows} - {""}
        if len(ids) > 1:
            raise DataError(f"{path}: rows of different machines (env_id {', '.join(sorted(ids))})")
        self.env_id = ids.pop() if ids else ""  # runs from before there was one have none
        self.threads = rows[0].get("threads") or ""

    def read_ops(self):
        path = find_csv(self.folder, "ops.csv")
        if path is None:
            if not self.peer:
                note(f"{self.folder}: no ops.csv: the charts by op are left out")
            return
        by_backend = {s.backend: s for s in self.series}
        for row in of_first_training(read_rows(path, ("backend", "op") + OP_NUMBERS), path):
            values = {c: number(row, c, path, row[None])
                      for c in OP_NUMBERS + ("calls", "flop", "gflops", "peak_gflops")}
            values["op"] = row["op"]
            values["inherited"] = (row.get("inherited") or "").lower() in ("1", "yes", "true")
            if row["backend"] in by_backend:
                by_backend[row["backend"]].ops.append(values)
        for series in self.series:
            series.ops.sort(key=by_epoch)
        if not any(s.ops for s in self.series):
            note(f"{path}: no rows: the charts by op are left out")

    def footer(self):
        """run id, commit, data set, threads and CPU, as far as known."""
        parts = [f"run {self.run_id}", f"commit {commit_of(self.machine)}", f"dataset={self.dataset}"]
        if self.threads:
            parts.append(f"{self.threads} thread{'s' if self.threads != '1' else ''}")
        cpu = self.machine.get("cpu")
        if isinstance(cpu, dict) and isinstance(cpu.get("model"), str):
            parts.append(cpu["model"])
        if self.mixed:
            parts.append("DIFFERENT MACHINES: speeds are not comparable")
        text = "  ·  ".join(parts)
        if self.peer:
            text = f"peer {self.series[0].backend}:  {text}"
        return f"{self.tag}:  {text}" if self.tag else text


def read_machine(folder):
    path = os.path.join(folder, "machine.json")
    if not os.path.isfile(path) and os.path.isfile(path + ".partial"):
        path += ".partial"
    try:
        if os.path.exists(path):
            return read_json(path)
        note(f"{folder}: no machine.json: the commit is shown as unknown")
    except DataError as error:
        note(f"{error}: the commit is shown as unknown")
    return {}


def commit_of(machine):
    for place in ("build", "git"):
        section = machine.get(place)
        if isinstance(section, dict) and isinstance(section.get("commit"), str):
            return short_id(section["commit"]) + ("+changes" if section.get("dirty") is True else "")
    return "unknown"


def read_runs(folders):
    """All folders; more than one get the tags A, B, C ..."""
    runs = []
    for folder in folders:
        if not os.path.isdir(folder):
            raise DataError(f"{folder}: no such folder")
        runs.append(Run(folder))
        runs[-1].peers = read_peers(folder)
    if len(runs) > 1:
        for i, run in enumerate(runs):
            set_tag(run, chr(ord("A") + i) if i < 26 else str(i + 1))
    return runs


def read_peers(folder):
    """The runs in folder/peers."""
    place = os.path.join(folder, "peers")
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    folders = [os.path.join(place, name) for name in names]
    return [Run(peer, peer=True) for peer in folders if find_csv(peer, "epochs.csv", lambda _: None)]


def set_tag(run, tag):
    for each in (run, *run.peers):
        each.tag = tag


def with_peers(runs):
    return [each for run in runs for each in (run, *run.peers)]


def check_machines(runs, mixed):
    """Refuses to compare runs of different machines, unless mixed: then every footer says so."""
    known = {run.env_id for run in runs} - {""}
    if len(known) > 1 and not mixed:
        ids = ", ".join(f"{run.folder}: env_id {run.env_id or 'unknown'}" for run in runs)
        raise DataError(f"runs of different machines ({ids}): their speeds cannot be compared; --mixed-machines draws "
                        "them all the same")
    if len(runs) > 1 and any(not run.env_id for run in runs):
        note("a run without an env_id: whether all are of one machine cannot be told")
    for run in runs:
        run.mixed = len(known) > 1


def all_series(runs):
    return [s for run in with_peers(runs) for s in run.series]
