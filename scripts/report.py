#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes one self-contained HTML page about one or more runs, or about a sweep, from the files in their directories.

The page needs no network and no server: charts are inline SVG, style and script are inside. It goes to
RUN_DIR/report.html of the first run, or to -o FILE. Several runs are compared; runs from different machines are refused
unless --mixed-machines is given, and the page then says so. A sweep is given alone.

Exit codes: 0 written; 2 usage; 6 a directory or file is missing or malformed, or runs are from different machines; 99 the
page cannot be written.
"""

import argparse
import os
import sys

EXIT_USAGE, EXIT_INTERNAL = 2, 99

if sys.version_info < (3, 9):
    print(f"report: {sys.executable} is Python {sys.version.split()[0]}; 3.9 or later is needed", file=sys.stderr)
    sys.exit(EXIT_INTERNAL)

from lanebench import run as lanebench_run, sweep  # noqa: E402  (after the check of the version)
from lanebench.files import print_paths, run_program  # noqa: E402
from lanebench.keras import read_keras  # noqa: E402
from page import document, integrity, sweep_document  # noqa: E402

BASES = ("naive", "onednn")


class UsageError(Exception):
    """A request that cannot be met with these runs. One line."""


def share(text):
    number = float(text)
    if not 0 < number <= 1:
        raise ValueError
    return number


def parse(arguments):
    parser = argparse.ArgumentParser(prog="report", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", nargs="+", metavar="RUN_DIR", help="directory of a run or a sweep")
    parser.add_argument("-o", "--out", metavar="FILE", help="the page (default: report.html in the first directory)")
    parser.add_argument("--against", metavar="BACKEND", action="append",
                        help="speed-ups against this backend (default: naive and onednn, where they ran); repeatable")
    parser.add_argument("--keras", metavar="FILE", action="append", default=[],
                        help="add a Keras run to the learning curves: a CSVLogger file, or History.history as JSON; "
                             "repeatable")
    parser.add_argument("--target-accuracy", metavar="X", type=share,
                        help="validation accuracy to show the time to (default: that of the run, else 0.98)")
    parser.add_argument("--mixed-machines", action="store_true", help="compare runs from different machines anyway")
    return parser.parse_args(arguments)


def choose_bases(runs, wanted):
    """Backends that speed-ups are taken against: the requested ones, else the usual ones, else the slowest."""
    timed = list(dict.fromkeys(b.name for b in lanebench_run.timed(runs)))
    for name in wanted or ():
        if name not in timed:
            raise UsageError(f"--against {name}: no timed backend of that name, only {', '.join(timed) or 'none'}")
    bases = list(dict.fromkeys(wanted or [b for b in BASES if b in timed]))
    believed = [b for b in lanebench_run.timed(runs) if b.seconds and integrity.is_believed(b)]
    if not bases and len(timed) > 1 and believed:
        bases = [max(believed, key=lambda b: b.seconds).name]
    return bases


def write(path, text):
    """Whole, or not at all."""
    with open(path + ".partial", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".partial", path)


def report_sweep(directory, arguments):
    flags = (arguments.against, arguments.keras, arguments.target_accuracy, arguments.mixed_machines)
    if len(arguments.run_dir) > 1 or any(flags):
        raise UsageError(f"{directory}: is a sweep, which is given alone and with -o at most; its points are runs")
    out = arguments.out or os.path.join(directory, "report.html")
    write(out, sweep_document.build(sweep.Sweep(directory), out))
    print_paths([out])
    return 0


def work():
    arguments = parse(sys.argv[1:])
    try:
        swept = next(filter(sweep.is_sweep, arguments.run_dir), None)
        if swept:
            return report_sweep(swept, arguments)
        runs = lanebench_run.with_peers(lanebench_run.load_runs(arguments.run_dir, arguments.mixed_machines))
        keras = [read_keras(path) for path in arguments.keras]
        bases = choose_bases(runs, arguments.against)
    except UsageError as error:
        print(f"report: {error}", file=sys.stderr)
        return EXIT_USAGE
    out = arguments.out or os.path.join(runs[0].directory, "report.html")
    options = document.Options(bases, (arguments.against or ["naive"])[0], keras, arguments.target_accuracy)
    write(out, document.build(runs, options, out))
    print_paths([out])
    return 0


def main():
    return run_program("report", work)


if __name__ == "__main__":
    sys.exit(main())
