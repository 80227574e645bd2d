#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the charts of one or more runs from the files in their directories.

Each chart is written as PNG and SVG to RUN_DIR/charts. With several directories, each gets its own charts, and a set
that compares them (compare-*.png) goes to the first one's, or to --out. The directory of a sweep, given alone, gets
charts of how its points scale.

Exit codes: 0 drawn; 2 usage; 6 a directory or file is missing or malformed; 99 no matplotlib, or nothing can be written.
"""

import argparse
import os
import sys

from lanebench import keras, run as lanebench_run, sweep
from lanebench.files import EXIT_INTERNAL, DataError, print_paths, run_program

try:
    from charts import digits, history, parts, roofline, scaling, style, times
except ImportError as missing:
    if not (missing.name or "").startswith(("matplotlib", "numpy")):
        raise
    print(f"plot.py: {sys.executable} has no {missing.name}: apt install python3-matplotlib; if another Python has it, "
          "name that one: PYTHON=/usr/bin/python3 bench plot", file=sys.stderr)
    sys.exit(EXIT_INTERNAL)


def note(text):
    print(f"plot.py: {text}", file=sys.stderr)


def draw(runs, directory, prefix="", overlays=()):
    """All charts that the data allow. Returns the paths. overlays: Keras runs for the learning curves."""
    charts = (
        ("loss", lambda: history.draw_history(runs, "loss", "Training and validation loss", overlays)),
        ("accuracy", lambda: history.draw_history(runs, "accuracy", "Training and validation accuracy", overlays)),
        ("epoch-time", lambda: times.draw_times(runs)),
        ("op-speed", lambda: parts.draw_op_speeds(runs)),
        ("breakdown", lambda: parts.draw_breakdown(runs)),
    )
    if len(history.series_of(runs, overlays)) > 1:
        charts += (("difference", lambda: history.draw_differences(runs, overlays)),)
    if any(run.paths["roofline.csv"] for run in runs):
        charts += (("roofline", lambda: roofline.draw_roofline(runs)),)
    first_digits = digits.first_digits(runs[0]) if len(runs) == 1 else None
    if first_digits:
        charts += (("digits", lambda: digits.draw_digits(runs[0], first_digits)),)
    return save_all(charts, directory, prefix)


def draw_sweep(directory, out):
    found = sweep.Sweep(directory)
    for text in found.notes:
        note(text)
    paths = save_all(scaling.charts(found), out or os.path.join(directory, "charts"))
    if not paths:
        raise DataError(f"{directory}: fewer than two points of any list were timed: there is nothing to compare")
    return paths


def save_all(charts, directory, prefix=""):
    paths = []
    for name, make in charts:
        figure = make()
        if figure is None:
            note(f"{prefix}{name}: not drawn, because this run lacks its figures")
            continue
        paths += style.save(figure, directory, prefix + name)
    return paths


def draw_runs(runs, out, overlays):
    out = out or os.path.join(runs[0].directory, "charts")
    if len(runs) == 1:
        return draw(runs, out, overlays=overlays)
    paths = draw(runs, out, "compare-", overlays)
    for run in runs:
        lanebench_run.set_tag(run, "")
        run.mixed = False
        paths += draw([run], os.path.join(run.directory, "charts"), overlays=overlays)
    return paths


def note_all(run):
    """What is odd about its files."""
    for name in run.unfinished:
        note(f"{os.path.join(run.directory, name)}: the run did not end; drawing the rows that are there")
    for text in run.notes + run.remarks:
        note(text)


def work():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", nargs="+", metavar="RUN_DIR", help="directory of a run, with epochs.csv in it")
    parser.add_argument("--out", metavar="DIR", help="where to write (default: charts/ inside the run's directory)")
    parser.add_argument("--keras", metavar="FILE", action="append", default=[],
                        help="add a Keras run to the learning curves: a CSVLogger file, or History.history as JSON")
    parser.add_argument("--mixed-machines", action="store_true",
                        help="compare runs from different machines (env_id) anyway; the charts then say so")
    arguments = parser.parse_args()
    swept = [directory for directory in arguments.run_dir if sweep.is_sweep(directory)]
    if swept and (len(arguments.run_dir) > 1 or arguments.keras):
        raise DataError(f"{swept[0]}: is a sweep, which is drawn alone: give its directory and at most --out; its "
                        "points are the directories of runs")
    if swept:
        print_paths(draw_sweep(swept[0], arguments.out))
        return 0
    overlays = [keras.read_keras(path) for path in arguments.keras]
    runs = lanebench_run.load_runs(arguments.run_dir, arguments.mixed_machines)
    for run in lanebench_run.with_peers(runs):
        if not run.timed():
            raise DataError(f"{run.directory}: no backend finished an epoch")
    paths = draw_runs(runs, arguments.out, overlays)
    for run in lanebench_run.with_peers(runs):
        note_all(run)
    print_paths(paths)
    return 0


def main():
    return run_program("plot.py", work)


if __name__ == "__main__":
    sys.exit(main())
