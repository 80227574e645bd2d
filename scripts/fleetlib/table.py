# SPDX-License-Identifier: MIT
"""fleet.csv: a row for each backend of each run, and one for each target without a run. It holds what may be compared
between machines: shares of a peak measured around the epochs, and ratios within a run. Seconds are left out: they
belong to one machine."""

import csv
import io
import json
import os

from lanebench.files import DataError, field, text_cell
from lanebench.run import read_summary

SCHEMA = 1
COLUMNS = ("schema", "target", "repeat", "state", "words", "run_id", "env_id", "cpu_model", "cpu_family", "cpu_model_number",
           "cpu_stepping", "isa", "threads", "batch", "hidden", "dataset", "backend", "verified", "worst_error_of_bound",
           "violations", "share_of_peak", "reference", "ratio", "ratio_low", "ratio_high", "rounds", "disturbed",
           "later_epochs", "val_accuracy", "library", "git_commit", "binary_sha256", "note")


def part(found, *names):
    """found[a][b]..., or None."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def ratio_of(backend, reference):
    """{} without an interval: then nothing is established."""
    found = part(backend, "speedup_over", reference)
    low, high = (part(found, "interval_95") or [None, None])[:2]
    if low is None or high is None or part(found, "established") is False:
        return {}
    return {"reference": reference, "ratio": found["ratio"], "ratio_low": low, "ratio_high": high, "rounds": found.get("rounds")}


def row_of_backend(summary, backend, reference):
    cpu, settings = part(summary, "cpu") or {}, part(summary, "settings") or {}
    violations = part(backend, "integrity", "violations")
    row = {"run_id": summary.get("run_id"), "env_id": summary.get("env_id"), "cpu_model": cpu.get("model"),
           "cpu_family": cpu.get("family"), "cpu_model_number": cpu.get("model_number"), "cpu_stepping": cpu.get("stepping"),
           "isa": cpu.get("isa_used"), "threads": settings.get("threads"), "batch": settings.get("batch"),
           "hidden": settings.get("hidden"), "dataset": part(summary, "dataset", "name"), "backend": backend.get("backend"),
           "verified": backend.get("verified"), "worst_error_of_bound": part(backend, "proof", "worst_error_of_bound"),
           "violations": len(violations) if isinstance(violations, list) else None}
    for name in ("share_of_peak", "disturbed", "later_epochs", "val_accuracy", "library", "git_commit", "binary_sha256", "note"):
        row[name] = backend.get(name)
    if row["violations"] or row["verified"] in (False, None):  # listed, not ranked
        return row | {"share_of_peak": None, "words": backend.get("failure") or "not proven, or its integrity is violated"}
    return row | ratio_of(backend, reference)


def rows_of_run(directory, reference):
    """DataError where it has no whole summary.json."""
    summary = read_summary(os.path.join(directory, "summary.json"))
    backends = summary.get("backends")
    if not isinstance(backends, list) or not all(isinstance(b, dict) for b in backends) or not summary.get("env_id"):
        raise DataError(f"{directory}/summary.json: has no env_id or no list of backends")
    return [row_of_backend(summary, backend, reference) for backend in backends]


def rows_of_target(name, repeat, state, message, directory, reference):
    base = {"target": name, "repeat": repeat, "state": state, "words": message}
    try:
        rows = rows_of_run(directory, reference) if os.path.exists(os.path.join(directory, "summary.json")) else []
    except DataError as error:
        rows, base["words"], base["state"] = [], str(error), "failed"
    return [base | {k: v for k, v in row.items() if v is not None} for row in rows] or [base]


def cell(value):
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, str):
        return text_cell(value)
    return field(json.dumps(value) if isinstance(value, (list, dict)) else value)


def text_of(rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([str(SCHEMA)] + [cell(row.get(column)) for column in COLUMNS[1:]])
    return text.getvalue()
