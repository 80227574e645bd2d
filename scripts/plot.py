#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the charts of one or more runs from the files in their folders.

Each chart is written as PNG and SVG to RUN_DIR/charts. With several folders, each gets its own charts, and a set
that compares them (compare-*.png) goes to the first one's, or to --out. The folder of a sweep, given alone, gets
charts of how its points scale.

Exit codes: 0 drawn; 2 usage; 6 a folder or file is missing or malformed; 99 no matplotlib, or nothing can be written.
"""

import argparse
import os
import sys

from plotlib.files import EXIT_INTERNAL, DataError, print_paths, run_program

try:
    from plotlib import history, keras, parts, roofline, runs, scaling, style, sweeps, times
except ImportError as missing:
    if not (missing.name or "").startswith(("matplotlib", "numpy")):
        raise
    print(f"plot.py: {sys.executable} has no {missing.name}: apt install python3-matplotlib, and call this script "
          "with a python3 that sees it (/usr/bin/python3)", file=sys.stderr)
    sys.exit(EXIT_INTERNAL)


def draw(selected, folder, prefix="", overlays=()):
    """All charts that the data allow. Returns the paths. overlays: Keras runs for the learning curves."""
    charts = (
        ("loss", lambda: history.draw_history(selected, "loss", "Training and validation loss", overlays)),
        ("accuracy", lambda: history.draw_history(selected, "accuracy", "Training and validation accuracy", overlays)),
        ("epoch-time", lambda: times.draw_times(selected)),
        ("op-speed", lambda: parts.draw_op_speeds(selected)),
        ("breakdown", lambda: parts.draw_breakdown(selected)),
    )
    if any(roofline.is_measured(run) for run in selected):
        charts += (("roofline", lambda: roofline.draw_roofline(selected)),)
    return save_all(charts, folder, prefix)


def draw_sweep(folder, out):
    sweep = sweeps.Sweep(folder)
    paths = save_all(scaling.charts(sweep), out or os.path.join(folder, "charts"))
    if not paths:
        raise DataError(f"{folder}: fewer than two points of any list were timed: there is nothing to compare")
    return paths


def save_all(charts, folder, prefix=""):
    paths = []
    for name, make in charts:
        figure = make()
        if figure is None:
            runs.note(f"{prefix}{name}: not drawn, its columns are not measured in this run")
            continue
        paths += style.save(figure, folder, prefix + name)
    return paths


def work():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", nargs="+", metavar="RUN_DIR", help="folder of a run, with epochs.csv in it")
    parser.add_argument("--out", metavar="DIR", help="where to write (default: charts/ inside the run's folder)")
    parser.add_argument("--keras", metavar="FILE", action="append", default=[],
                        help="lay a Keras run over the learning curves: a CSVLogger file, or History.history as JSON")
    parser.add_argument("--mixed-machines", action="store_true",
                        help="compare runs of different machines (env_id) all the same; the charts then say so")
    arguments = parser.parse_args()
    swept = [folder for folder in arguments.run_dir if sweeps.is_sweep(folder)]
    if swept and (len(arguments.run_dir) > 1 or arguments.keras):
        raise DataError(f"{swept[0]}: is a sweep, which is drawn alone: give its folder and at most --out; its "
                        "points are the folders of runs")
    if swept:
        print_paths(draw_sweep(swept[0], arguments.out))
        return 0
    overlays = [keras.read_keras(path) for path in arguments.keras]
    selected = runs.read_runs(arguments.run_dir)
    runs.check_machines(selected, arguments.mixed_machines)
    paths = []
    if len(selected) == 1:
        paths += draw(selected, arguments.out or os.path.join(selected[0].folder, "charts"), overlays=overlays)
    else:
        paths += draw(selected, arguments.out or os.path.join(selected[0].folder, "charts"), "compare-", overlays)
        for run in selected:
            runs.set_tag(run, "")
            run.mixed = False
            paths += draw([run], os.path.join(run.folder, "charts"), overlays=overlays)
    print_paths(paths)
    return 0


def main():
    return run_program("plot.py", work)


if __name__ == "__main__":
    sys.exit(main())
