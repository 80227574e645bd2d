# SPDX-License-Identifier: MIT
"""Derived figures of a peer's run, as summary.json: the keys of bench's that apply (results/README.md), and `paired`."""

import json
import math
import os
import statistics

from lanebench.files import put

SCHEMA = 2
LAST = ("loss", "accuracy", "val_loss", "val_accuracy")


def median_interval(values):
    """[low, high]: order statistics that hold the median with at least 95 % whatever the distribution is, the narrowest
    such; nulls where there are too few, below 6 values."""
    ordered, count = sorted(values), len(values)
    rank, outside = -1, 0.0  # outside: probability that the median is below ordered[rank + 1]
    while rank + 1 < count:
        outside += math.comb(count, rank + 1) * 0.5 ** count
        if 2 * outside > 0.05:
            break
        rank += 1
    return [ordered[rank], ordered[-1 - rank]] if rank >= 0 else [None, None]


def after_first(rows):
    """Epochs that count: all but the first, which warms up; that one where there is no other."""
    return rows[1:] or rows


def backend_of(rows, flop, facts):
    """rows: of epochs.csv. flop: of an epoch."""
    seconds = [row["train_seconds"] for row in after_first(rows)]
    median, last = statistics.median(seconds), rows[-1]
    return {"backend": last["backend"], "verified": None, "failure": None, "library": facts.get("library"),
            "git_commit": facts.get("git_commit"), "binary_sha256": facts.get("binary_sha256"), "epochs": len(rows),
            "later_epochs": len(seconds), "first_seconds": rows[0]["train_seconds"], "median_seconds": median,
            "interval_95": median_interval(seconds), "fastest_seconds": min(seconds), "slowest_seconds": max(seconds),
            "gflops": flop / median * 1e-9, "gflops_done": flop / median * 1e-9, "last_epoch": last["epoch"],
            **{name: last[name] for name in LAST}}


def paired_of(rows):
    """rows: of paired.csv. One object for each contender: the ratios of its rounds."""
    ratios = {}
    for row in rows:
        if row["torch_times_longer"] is not None:
            ratios.setdefault(row["contender"], []).append(row["torch_times_longer"])
    return [{"contender": name, "rounds": len(values), "torch_times_longer": statistics.median(values),
             "interval_95": median_interval(values), "least": min(values), "most": max(values)}
            for name, values in ratios.items()]


def write(directory, machine, exit_code, epochs, flop, paired):
    """machine: content of machine.json. epochs, paired: rows of the CSV files."""
    facts = next(iter(machine.get("backends", {}).values()), {})
    same = ("run_id", "time_utc", "env_id", "dataset", "settings", "build", "cpu")
    content = {"schema": SCHEMA, "exit_code": exit_code, **{name: machine.get(name) for name in same},
               "backends": [backend_of(epochs, flop, facts)] if epochs else [], "paired": paired_of(paired)}
    put(os.path.join(directory, "summary.json"), json.dumps(content, indent=2) + "\n")
