# SPDX-License-Identifier: MIT
"""Rows of CSV files. Each keeps the text of the file (row[column]), so that what is shown can be exactly it; numbers are
checked when the file is read, and parsed by value()."""

import csv
import io
import math

from .files import DataError, cell_text, read_text

# What a number may be, by column: least, most, whether it is whole. No measurement can exceed these, and no chart can
# be drawn. A training that diverges has nan and inf.
SECONDS, COUNT, REAL = (0.0, 1e9, False), (0.0, 1e15, True), (-1e39, 1e39, False)
RANGES = {
    "epoch": (1.0, 1e6, True), "round": COUNT, "rounds": COUNT, "count": COUNT, "failed": COUNT, "calls": (0.0, 1e15, False),
    "train_seconds": (1e-9, 1e9, False), "median_train_seconds": (1e-9, 1e9, False), "seconds": SECONDS,
    "val_seconds": SECONDS, "seconds_to_target": SECONDS, "median_per_second": (0.0, 1e24, False),
    **dict.fromkeys(("gflops", "peak_gflops", "share_of_peak", "share_of_epoch", "speedup", "efficiency", "flop", "bytes",
                     "worst_error_of_bound", "worst_error_of_loose_bound"), (0.0, 1e39, False)),
    **dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy", "target_accuracy"), REAL),
    **dict.fromkeys(("ratio", "ratio_low", "ratio_high"), (1e-9, 1e9, False)),
    **dict.fromkeys(("bias_percent", "min_effect_percent", "visible_percent"), REAL),
}
NOT_FINITE = ("loss", "accuracy", "val_loss", "val_accuracy", "worst_error_of_bound", "worst_error_of_loose_bound")


def checked(row, column, path):
    """The value as a float; NaN for an empty field, which means: not measured."""
    text = row.get(column) or ""
    if not text:
        return math.nan
    low, high, whole = RANGES.get(column, REAL)
    try:
        found = float(text)
    except ValueError:
        raise DataError(f"{path}:{row[None]}: {column} is {text[:40]!r}, not a number") from None
    if not math.isfinite(found):
        if column in NOT_FINITE:
            return found
    elif low <= found <= high and (not whole or found.is_integer()):
        return found
    raise DataError(f"{path}:{row[None]}: {column} is {text[:40]!r}, not {'a whole number' if whole else 'a number'} from "
                    f"{low:g} to {high:g}")


def read_rows(path, needed, tell):
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
            checked(row, column, path)
    return rows


def value(row, column):
    """The number in a column of RANGES; NaN where the field is empty or the file has no such column."""
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


def deviation_of(row):
    """The declared deviations in a row, "deviates: rules (110 cases)"; "" if there are none."""
    text = row.get("verified")
    return text if isinstance(text, str) and text.startswith("deviates: ") else ""
