#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the charts of one or more runs from the files in their folders.

Each chart is written as PNG and SVG to RUN_DIR/charts. With several folders, each gets its own charts, and a set
that compares them (compare-*.png) goes to the first one's, or to --out.

Exit codes: 0 drawn; 2 usage; 6 a folder or file is missing or malformed; 99 no matplotlib, or nothing can be written.
"""

import argparse
import os
import sys

EXIT_DATA, EXIT_INTERNAL = 6, 99

try:
    from plotlib import history, parts, runs, style, times
except ImportError as missing:
    if not (missing.name or "").startswith(("matplotlib", "numpy")):
        raise
    print(f"plot.py: {sys.executable} has no {missing.name}: apt install python3-matplotlib, and call this script "
          "with a python3 that sees it (/usr/bin/python3)", file=sys.stderr)
    sys.exit(EXIT_INTERNAL)


def draw(selected, folder, prefix=""):
    """All charts that the data allow. Returns the paths."""
    charts = (
        ("loss", lambda: history.draw_history(selected, "loss", "Training and validation loss")),
        ("accuracy", lambda: history.draw_history(selected, "accuracy", "Training and validation accuracy")),
        ("epoch-time", lambda: times.draw_times(selected)),
        ("op-speed", lambda: parts.draw_op_speeds(selected)),
        ("breakdown", lambda: parts.draw_breakdown(selected)),
    )
    paths = []
    for name, make in charts:
        figure = make()
        if figure is None:
            runs.note(f"{prefix}{name}: not drawn, its columns are not measured in this run")
            continue
        paths += style.save(figure, folder, prefix + name)
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", nargs="+", metavar="RUN_DIR", help="folder of a run, with epochs.csv in it")
    parser.add_argument("--out", metavar="DIR", help="where to write (default: charts/ inside the run's folder)")
    arguments = parser.parse_args()
    try:
        selected = runs.read_runs(arguments.run_dir)
        paths = []
        if len(selected) == 1:
            paths += draw(selected, arguments.out or os.path.join(selected[0].folder, "charts"))
        else:
            paths += draw(selected, arguments.out or os.path.join(selected[0].folder, "charts"), "compare-")
            for run in selected:
                run.tag = ""
                paths += draw([run], os.path.join(run.folder, "charts"))
    except runs.DataError as error:
        print(f"plot.py: {error}", file=sys.stderr)
        return EXIT_DATA
    except OSError as error:
        print(f"plot.py: {error}", file=sys.stderr)
        return EXIT_INTERNAL
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
