# SPDX-License-Identifier: MIT
"""What the tests of the program share: running it, a small data set, and a count of checks."""
import csv
import hashlib
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

SKIP = 77
failures = []
checks = 0


def skip(why):
    """Ends the program as skipped. What may not be possible is a test of its own in meson.build, for what a program left
    out beside checks that passed would be counted as passed."""
    print("skipped:", why)
    sys.exit(SKIP)


def check(condition, what):
    """Counts a check; a failed one is printed at once and decides the exit code."""
    global checks
    checks += 1
    if not condition:
        failures.append(what)
        print("FAILED:", what)


def finish():
    print(f"{checks} checks, {len(failures)} failed")
    sys.exit(1 if failures or checks == 0 else 0)


def clean_environment(**more):
    """The caller's environment less what the program listens to, and without the user's tunings."""
    dropped = ("BENCH_", "BENCHMARK_", "MNIST_DIR", "NO_COLOR", "COLUMNS")
    env = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    env["BENCH_TUNING"] = "off"  # what the user's cache holds is not what is tested
    env.update(more)
    return env


def run(bench, *argv, env=None, timeout=300, **more):
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([bench, *argv], env=clean_environment(**(env or {})), timeout=timeout,
                          stdin=subprocess.DEVNULL, text=True, **more)


def check_refused(result, code, names, what, out=None):
    """The exit code, nothing on stdout, one clean line on stderr that names all of names, and no directory left at out."""
    check(result.returncode == code, f"{what}: exit {result.returncode} instead of {code}: {result.stderr!r}")
    check(result.stdout == "", f"{what}: something on stdout: {result.stdout!r}")
    check(result.stderr.startswith("bench: ") and result.stderr.count("\n") == 1 and result.stderr[:-1].isprintable(),
          f"{what}: not one clean line: {result.stderr!r}")
    for name in names:
        check(name in result.stderr, f"{what}: {name!r} is not named: {result.stderr!r}")
    check(not out or not os.path.exists(out), f"{what}: leaves {out}")


def make_data(directory, train=640, test=80):
    """A data set in MNIST's format that a small network can learn: a bar per digit on noise."""
    os.makedirs(directory, exist_ok=True)
    r = random.Random(1)
    for name, count in (("train", train), ("t10k", test)):
        labels = bytes(r.randrange(10) for _ in range(count))
        pixels = bytearray(784 * count)
        for i, label in enumerate(labels):
            for _ in range(100):
                pixels[784 * i + r.randrange(784)] = r.randrange(1, 256)
            pixels[784 * i + 56 * label:784 * i + 56 * label + 50] = b"\xff" * 50
        with open(os.path.join(directory, f"{name}-images-idx3-ubyte"), "wb") as f:
            f.write(struct.pack(">IIII", 2051, count, 28, 28) + pixels)
        with open(os.path.join(directory, f"{name}-labels-idx1-ubyte"), "wb") as f:
            f.write(struct.pack(">II", 2049, count) + labels)
    return directory


def is_address_sanitized(bench):
    """Such a program reserves terabytes of address space, and cannot start under a limit of it."""
    with open(bench, "rb") as f:
        return b"__asan_init" in f.read()


def uses_libomp(bench):
    """clang's OpenMP instead of gcc's."""
    with open(bench, "rb") as f:
        return b"__kmpc_fork_call" in f.read()


def scratch():
    return tempfile.TemporaryDirectory(prefix="lanebench-test-")


def as_text(digits):
    """An id that reads as a number has a letter before it."""
    return "x" + digits if digits.isdecimal() or re.fullmatch(r"\d+[ed]\d+", digits) else digits


def provenance_of(directory, path):
    """What git_commit and binary_sha256 of a row must be, in a run of this program, for code in the file `path`."""
    with open(os.path.join(directory, "machine.json"), encoding="utf-8") as f:
        build = json.load(f)["build"]
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    commit = "" if build["commit"] == "unknown" else as_text(build["commit"][:12]) + ("+changes" if build["dirty"] else "")
    return commit, as_text(digest[:12])


def names_code(row):
    """A row says which binary it is of, unless it is a sweep's, of a point without an epoch."""
    return row.get("binary_sha256") or row.get("b_binary_sha256") or ("point" in row and row["epochs"] == "0")


def whole_rows(path):
    """The rows of a CSV file as dictionaries; a half or ragged row, or one that names no binary, is a failed check."""
    with open(path, newline="", encoding="utf-8") as f:
        text = f.read()
    check(text.endswith("\r\n"), f"{path}: does not end with a whole row: {text[-80:]!r}")
    rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    check(all(len(row) == len(rows[0]) for row in rows), f"{path}: rows of different widths")
    named = [dict(zip(rows[0], row)) for row in rows[1:]]
    check(all(names_code(row) for row in named), f"{path}: rows that do not say of which code")
    return named


def ready_backends(bench, *argv):
    listing = json.loads(run(bench, "list", "--json", *argv).stdout)
    return [b["name"] for b in listing["backends"] if b["status"] == "ready"]
