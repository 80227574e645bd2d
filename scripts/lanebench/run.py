# SPDX-License-Identifier: MIT
"""A run's directory in memory: what was measured from the CSV files, every derived figure from summary.json, and the
circumstances from machine.json. Figures that are not known are None."""

import csv
import math
import os

from .files import DataError, read_json, short_id
from .rows import deviation_of, finite, read_rows, value
from .fmt import rounded

FILES = ("epochs.csv", "ops.csv", "proof.csv", "micro.csv", "roofline.csv", "ab.csv", "gate.csv", "integrity.csv",
         "paired.csv", "target.csv", "summary.json", "machine.json", "topology.xml")
EPOCH_COLUMNS = ("run_id", "dataset", "backend", "epoch", "train_seconds", "loss", "accuracy", "val_loss",
                 "val_accuracy")
PROOF_COLUMNS = ("backend", "op", "cases", "count", "failed", "worst_error_of_bound")
SUMMARY_SCHEMAS = (1, 2)  # 2 renamed a member of `ab` that is not read here
NO_SUMMARY = ("no summary.json (an older version made the run, or it was killed): medians, speed-ups and shares are left "
              "out; run it again to have them")


def number(found):
    """A number of a JSON file, or None."""
    usable = isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
    return float(found) if usable else None


def read_summary(path):
    """The object in a summary.json of a known schema."""
    found = read_json(path)
    if found.get("schema") not in SUMMARY_SCHEMAS:
        known = " and ".join(map(str, SUMMARY_SCHEMAS))
        raise DataError(f"{path}: schema {found.get('schema')}; only {known} are known here")
    return found


def section_of(found, name):
    inside = found.get(name) if isinstance(found, dict) else None
    return inside if isinstance(inside, dict) else {}


def objects_in(found, name):
    inside = found.get(name)
    return [o for o in inside if isinstance(o, dict)] if isinstance(inside, list) else []


def interval_of(found, name="interval_95"):
    """(low, high), or None where there is none."""
    ends = found.get(name)
    ends = [number(end) for end in ends] if isinstance(ends, list) and len(ends) == 2 else [None]
    return None if None in ends else tuple(ends)


def named(name, tag, deviation):
    """What a backend is called in charts and tables; a deviation goes wherever the name does."""
    return (f"{name} ({tag})" if tag else name) + (f", {deviation}" if deviation else "")


class Speedup:
    """factor: how many times the speed. interval: 95 %, of separate runs 90 %, or None. rounds: 0 where the two did not take
    turns. reason: why the factor is only a measurement and not a result; "" if it is a result. The rules are those of
    harness/results/figures.h, of separate runs run_comparison.h."""

    def __init__(self, factor, interval=None, rounds=0, reason=""):
        self.factor, self.interval, self.rounds, self.reason = factor, interval, rounds, reason

    @property
    def shows_no_difference(self):
        return self.interval is not None and self.interval[0] <= 1 <= self.interval[1]


class Part:
    """A line of ops.csv over a backend's later epochs, from summary.json."""

    NUMBERS = ("seconds", "share_of_epoch", "speedup_if_free", "calls", "gflops", "share_of_peak", "ai", "share_of_roof")

    def __init__(self, found):
        self.name = str(found.get("op"))
        self.kind, self.bound_by = found.get("kind") or "", found.get("bound_by") or ""
        self.inherited = found.get("inherited") is True
        for name in self.NUMBERS:
            setattr(self, name, number(found.get(name)))


class Backend:
    """One backend of one run, whether or not it got as far as training."""

    def __init__(self, run, name, facts, figures):
        self.run, self.name = run, name
        self.facts = facts  # its section of machine.json
        self.figures = figures  # its object in summary.json
        self.epochs, self.proof = [], []  # rows
        self.parts = [Part(o) for o in objects_in(figures, "ops")]
        self.key = ""  # CSS class of its colour, set by theme.assign()
        self.marker = 0

    @property
    def note(self):
        """The note to show with every speed of a backend whose step skips products, "skips zero pixels; same bits as
        avx512"; "" for the others."""
        note = self.facts.get("note")
        return note if isinstance(note, str) else ""

    @property
    def titled(self):
        """Its name, and in brackets its note where it has one."""
        return f"{self.name} ({self.note})" if self.note else self.name

    @property
    def label(self):
        return named(self.titled, self.run.tag, self.deviation)

    @property
    def short(self):
        """The label without the note, which stands elsewhere then."""
        return named(self.name, self.run.tag, self.deviation)

    @property
    def deviation(self):
        """"deviates: rules (110 cases)" of a backend whose only failures are declared deviations, else ""."""
        return deviation_of(self.facts) or next((d for d in map(deviation_of, self.epochs) if d), "")

    def figure(self, name):
        return number(self.figures.get(name))

    @property
    def seconds(self):
        """Of the median epoch."""
        return self.figure("median_seconds")

    @property
    def speed(self):
        """"1133 GFLOP/s", or "1133 GFLOP/s, 430 done" for a step that skips products; "" if unknown."""
        every, done = self.figure("gflops"), self.figure("gflops_done")
        if not every:
            return ""
        return f"{rounded(every)} GFLOP/s" + (f", {rounded(done)} done" if self.note and done else "")

    @property
    def interval(self):
        return interval_of(self.figures)

    @property
    def worst(self):
        """Error as a share of its bound, as the console shows it; older files have only that of all bounds."""
        proof = section_of(self.figures, "proof")
        return number(proof.get("worst_error_shown", proof.get("worst_error_of_bound")))

    def timed_parts(self):
        return [p for p in self.parts if self.seconds and p.share_of_epoch and p.seconds and p.seconds > 0]

    def speedup_over(self, base):
        """Over a backend of the same run; None where it is not known. comparison.py has separate runs."""
        if base is self:
            return Speedup(1.0)
        found = section_of(section_of(self.figures, "speedup_over"), base.name)
        ratio, reason = number(found.get("ratio")), "" if found.get("established") else found.get("reason") or "unknown"
        return Speedup(ratio, interval_of(found), found.get("rounds") or 0, reason) if ratio else None


class Run:
    """One directory. tag is '' for a single run, else the letter that stands for it in labels. host: for the run of another
    framework that lies in the directory of a run, to be shown beside it, that run; such runs are its peers."""

    def __init__(self, directory, host=None):
        if not os.path.isdir(directory):
            raise DataError(f"{directory}: no such directory")
        self.directory, self.host = directory, host
        self.peers = []
        self.tag = ""
        self.mixed = False  # shown beside runs of other machines
        self.notes = []  # what was wrong with the files, one line each
        self.remarks = []  # what a reader should know about them
        self.unfinished = []  # names of files that a run left when it was killed
        self.machine = self._read_machine()
        self.paths = {name: self._path(name) for name in FILES}
        self._optional = {}  # rows by file
        self.summary = self._read_summary()
        self._figures = {o.get("backend"): o for o in objects_in(self.summary, "backends")}
        self.backends = []
        for name in self.section("backends"):
            self._backend(name)
        first = self._read_epochs()
        self._read_proof()
        if not any(b.epochs or b.proof for b in self.backends):
            raise DataError(f"{directory}: no rows in epochs.csv or proof.csv: not the directory of a run, or one that ended "
                            "before anything was proven")
        self.run_id = self.machine.get("run_id") or first.get("run_id") or os.path.basename(os.path.abspath(directory))
        self.dataset = first.get("dataset") or self.fact("dataset", "name") or "unknown"
        self.threads = first.get("threads") or str(self.fact("settings", "threads") or "")
        self.env_id = short_id(str(first.get("env_id") or self.machine.get("env_id") or ""))
        self.commit = commit_of(self.machine)
        self.status = self.machine.get("status") if isinstance(self.machine.get("status"), str) else ""
        if first and not self.paths["summary.json"]:
            self.notes.append(f"{directory}: {NO_SUMMARY}")

    def section(self, name):
        return section_of(self.machine, name)

    def fact(self, section, key):
        return self.section(section).get(key)

    def timed(self):
        return [b for b in self.backends if finite(b.epochs, "train_seconds")]

    def noted(self):
        """"NAME skips zero pixels; ...; it does 430 GFLOP/s" for every timed backend that has a note."""
        done = {b: b.figure("gflops_done") for b in self.timed() if b.note}
        return [f"{b.name} {b.note}" + (f"; it does {rounded(g)} GFLOP/s" if g else "") for b, g in done.items()]

    def find(self, name):
        return next((b for b in self.backends if b.name == name), None)

    def base(self, name):
        """The timed backend of that name to compare with; else None."""
        return next((b for b in self.timed() if b.name == name), None)

    def paired(self):
        """Of a framework that took turns with runs of bench, as summary.json has it: [(contender, object)]."""
        return [(o.get("contender"), o) for o in objects_in(self.summary, "paired") if number(o.get("torch_times_longer"))]

    def read_optional(self, name, needed):
        """Rows of a file that other commands write; [] when it is not there or not understood."""
        if name not in self._optional:  # read once: what is wrong with the file is noted once
            try:
                self._optional[name] = read_rows(self.paths[name], needed, self.notes.append) if self.paths[name] else []
            except DataError as error:
                self.notes.append(f"{error}: left out")
                self._optional[name] = []
        return self._optional[name]

    def footer(self):
        """Run id, commit, data set, threads and CPU, as far as known."""
        parts = [f"run {self.run_id}", f"commit {self.commit}", f"dataset={self.dataset}"]
        if self.threads:
            parts.append(f"{self.threads} thread{'s' if self.threads != '1' else ''}")
        parts.append(cpu_text(self.section("cpu")))
        if self.mixed:
            parts.append("DIFFERENT MACHINES: speeds are not comparable")
        text = "  ·  ".join(p for p in parts if p)
        if self.host:
            text = f"peer {self.backends[0].name}:  {text}"
        return f"{self.tag}:  {text}" if self.tag else text

    # ---- reading ----

    def _path(self, name):
        """Of a file, or of the .partial one that a killed run leaves."""
        path = os.path.join(self.directory, name)
        if os.path.isfile(path):
            return path
        if name.endswith(".csv") and os.path.isfile(path + ".partial"):
            self.unfinished.append(name + ".partial")
            return path + ".partial"
        return None

    def _read_machine(self):
        path = os.path.join(self.directory, "machine.json")
        if not os.path.isfile(path) and os.path.isfile(path + ".partial"):
            path += ".partial"
        try:
            if os.path.exists(path):
                return read_json(path)
            self.notes.append(f"{self.directory}: no machine.json: machine and settings are unknown")
        except DataError as error:
            self.notes.append(f"{error}: machine and settings are unknown")
        return {}

    def _read_summary(self):
        path = self.paths["summary.json"]
        if not path:
            return {}
        try:
            return read_summary(path)
        except DataError as error:
            self.notes.append(f"{error}: medians, speed-ups and shares are left out")
            return {}

    def _backend(self, name):
        found = self.find(name)
        if found is None:
            found = Backend(self, name, section_of(self.section("backends"), name), self._figures.get(name, {}))
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
        ids = {short_id(row.get("env_id") or "") for row in rows} - {""}
        if len(ids) > 1:
            raise DataError(f"{path}: rows from different machines (env_id {', '.join(sorted(ids))})")
        for backend in self.backends:
            backend.epochs.sort(key=lambda r: value(r, "epoch"))
        return rows[0] if rows else {}

    def _read_proof(self):
        path = self.paths["proof.csv"]
        for row in read_rows(path, PROOF_COLUMNS, self.notes.append) if path else []:
            self._backend(row["backend"]).proof.append(row)


def of_first_training(rows, name, tell):
    """The rows of one training: a run with --seeds or --processes has the same epochs once for each."""
    for column, what, whole in (("seed", "seeds", "target.csv"), ("process", "processes", "ab.csv")):
        values = list(dict.fromkeys(r.get(column) for r in rows))
        if len(values) > 1:
            tell(f"{name}: {len(values)} {what}: epochs are shown of {column} {values[0]}; {whole} is of all")
            rows = [r for r in rows if r.get(column) == values[0]]
    return rows


def commit_of(machine):
    for place in ("build", "git"):
        found = section_of(machine, place)
        if isinstance(found.get("commit"), str):
            return short_id(found["commit"]) + ("+changes" if found.get("dirty") is True else "")
    return "unknown"


def cpu_text(cpu):
    """The model's name, and the numbers that distinguish models with the same name."""
    if not isinstance(cpu.get("model"), str):
        return ""
    numbers = [cpu.get(key) for key in ("family", "model_number", "stepping")]
    known = all(isinstance(n, int) for n in numbers)
    return cpu["model"] + (" (family {}, model {}, stepping {})".format(*numbers) if known else "")


def difference(first, second):
    """The env_ids of two runs that are not known to be from one machine, by the rule of harness/results/run_comparison.h;
    "" where they are."""
    if first.env_id and first.env_id == second.env_id:
        return ""
    return f"env_id: {first.env_id or 'unknown'} and {second.env_id or 'unknown'}"


def load_runs(directories, mixed_machines=False):
    """All directories with their peers; more than one get the tags A, B, C ... Refuses runs of different machines, unless
    mixed_machines: then all are marked."""
    csv.field_size_limit(1 << 20)
    runs = [Run(directory) for directory in directories]
    for run in runs:
        run.peers = load_peers(run)
    for i, run in enumerate(runs[1:] and runs):
        set_tag(run, chr(ord("A") + i) if i < 26 else str(i + 1))
    for run in runs[1:]:
        what = difference(runs[0], run)
        if what and not mixed_machines:
            raise DataError(f"{runs[0].directory} and {run.directory} are not known to be from one machine ({what}): their "
                            "times do not compare; --mixed-machines draws them anyway")
        if what:
            for each in runs:
                each.mixed = True
    return runs


def load_peers(run):
    place = os.path.join(run.directory, "peers")
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    directories = [os.path.join(place, name) for name in names]
    return [Run(directory, run) for directory in directories
            if any(os.path.isfile(os.path.join(directory, "epochs.csv" + end)) for end in ("", ".partial"))]


def set_tag(run, tag):
    for each in (run, *run.peers):
        each.tag = tag


def with_peers(runs):
    return [each for run in runs for each in (run, *run.peers)]


def timed(runs):
    return [b for run in runs for b in run.timed()]
