#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the chart, the table and the console output shown in the README from the files of a run, so that no figure
there is typed by hand. console.txt in the run's folder is what `bench run` printed to stdout.
Peers (RUN_DIR/peers/*, runs of scripts/peer_torch.py) get a row each, and a sentence with the ratio from paired.csv.

update_readme.py [--check] [--readme FILE] [RUN_DIR]   (default: the committed run, results/reference)

--check changes nothing and exits with 1 when the README does not show what the files say.
Exit codes: 0 ok; 1 --check found a difference; 2 usage; 6 the run or the README's markers are missing or malformed.
"""

import argparse
import math
import os
import statistics
import sys

from plotlib import runs

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN = "<!-- reference run: written by scripts/update_readme.py -->"
END = "<!-- end of reference run -->"
CONSOLE_BEGIN = "<!-- reference console: written by scripts/update_readme.py -->"
CONSOLE_END = "<!-- end of reference console -->"
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
    name = f"{series.backend} (peer)" if series.run.peer else series.backend
    return (name, f"{median:.3f} s", f"{min(seconds):.3f} – {max(seconds):.3f} s",
            f"{gflops:.1f}" if gflops else "", times_faster(medians.get("naive"), median),
            times_faster(medians.get("onednn"), median),
            "" if math.isnan(accuracy) else f"{accuracy:.4f} after {count} epoch{'s' if count > 1 else ''}",
            f"{max(share):.2f}" if share else "")


def peer_table_rows(peer):
    """Without speed-ups: the peer did not take turns with the run's backends."""
    return [table_row(s, {s.backend: s.median("train_seconds")}) for s in peer.series if s.median("train_seconds")]


def setting_of(peer):
    """What the peer says of itself: library and setting."""
    backends = peer.machine.get("backends")
    entry = backends.get(peer.series[0].backend) if isinstance(backends, dict) else None
    if not isinstance(entry, dict):
        return peer.series[0].backend
    setting = entry.get("setting")
    words = ", ".join(f"{key}={value}" for key, value in setting.items()) if isinstance(setting, dict) else ""
    return f"{entry.get('library') or peer.series[0].backend}" + (f" ({words})" if words else "")


def peer_sentence(peer, folder):
    """The ratios of the rounds in which the peer and bench took turns; without them, that there are none."""
    text = f"Peer: {setting_of(peer)}, run {peer.run_id}: [`{folder}`]({folder})."
    path = runs.find_csv(peer.folder, "paired.csv")
    ratios = {}
    for row in runs.read_rows(path, ("contender", "torch_times_longer")) if path else ():
        ratio = runs.number(row, "torch_times_longer", path, row[None])
        if not math.isnan(ratio):
            ratios.setdefault(row["contender"], []).append(ratio)
    if not ratios:
        return text + " It ran apart, so there is no ratio."
    parts = [f"{statistics.median(values):.2f} times as long as {name} (by round {min(values):.2f} – {max(values):.2f})"
             for name, values in ratios.items()]
    rounds = max(len(values) for values in ratios.values())
    return f"{text} In {rounds} rounds in turn with bench its epoch took {', '.join(parts)}."


def region(run, readme):
    """The lines between the markers."""
    timed = [s for s in run.series if s.median("train_seconds")]
    medians = {s.backend: s.median("train_seconds") for s in timed}
    beside = os.path.dirname(os.path.abspath(readme))
    folder = os.path.relpath(run.folder, beside)
    lines = [BEGIN, f"![Time of a training epoch, and speed-up]({folder}/charts/epoch-time.png)", "",
             "| " + " | ".join(HEADER) + " |", "|---" + "|--:" * (len(HEADER) - 1) + "|"]
    lines += ["| " + " | ".join(table_row(s, medians)) + " |" for s in timed]
    lines += ["| " + " | ".join(row) + " |" for peer in run.peers for row in peer_table_rows(peer)]
    lines += ["", f"{run.footer().replace('  ·  ', ', ')}. All files and charts: [`{folder}`]({folder})."]
    for peer in run.peers:
        lines += ["", peer_sentence(peer, os.path.relpath(peer.folder, beside))]
    return lines + [END]


def console_region(run):
    """What the run printed, as a block of code."""
    path = os.path.join(run.folder, "console.txt")
    try:
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
    except OSError as error:
        raise runs.DataError(f"{path}: {error.strerror}; make it by bench run ... | tee {path}") from error
    return [CONSOLE_BEGIN, "```", *lines, "```", CONSOLE_END]


def replace_region(text, lines):
    """The lines between the markers that are their first and last."""
    before, begin, rest = text.partition(lines[0])
    _, end, after = rest.partition(lines[-1])
    if not begin or not end:
        raise runs.DataError(f"the README has no region {lines[0]} ... {lines[-1]}")
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
        if CONSOLE_BEGIN in old:
            new = replace_region(new, console_region(run))
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
