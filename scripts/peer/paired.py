# SPDX-License-Identifier: MIT
"""Turns of bench between turns of torch: both see the same minutes of the machine."""

import csv
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys

from . import EXIT_DATA, EXIT_USAGE, PeerError
from .summary import paired_of

# What both sides must agree on is given to peer_torch.py, which hands it on.
HANDED_ON = ("--data", "--out", "--seed", "--batch", "--hidden", "--lr", "--threads")


def parse_command(text):
    """The bench command as a list."""
    try:
        argv = shlex.split(text)
    except ValueError as error:
        raise PeerError(EXIT_USAGE, f"--paired: {error}") from None
    if not argv or not shutil.which(argv[0]):
        raise PeerError(EXIT_USAGE, f"--paired: {argv[0] if argv else 'empty'}: no such program; name the built "
                                    "bench, such as 'build/bench --backend avx512 --epochs 4'")
    for argument in argv[1:]:
        if argument.partition("=")[0] in HANDED_ON:
            raise PeerError(EXIT_USAGE, f"--paired: {argument}: give it to peer_torch.py, which hands it on to bench")
    return argv


def shares(epochs, rounds):
    """Epochs of each turn: as equal as can be, the first ones longer."""
    return [epochs // rounds + (turn < epochs % rounds) for turn in range(rounds)]


def torch_first(turn):
    """Which one begins changes every round, so that neither the order nor a machine that slows down favours one."""
    return turn % 2 == 1


class Bench:
    """The bench command with what both sides share. run() is interruptible: bench ends by itself on an interrupt, with
    its complete rows on disk."""

    def __init__(self, argv, arguments, data):
        shared = {"--data": data, "--seed": arguments.seed, "--batch": arguments.batch, "--hidden": arguments.hidden,
                  "--lr": arguments.lr, "--threads": arguments.threads}
        self.argv = argv + [str(word) for pair in shared.items() for word in pair] + ["--quiet"]

    def run(self, directory):
        """One run into that directory. Returns seconds of its epochs by backend, in order."""
        process = subprocess.Popen(self.argv + ["--out", directory], stdin=subprocess.DEVNULL, stdout=sys.stderr)
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code:
            raise PeerError(code if code > 0 else 1, f"bench ended with {code}; its files are in {directory}")
        return read_epochs(os.path.join(directory, "epochs.csv"))


def read_env_id(directory):
    """bench's name for this machine; None when it gives none."""
    try:
        with open(os.path.join(directory, "machine.json"), encoding="utf-8") as f:
            return json.load(f).get("env_id")
    except (OSError, ValueError, AttributeError):
        return None


def read_provenances(directory):
    """The code that bench's rows come from, by backend."""
    with open(os.path.join(directory, "epochs.csv"), newline="", encoding="utf-8") as f:
        return {row["backend"]: {name: row.get(name) or None for name in ("git_commit", "binary_sha256")}
                for row in csv.DictReader(f)}


def read_epochs(path):
    by_backend = {}
    try:
        with open(path, newline="", encoding="utf-8") as f:
            for row in csv.DictReader(f):
                by_backend.setdefault(row["backend"], []).append((int(row["epoch"]), float(row["train_seconds"])))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise PeerError(EXIT_DATA, f"{path}: cannot be used: {error}") from None
    if not by_backend:
        raise PeerError(EXIT_DATA, f"{path}: no rows")
    return {name: [seconds for _, seconds in sorted(rows)] for name, rows in by_backend.items()}


def median_after_first(seconds):
    """Of a turn: its first epoch warms up, on either side, and counts only when it is the only one."""
    return statistics.median(seconds[1:] or seconds)


def rows_of_round(turn, name_of_torch, torch_seconds, bench_seconds, threads):
    """Rows of paired.csv: torch's and each of bench's backends'."""
    first = torch_first(turn)
    base = median_after_first(torch_seconds)
    yield {"round": turn + 1, "position": 1 if first else 2, "contender": name_of_torch, "threads": threads["torch"],
           "epochs": len(torch_seconds), "median_seconds": base, "torch_times_longer": None}
    for name, seconds in bench_seconds.items():
        median = median_after_first(seconds)
        yield {"round": turn + 1, "position": 2 if first else 1, "contender": name, "threads": threads["bench"],
               "epochs": len(seconds), "median_seconds": median, "torch_times_longer": base / median}


def summary(rows):
    """Lines for people: medians over the rounds, and the range of the ratio."""
    by_name = {}
    for row in rows:
        by_name.setdefault(row["contender"], []).append(row)
    lines = [f"{'':<12} {'epoch, median':>13}   torch takes"]
    ratios = {found["contender"]: found for found in paired_of(rows)}
    for name, of_one in by_name.items():
        seconds = statistics.median(row["median_seconds"] for row in of_one)
        text = f"{name:<12} {seconds:>11.4g} s"
        if name in ratios:
            text += "   {torch_times_longer:.2f}x the time ({least:.2f} - {most:.2f} in {rounds} rounds)".format(
                **ratios[name])
        lines.append(text)
    return lines
