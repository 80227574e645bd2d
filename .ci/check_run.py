#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_run.py RUN_DIR BENCH: whether a run on MNIST is complete: every ready backend trained and verified, every file
and chart there. One line per defect, exit 1 if any."""

import csv
import json
import math
import os
import subprocess
import sys

CHARTS = ("loss", "accuracy", "epoch-time", "op-speed", "breakdown", "difference")


def ready_backends(bench):
    listing = subprocess.run([bench, "list", "--json"], check=True, capture_output=True, text=True).stdout
    return [b["name"] for b in json.loads(listing)["backends"] if b["status"] == "ready" and not b["on_request"]]


def rows_of(directory, name):
    with open(os.path.join(directory, name), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def defects(directory, bench):
    for name in ["epochs.csv", "ops.csv", "proof.csv", "machine.json"] + [
            f"charts/{chart}.{kind}" for chart in CHARTS for kind in ("png", "svg")]:
        path = os.path.join(directory, name)
        if not os.path.isfile(path) or os.path.getsize(path) == 0:
            yield f"{name} is missing or empty"
    epochs = rows_of(directory, "epochs.csv")
    for backend in ready_backends(bench):
        rows = [r for r in epochs if r["backend"] == backend]
        if not rows:
            yield f"epochs.csv has no row of {backend}"
        if not any(r["backend"] == backend for r in rows_of(directory, "ops.csv")):
            yield f"ops.csv has no row of {backend}"
        for row in rows:
            where = f"{backend}, epoch {row['epoch']}"
            if row["dataset"] != "mnist":
                yield f"{where}: dataset is {row['dataset']}"
            if row["samples"] != "60000" or row["steps"] != "469":
                yield f"{where}: {row['samples']} samples in {row['steps']} steps"
            if not 0 < float(row["train_seconds"]) < math.inf:
                yield f"{where}: train_seconds is {row['train_seconds']}"
            if not float(row["val_accuracy"]) > 0.94:
                yield f"{where}: val_accuracy is {row['val_accuracy']}"


def main():
    if len(sys.argv) != 3:
        print("usage: check_run.py RUN_DIR BENCH", file=sys.stderr)
        return 2
    found = list(defects(*sys.argv[1:]))
    for defect in found:
        print(f"check_run.py: {sys.argv[1]}: {defect}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
