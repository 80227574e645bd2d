# SPDX-License-Identifier: MIT
"""Reads what a real Keras run leaves: a CSVLogger file (epoch, accuracy, loss, val_accuracy, val_loss), or its
History.history as JSON."""

import csv
import json
import math
import os

from .runs import DataError

FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")
OLD_NAMES = {"acc": "accuracy", "val_acc": "val_accuracy"}  # before Keras 2.3


class KerasHistory:
    """epochs: dictionaries of floats, epoch counted from 1; NaN for a column that the file has not."""

    def __init__(self, path, epochs):
        self.path = path
        self.label = f"Keras: {os.path.splitext(os.path.basename(path))[0]}"
        self.backend, self.run = self.label, None  # as a Series of runs.py has them
        self.epochs = epochs

    def column(self, name):
        return [e[name] for e in self.epochs]


def figure(text, path, where):
    """A number from either kind of file; NaN where there is none."""
    if text is None or text == "" or text == "NA":  # CSVLogger writes NA for a key that an epoch has not
        return math.nan
    try:
        return float(text)
    except (TypeError, ValueError):
        raise DataError(f"{path}: {where} is {text!r}, not a number") from None


def read_keras(path):
    try:
        with open(path, newline="", encoding="utf-8-sig") as f:
            text = f.read()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from None
    rows = json_rows(text, path) if text.lstrip().startswith("{") else csv_rows(text, path)
    if not rows:
        raise DataError(f"{path}: no epochs")
    first = 1 - min(r["epoch"] for r in rows)  # CSVLogger counts from 0
    for row in rows:
        row["epoch"] += first
    return KerasHistory(path, rows)


def csv_rows(text, path):
    dialect = csv.excel()
    head = text.partition("\n")[0]
    dialect.delimiter = next((s for s in ",;\t" if s in head), ",")  # CSVLogger's separator can be chosen
    reader = csv.DictReader(text.splitlines(), dialect=dialect)
    names = [OLD_NAMES.get(n, n) for n in reader.fieldnames or []]
    missing = [c for c in ("epoch", "loss") if c not in names]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}: not a file of Keras' CSVLogger")
    reader.fieldnames = names
    return [row_of(row, path, f"line {reader.line_num}") for row in reader]


def row_of(row, path, where):
    values = {name: figure(row.get(name), path, f"{name} in {where}") for name in ("epoch",) + FIGURES}
    if not math.isfinite(values["epoch"]):
        raise DataError(f"{path}: no epoch in {where}")
    return values


def json_rows(text, path):
    try:
        history = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {error}") from None
    history = {OLD_NAMES.get(k, k): v for k, v in history.items()}
    if not isinstance(history.get("loss"), list):
        raise DataError(f"{path}: no list called loss: not the History.history of Keras")
    rows = []
    for i in range(len(history["loss"])):
        row = {n: history[n][i] for n in FIGURES if isinstance(history.get(n), list) and i < len(history[n])}
        rows.append(row_of({**row, "epoch": i}, path, f"epoch {i + 1}"))
    return rows
