# SPDX-License-Identifier: MIT
"""The points of a history: one for each backend of a run, from the run's summary.json alone; epochs.csv adds the single
epochs."""

import collections
import csv
import datetime
import io
import os

from lanebench.files import DataError, cell_text, read_text
from lanebench.run import read_summary

# The figures of backends with other values than these are not measurements of what was proven: 0, and the gate's two.
GOOD_EXITS = (0, 3, 4)

# gflops: of the operations done, like share. note: which were skipped, "skips zero pixels; ..."; "" for none.
Point = collections.namedtuple("Point", "series backend env_id threads batch hidden dataset verified cpu run_id time "
                               "commit binary epochs seconds low high share gflops accuracy disturbed later note")


class NotExported(Exception):
    """Why a run gives no point."""


def member(found, path, where):
    """The value under "a.b.c"."""
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            raise DataError(f"{where}: {path} is missing")
        found = found[name]
    return found


def number(found, path, where):
    value = member(found, path, where)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DataError(f"{where}: {path} is {str(value)[:40]!r}, not a number")
    return value


def seconds_since_1970(text, where):
    try:
        return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp())
    except (TypeError, ValueError):
        raise DataError(f"{where}: time_utc is {str(text)[:40]!r}, not a time such as 2026-11-28T15:03:53Z") from None


def commit_of(backend, summary):
    """Of a library: bench's own. With "-dirty" where the tree had other changes."""
    commit = backend.get("git_commit") or (summary.get("build") or {}).get("commit") or "unknown"
    dirty = (summary.get("build") or {}).get("dirty")
    return str(commit)[:12] + ("-dirty" if dirty else "")


def verified_of(backend):
    """True, or "deviates: rules (6 cases)"; None: not proven."""
    verified = backend.get("verified")
    return verified if verified is True or (isinstance(verified, str) and verified.startswith("deviates")) else None


def name_of(backend, verified, summary, where):
    """backend.env_id.tTHREADS.bBATCH.hHIDDEN, with the data set and deviations where a reader must know of them."""
    parts = [member(backend, "backend", where), member(summary, "env_id", where)]
    parts += [f"{letter}{number(summary, 'settings.' + key, where)}"
              for letter, key in (("t", "threads"), ("b", "batch"), ("h", "hidden"))]
    dataset = member(summary, "dataset.name", where)
    parts += [dataset] if dataset != "mnist" else []
    parts += ["deviates"] if verified is not True else []
    return ".".join(parts).replace("/", "_").replace(":", "_")  # it names files


def epochs_of(directory, backend):
    """Seconds of its later epochs, of the first seed and process; [] without epochs.csv."""
    path = os.path.join(directory, "epochs.csv")
    if not os.path.isfile(path):
        return []
    rows = [{column: cell_text(cell or "") for column, cell in row.items() if column}
            for row in csv.DictReader(io.StringIO(read_text(path), newline=""))]
    rows = [row for row in rows if row.get("backend") == backend]
    rows = [row for row in rows if (row.get("seed"), row.get("process")) == (rows[0].get("seed"), rows[0].get("process"))]
    try:
        return [float(row["train_seconds"]) for row in rows if row["epoch"] != "1"]
    except (KeyError, ValueError):
        raise DataError(f"{path}: train_seconds of {backend} is not a number in every row") from None


def point_of(directory, summary, backend, where):
    """None: this backend has no later epoch, or was not proven."""
    verified = verified_of(backend)
    if verified is None or backend.get("failure") or not backend.get("later_epochs"):
        return None
    low, high = member(backend, "interval_95", where)
    name = member(backend, "backend", where)
    return Point(series=name_of(backend, verified, summary, where), backend=name, env_id=summary["env_id"],
                 threads=number(summary, "settings.threads", where), batch=number(summary, "settings.batch", where),
                 hidden=number(summary, "settings.hidden", where), dataset=summary["dataset"]["name"], verified=verified,
                 cpu=str(member(summary, "cpu.model", where)), run_id=member(summary, "run_id", where),
                 time=seconds_since_1970(summary.get("time_utc"), where), commit=commit_of(backend, summary),
                 binary=backend.get("binary_sha256") or "", epochs=epochs_of(directory, name),
                 seconds=number(backend, "median_seconds", where), low=low, high=high,
                 share=number(backend, "share_of_peak", where), gflops=number(backend, "gflops_done" if "gflops_done" in backend else "gflops", where),
                 accuracy=backend.get("val_accuracy"), disturbed=number(backend, "disturbed", where),
                 later=number(backend, "later_epochs", where), note=str(backend.get("note") or ""))


def points_of(directory):
    """[Point] of a run; NotExported where it gives none."""
    where = os.path.join(directory, "summary.json")
    if not os.path.isfile(where):
        raise NotExported("it has no summary.json: the run ended early, or this is not a run")
    summary = read_summary(where)
    code = number(summary, "exit_code", where)
    if code not in GOOD_EXITS:
        raise NotExported(f"it ended with exit code {code}: a proof, an integrity check or the run itself failed")
    if summary.get("resumed"):
        raise NotExported("it was resumed: its epochs come from different times")
    backends = member(summary, "backends", where)
    if not isinstance(backends, list) or not all(isinstance(b, dict) for b in backends):
        raise DataError(f"{where}: backends is not a list of objects")
    found = [point for point in (point_of(directory, summary, b, where) for b in backends) if point]
    if not found:
        raise NotExported("no backend in it was proven and trained a second epoch")
    return found


def by_series(points):
    """{series: [Point], oldest first}, sorted by name."""
    found = {}
    for point in sorted(points, key=lambda p: (p.series, p.time)):
        found.setdefault(point.series, []).append(point)
    return found


def by_run(points):
    found = {}
    for point in sorted(points, key=lambda p: (p.time, p.run_id)):
        found.setdefault(point.run_id, []).append(point)
    return found
