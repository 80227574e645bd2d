#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the chart, the table, the console output and the verdict shown in the README from the files of a run, so that no
figure there is typed by hand. console.txt in the run's directory is what `bench run` printed to stdout; ab/console.txt is what
`bench ab` printed, and its files lie beside it.
Peers (RUN_DIR/peers/*, runs of scripts/peer_torch.py) get a row each, and a sentence with the ratio of the paired rounds.

update_readme.py [--check] [--readme FILE] [RUN_DIR]   (default: the run that the README shows, of results/reference/)

--check changes nothing and exits with 1 when the README does not show what the files say.
Exit codes: 0 ok; 1 --check found a difference; 2 usage; 6 the run or the README's markers are missing or malformed.
"""

import argparse
import itertools
import os
import re
import sys

from lanebench.files import DataError, put
from lanebench.run import NO_SUMMARY, load_runs

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN = "<!-- reference run: written by scripts/update_readme.py -->"
END = "<!-- end of reference run -->"
CONSOLE_BEGIN = "<!-- reference console: written by scripts/update_readme.py -->"
CONSOLE_END = "<!-- end of reference console -->"
VERDICT_BEGIN = "<!-- reference verdict: written by scripts/update_readme.py -->"
VERDICT_END = "<!-- end of reference verdict -->"
HEADER = ("backend", "epoch, median", "fastest – slowest", "GFLOP/s", "vs naive", "vs onednn",
          "validation accuracy", "worst error / bound")


def shown_run(readme, text):
    """The directory of the run in its region."""
    found = re.search(r"\]\(([^)\n]+)/charts/epoch-time\.png\)", text)
    if not found:
        raise DataError(f"{readme}: shows no run; name one")
    return os.path.join(os.path.dirname(os.path.abspath(readme)), found[1])


def times_faster(backend, base):
    """Nothing where it is not established."""
    up = backend.speedup_over(base) if base else None
    return f"{up.factor:.2f}x" if up and not up.reason else ""


def table_row(backend):
    """Speed-ups within the run only: a peer did not take turns with its host's backends."""
    gflops, accuracy, epoch = (backend.figure(name) for name in ("gflops", "val_accuracy", "last_epoch"))
    done = backend.figure("gflops_done") if backend.note else None
    return (f"{backend.name} (peer)" if backend.run.host else backend.titled, f"{backend.seconds:.3f} s",
            f"{backend.figure('fastest_seconds'):.3f} – {backend.figure('slowest_seconds'):.3f} s",
            (f"{gflops:.1f}" if gflops else "") + (f" ({done:.1f} done)" if done else ""),
            *(times_faster(backend, backend.run.find(base)) for base in ("naive", "onednn")),
            "" if accuracy is None else f"{accuracy:.4f} after {epoch:.0f} epoch{'s' if epoch > 1 else ''}",
            "" if backend.worst is None else f"{backend.worst:.2f}")


def setting_of(peer):
    """What the peer says of itself: library and setting."""
    facts = peer.backends[0].facts
    setting = facts.get("setting")
    text = ", ".join(f"{key}={value}" for key, value in setting.items()) if isinstance(setting, dict) else ""
    return f"{facts.get('library') or peer.backends[0].name}" + (f" ({text})" if text else "")


def peer_sentence(peer, directory):
    """The ratios of the rounds in which the peer and bench took turns; without them, that there are none."""
    text = f"Peer: {setting_of(peer)}, run {peer.run_id}: [`{directory}`]({directory})."
    if not peer.paired():
        return text + " It ran separately, so there is no ratio."
    parts = [f"{found['torch_times_longer']:.2f}x the time of {name} (by round {found['least']:.2f} – "
             f"{found['most']:.2f})" for name, found in peer.paired()]
    rounds = max(found["rounds"] for _, found in peer.paired())
    return f"{text} In {rounds} rounds in turn with bench its epoch took {', '.join(parts)}."


def region(run, readme):
    """The lines between the markers."""
    beside = os.path.dirname(os.path.abspath(readme))
    directory = os.path.relpath(run.directory, beside)
    timed = [b for each in (run, *run.peers) for b in each.timed() if b.seconds]
    if not any(b.run is run for b in timed):
        raise DataError(f"{run.directory}: its medians are not known: {NO_SUMMARY}")
    lines = [BEGIN, f"![Time of a training epoch, and speed-up]({directory}/charts/epoch-time.png)", "",
             "| " + " | ".join(HEADER) + " |", "|---" + "|--:" * (len(HEADER) - 1) + "|"]
    lines += ["| " + " | ".join(table_row(backend)) + " |" for backend in timed]
    lines += ["", f"{run.footer().replace('  ·  ', ', ')}. All files and charts: [`{directory}`]({directory})."]
    for peer in run.peers:
        lines += ["", peer_sentence(peer, os.path.relpath(peer.directory, beside))]
    return lines + [END]


def printed(path, command):
    """The lines of a console.txt."""
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; make it by {command} ... | tee {path}") from error


def console_region(run):
    """The table that the run printed, and its notes on backends that leave out products, as a block of code."""
    all_lines = printed(os.path.join(run.directory, "console.txt"), "bench run")
    lines, taken = all_lines[:2 + len(run.backends)], False
    for line in all_lines[len(lines):]:
        if line.startswith(" "):  # goes on from the line before
            lines[-1] += line[1:] * taken
            continue
        taken = any(b.note and line.startswith(f"{b.name}: {b.note}") for b in run.backends)
        lines += [line] * taken
    return [CONSOLE_BEGIN, "```", *lines, "```", CONSOLE_END]


def verdict_region(run):
    """What `bench ab` printed above its table, likewise."""
    lines = printed(os.path.join(run.directory, "ab", "console.txt"), "bench ab")
    return [VERDICT_BEGIN, "```", *itertools.takewhile(bool, lines), "```", VERDICT_END]


def replace_region(text, lines):
    """The lines between the markers that are their first and last."""
    before, begin, rest = text.partition(lines[0])
    _, end, after = rest.partition(lines[-1])
    if not begin or not end:
        raise DataError(f"the README has no region {lines[0]} ... {lines[-1]}")
    return before + "\n".join(lines) + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", nargs="?", metavar="RUN_DIR")
    parser.add_argument("--readme", default=os.path.join(ROOT, "README.md"), metavar="FILE")
    parser.add_argument("--check", action="store_true", help="only say whether the README is up to date")
    arguments = parser.parse_args()
    try:
        with open(arguments.readme, encoding="utf-8") as f:
            old = f.read()
        run = load_runs([arguments.run_dir or shown_run(arguments.readme, old)])[0]
        new = replace_region(old, region(run, arguments.readme))
        if CONSOLE_BEGIN in old:
            new = replace_region(new, console_region(run))
        if VERDICT_BEGIN in old:
            new = replace_region(new, verdict_region(run))
        if arguments.check:
            if new != old:
                print(f"{arguments.readme}: does not show {run.directory}: run scripts/update_readme.py",
                      file=sys.stderr)
                return 1
            return 0
        put(arguments.readme, new)
    except (DataError, OSError) as error:
        print(f"update_readme.py: {error}", file=sys.stderr)
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main())
