# SPDX-License-Identifier: MIT
"""Reads what a real Keras run leaves: a CSVLogger file (epoch, accuracy, loss, val_accuracy, val_loss), or its
History.history as JSON."""

import csv
import json
import math
import os

from .files import DataError, read_text

FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")
# What Keras calls the accuracy: "acc" before 2.3, and the metric's own name where compile() was given that.
ACCURACIES = ("acc", "sparse_categorical_accuracy", "categorical_accuracy")
MAX_EPOCHS, LARGEST = 1e6, 1e39  # beyond, a chart cannot be drawn


class KerasHistory:
    """epochs: dictionaries of floats, epoch counted from 1; NaN for a column that the file lacks."""

    def __init__(self, path, epochs):
        self.path = path
        self.label = f"Keras: {os.path.splitext(os.path.basename(path))[0]}"
        self.backend, self.run = self.label, None  # as a Series of runs.py has them
        self.epochs = epochs

    def column(self, name):
        return [e[name] for e in self.epochs]


def figure(text, path, where):
    """A number from either kind of file; NaN where there is none."""
    if text is None or text == "" or text == "NA":  # CSVLogger writes NA for a key that an epoch lacks
        return math.nan
    try:
        found = float(text)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{path}: {where} is {str(text)[:40]!r}, not a number") from None
    if LARGEST < abs(found) < math.inf:
        raise DataError(f"{path}: {where} is {str(text)[:40]!r}, which no training can give")
    return found


def our_name(name, others):
    """A column under this project's name, unless another column of the file has that name."""
    prefix, plain = ("val_", name[4:]) if name.startswith("val_") else ("", name)
    ours = prefix + "accuracy"
    return ours if plain in ACCURACIES and ours not in others else name


def read_keras(path):
    text = read_text(path, encoding="utf-8-sig")
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
    names = [our_name(n, reader.fieldnames) for n in reader.fieldnames or []]
    missing = [c for c in ("epoch", "loss") if c not in names]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}: not a file of Keras' CSVLogger")
    reader.fieldnames = names
    return [row_of(row, path, f"line {reader.line_num}") for row in reader]


def row_of(row, path, where):
    values = {name: figure(row.get(name), path, f"{name} in {where}") for name in ("epoch",) + FIGURES}
    if not (0 <= values["epoch"] <= MAX_EPOCHS and values["epoch"].is_integer()):
        raise DataError(f"{path}: no epoch from 0 to {MAX_EPOCHS:g} in {where}")
    return values


def json_rows(text, path):
    try:
        history = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {error}") from None
    history = {our_name(k, history): v for k, v in history.items()}
    if not isinstance(history.get("loss"), list):
        raise DataError(f"{path}: no list called loss: not the History.history of Keras")
    rows = []
    for i in range(len(history["loss"])):
        row = {n: history[n][i] for n in FIGURES if isinstance(history.get(n), list) and i < len(history[n])}
        rows.append(row_of({**row, "epoch": i}, path, f"epoch {i + 1}"))
    return rows
