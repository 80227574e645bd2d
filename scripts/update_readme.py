#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the chart and the table of the README from the files of a run, so that no figure there is typed by hand.

update_readme.py [--check] [--readme FILE] [RUN_DIR]   (default: the committed run, results/reference)

--check changes nothing and exits with 1 when the README does not show what the files say.
Exit codes: 0 ok; 1 --check found a difference; 2 usage; 6 the run or the README's markers are missing or malformed.
"""

import argparse
import math
import os
import sys

from plotlib import runs

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN = "<!-- reference run: written by scripts/update_readme.py -->"
END = "<!-- end of reference run -->"
HEADER = ("backend", "epoch, median", "fastest – slowest", "GFLOP/s", "× naive", "× onednn",
          "validation accuracy", "worst error / bound")


def times_faster(base, seconds):
    return f"{base / seconds:.2f}" if base else ""


def table_row(series, medians):
    seconds = runs.finite(series.column("train_seconds"))
    median = medians[series.backend]
    count = len(series.epochs)
    gflops = series.speed()
    share = runs.finite(series.column("worst_error_of_bound"))
    accuracy = series.epochs[-1]["val_accuracy"]
    return (series.backend, f"{median:.3f} s", f"{min(seconds):.3f} – {max(seconds):.3f} s",
            f"{gflops:.1f}" if gflops else "", times_faster(medians.get("naive"), median),
            times_faster(medians.get("onednn"), median),
            "" if math.isnan(accuracy) else f"{accuracy:.4f} after {count} epoch{'s' if count > 1 else ''}",
            f"{max(share):.2f}" if share else "")


def region(run, readme):
    """The lines between the markers."""
    timed = [s for s in run.series if s.median("train_seconds")]
    medians = {s.backend: s.median("train_seconds") for s in timed}
    folder = os.path.relpath(run.folder, os.path.dirname(os.path.abspath(readme)))
    lines = [BEGIN, f"![Time of a training epoch, and speed-up]({folder}/charts/epoch-time.png)", "",
             "| " + " | ".join(HEADER) + " |", "|---" + "|--:" * (len(HEADER) - 1) + "|"]
    lines += ["| " + " | ".join(table_row(s, medians)) + " |" for s in timed]
    lines += ["", f"{run.footer().replace('  ·  ', ', ')}. All files and charts: [`{folder}`]({folder}).", END]
    return lines


def replace_region(text, lines):
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise runs.DataError(f"the README has no region {BEGIN} ... {END}")
    return before + "\n".join(lines) + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", nargs="?", default=os.path.join(ROOT, "results", "reference"), metavar="RUN_DIR")
    parser.add_argument("--readme", default=os.path.join(ROOT, "README.md"), metavar="FILE")
    parser.add_argument("--check", action="store_true", help="only say whether the README is up to date")
    arguments = parser.parse_args()
    try:
        run = runs.read_runs([arguments.run_dir])[0]
        with open(arguments.readme, encoding="utf-8") as f:
            old = f.read()
        new = replace_region(old, region(run, arguments.readme))
        if arguments.check:
            if new != old:
                print(f"{arguments.readme}: does not show {arguments.run_dir}: run scripts/update_readme.py",
                      file=sys.stderr)
                return 1
            return 0
        with open(arguments.readme + ".tmp", "w", encoding="utf-8") as f:
            f.write(new)
        os.replace(arguments.readme + ".tmp", arguments.readme)
    except (runs.DataError, OSError) as error:
        print(f"update_readme.py: {error}", file=sys.stderr)
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main())
